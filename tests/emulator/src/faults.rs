//! Faults on command: what the services do on bad days, set in-process or over the [control API](crate::control).

mod conditions;

pub(crate) use conditions::{Conditions, Outage};

use crate::Error;
use crate::clock;
use crate::gate::Gate;
use crate::policy::Policy;
use crate::record::Closed;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// `Refuse` says which logins get WRONGPASS although their token is good.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Refuse {
    /// How many; `None` until cleared.
    pub count: Option<u64>,
    /// Only this token, by its SHA-256 in hex.
    pub token_sha256: Option<String>,
    /// Only the token that was accepted last, by whichever connection; wins over `token_sha256`.
    pub current: bool,
}

/// `Faults` breaks things in a running emulator. Clones act on the same one.
#[derive(Clone)]
pub struct Faults {
    gate: Arc<Gate>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}

impl Faults {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }

    /// Refuses logins with WRONGPASS.
    ///
    /// # Errors
    /// `current` before any login was accepted.
    pub fn refuse(&self, refuse: Refuse) -> Result<(), Error> {
        let token = if refuse.current {
            let problem = "no login was accepted yet";
            Some(self.gate.ledger.last_accepted().ok_or(Error::Fault { field: "current", problem })?)
        } else {
            refuse.token_sha256.map(|hash| hash.to_lowercase())
        };
        self.gate.conditions.refuse(refuse.count, token);
        Ok(())
    }

    /// Closes a connection, or all, without a word. Returns how many there were.
    pub fn kill(&self, connection: Option<u64>) -> usize {
        let sessions = self.gate.ledger.sessions(connection);
        sessions.iter().for_each(|session| session.end(Closed::Killed));
        sessions.len()
    }

    /// Forgets the login of a connection, or of all: NOAUTH until the next good AUTH. Returns how many there were.
    pub fn forget(&self, connection: Option<u64>) -> usize {
        let mut sessions = self.gate.ledger.sessions(connection);
        sessions.retain(|session| session.has_logged_in());
        sessions.iter().for_each(|session| session.forget());
        sessions.len()
    }

    /// Takes a user out of the cache's user group, which cuts its connections, or puts it back. Returns how many
    /// connections were cut.
    ///
    /// # Errors
    /// A user that is not of this cache.
    pub fn user(&self, name: &str, member: bool) -> Result<usize, Error> {
        let name = name.to_lowercase();
        if !self.gate.group.set(&name, member) {
            return Err(Error::Fault { field: "user", problem: "is no user of this cache" });
        }
        if member {
            return Ok(0);
        }
        let mut sessions = self.gate.ledger.sessions(None);
        sessions.retain(|session| session.user().is_some_and(|user| user == name));
        sessions.iter().for_each(|session| session.end(Closed::UserRemoved));
        Ok(sessions.len())
    }

    /// Puts other [policies](Policy) in force; `None` allows everything. No connection is cut by it: only later
    /// logins meet them.
    pub fn policies(&self, policies: Option<Vec<Policy>>) {
        self.gate.policies.replace(policies);
    }

    /// Holds all replies back for `time`.
    pub fn stall(&self, time: Duration) {
        self.gate.conditions.stall(clock::after(time));
    }

    /// New connections get `ERR service is not available` for their login; `None` until cleared.
    pub fn unavailable(&self, time: Option<Duration>) {
        self.gate.conditions.unavailable(time);
    }

    /// A re-AUTH gets `ERR Exceeded limit of IAM Authentication requests`, a first login `ERR service is not
    /// available`; `None` until cleared.
    pub fn throttle(&self, time: Option<Duration>) {
        self.gate.conditions.throttle(time);
    }

    /// A re-AUTH gets `ERR IAM Authentication service is not available`, a first login `ERR service is not
    /// available`; `None` until cleared.
    pub fn iam_outage(&self, time: Option<Duration>) {
        self.gate.conditions.iam_outage(time);
    }

    /// New TCP connections are closed at once; those that are open stay.
    pub fn close_listener(&self) {
        self.gate.conditions.listen(false);
    }

    /// New TCP connections are taken again.
    pub fn open_listener(&self) {
        self.gate.conditions.listen(true);
    }

    /// Kills the backend and starts it anew, empty; all connections drop.
    ///
    /// # Errors
    /// A backend that the emulator did not start, or that does not come up.
    pub async fn restart_backend(&self) -> Result<(), Error> {
        let before = self.gate.ledger.sessions(None);
        self.gate.backend.restart().await?;
        // Those that were logged in have seen their backend go; the others would find out at their login.
        before.iter().for_each(|session| session.end(Closed::Backend));
        Ok(())
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.gate.conditions.clear();
    }
}
