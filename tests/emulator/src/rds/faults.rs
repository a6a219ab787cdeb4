//! Faults on command, set in-process or over the [control API](crate::control).

use super::gate::Gate;
use super::record::End;
use crate::clock;
use crate::{Error, Policy, Refuse};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// `Faults` breaks things in a running front. Clones act on the same one.
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
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self { gate }
    }

    /// Refuses tokens that are good.
    ///
    /// # Errors
    /// `current` before any token was accepted.
    pub fn refuse(&self, refuse: Refuse) -> Result<(), Error> {
        let token = if refuse.current {
            let problem = "no token was accepted yet";
            Some(self.gate.ledger.last_accepted().ok_or(Error::Fault { field: "current", problem })?)
        } else {
            refuse.token_sha256.map(|hash| hash.to_lowercase())
        };
        self.gate.conditions.refuse(refuse.count, token);
        Ok(())
    }

    /// Breaks off a connection, or all, without a word. Returns how many there were.
    pub fn kill(&self, connection: Option<u64>) -> usize {
        let sessions = self.gate.ledger.sessions(connection);
        sessions.iter().for_each(|session| session.end(End::Killed));
        sessions.len()
    }

    /// Breaks off as many logins, each after its token was sent and before any answer.
    pub fn cut(&self, count: u64) {
        self.gate.cuts.store(count, Relaxed);
    }

    /// Holds back what the server says, for this long from now on.
    pub fn stall(&self, time: Duration) {
        self.gate.conditions.stall(clock::after(time));
    }

    /// Logins with a token are throttled; `None` until cleared.
    pub fn throttle(&self, time: Option<Duration>) {
        self.gate.conditions.throttle(time);
    }

    /// Logins with a token meet an internal error of IAM; `None` until cleared.
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

    /// Stops the server as in an emergency and starts it anew: all sessions drop, the data stays.
    ///
    /// # Errors
    /// A server that does not come up.
    pub async fn restart_backend(&self) -> Result<(), Error> {
        self.gate.server.restart().await
    }

    /// Puts other [policies](Policy) in force; `None` allows everything. They outlast [`clear`](Self::clear).
    pub fn policies(&self, policies: Option<Vec<Policy>>) {
        self.gate.policies.replace(policies);
    }

    /// Ends all faults.
    pub fn clear(&self) {
        self.gate.clear();
    }
}
