//! The users of the cache, and which of them are in its user group.

use crate::config::User;
use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

/// `Group` begins with all users in it.
pub(crate) struct Group {
    users: Vec<User>,
    out: Mutex<BTreeSet<String>>,
}

impl Group {
    pub(crate) fn new(users: Vec<User>) -> Self {
        Self { users, out: Mutex::default() }
    }

    /// The user of this name, if it is in the group.
    pub(crate) fn member(&self, name: &str) -> Option<&User> {
        let out = self.out.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
        self.users.iter().find(|user| user.name == name && !out)
    }

    /// Takes a user out or back in. Whether there is such a user.
    pub(crate) fn set(&self, name: &str, member: bool) -> bool {
        let known = self.users.iter().any(|user| user.name == name);
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        if member {
            out.remove(name);
        } else if known {
            out.insert(name.to_owned());
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_leave_and_come_back() {
        let group = Group::new(vec![User::from("app"), User::from("other")]);
        assert!(group.member("app").is_some() && group.member("nobody").is_none());
        assert!(group.set("app", false) && !group.set("nobody", false));
        assert!(group.member("app").is_none() && group.member("other").is_some());
        assert!(group.set("app", true) && group.set("app", true));
        assert!(group.member("app").is_some());
    }
}
