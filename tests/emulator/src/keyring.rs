//! The access keys whose signatures count: those of the configuration, and those that credential endpoints hand out.

use crate::config::AccessKey;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

/// `Keyring` is shared by everything that judges tokens and everything that hands out keys. A clone is the same ring.
#[derive(Clone, Debug, Default)]
pub struct Keyring(Arc<RwLock<Vec<AccessKey>>>);

impl Keyring {
    /// Takes a key in; one of the same id is replaced.
    pub fn add(&self, key: AccessKey) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|known| known.id != key.id);
        keys.push(key);
    }

    /// The key of this id, whether it has expired or not.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<AccessKey> {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.iter().find(|key| key.id == id).cloned()
    }

    /// Makes a key invalid from now on, as when its role is taken away. Whether it was there.
    pub fn revoke(&self, id: &str) -> bool {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let before = keys.len();
        keys.retain(|key| key.id != id);
        keys.len() != before
    }

    /// Forgets the keys that expired before `time`: tokens of theirs are refused as those of an unknown key.
    pub fn forget_expired(&self, time: SystemTime) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        keys.retain(|key| key.expires.is_none_or(|expires| expires >= time));
    }
}

impl FromIterator<AccessKey> for Keyring {
    fn from_iter<I: IntoIterator<Item = AccessKey>>(keys: I) -> Self {
        let ring = Self::default();
        keys.into_iter().for_each(|key| ring.add(key));
        ring
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn key(id: &str, expires: Option<u64>) -> AccessKey {
        let expires = expires.map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
        AccessKey { id: id.into(), secret: "secret".into(), expires, ..AccessKey::default() }
    }

    #[test]
    fn a_clone_sees_what_the_other_takes_in_and_out() {
        let ring: Keyring = [key("AKIDEXAMPLE", None)].into_iter().collect();
        let other = ring.clone();
        other.add(key("ASIDEXAMPLE", Some(10)));
        assert_eq!(ring.find("ASIDEXAMPLE"), Some(key("ASIDEXAMPLE", Some(10))));
        assert!(ring.revoke("AKIDEXAMPLE"));
        assert!(!other.revoke("AKIDEXAMPLE"));
        other.forget_expired(UNIX_EPOCH + Duration::from_secs(10));
        assert!(ring.find("ASIDEXAMPLE").is_some(), "expires at this moment, not before it");
        other.forget_expired(UNIX_EPOCH + Duration::from_secs(11));
        assert_eq!(ring.find("ASIDEXAMPLE"), None);
    }
}
