//! Faults on command: what the services do on bad days, set in-process or over the [control API](crate::control).

mod conditions;
mod nodes;

pub(crate) use conditions::{Conditions, Outage};

use crate::Error;
use crate::cache::Cache;
use crate::clock;
use crate::gate::Gate;
use crate::policy::Policy;
use crate::record::Closed;
use serde::Deserialize;
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

/// `Certificate` is what a TLS server presents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certificate {
    /// The right one.
    #[default]
    Good,
    /// One whose time is over.
    Expired,
    /// One for `other.example.com`.
    OtherName,
}

/// `Faults` breaks things in a running emulator: at all nodes, or at [one](Faults::on). Clones act on the same.
#[derive(Clone)]
pub struct Faults {
    cache: Arc<Cache>,
    /// The node, or all.
    node: Option<usize>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}

impl Faults {
    pub(crate) fn new(cache: Arc<Cache>) -> Self {
        Self { cache, node: None }
    }

    /// The same for one node, counted from 0.
    ///
    /// # Errors
    /// A number that no node has.
    pub fn on(&self, node: usize) -> Result<Self, Error> {
        if node < self.cache.gates.len() {
            Ok(Self { node: Some(node), ..self.clone() })
        } else {
            Err(Error::Fault { field: "node", problem: "there is no such node" })
        }
    }

    /// The nodes that are meant.
    fn gates(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.cache.gates.iter().filter(|gate| self.node.is_none_or(|node| node == gate.node))
    }

    fn conditions(&self) -> &Conditions {
        let gate = self.node.and_then(|node| self.cache.gates.get(node));
        gate.map_or(&self.cache.everywhere, |gate| &gate.conditions)
    }

    /// Refuses logins with WRONGPASS.
    ///
    /// # Errors
    /// `current` before any login was accepted.
    pub fn refuse(&self, refuse: Refuse) -> Result<(), Error> {
        let token = if refuse.current {
            let problem = "no login was accepted yet";
            Some(self.cache.ledger.last_accepted().ok_or(Error::Fault { field: "current", problem })?)
        } else {
            refuse.token_sha256.map(|hash| hash.to_lowercase())
        };
        self.conditions().refuse(refuse.count, token);
        Ok(())
    }

    /// Closes a connection, or all, without a word. Returns how many there were.
    pub fn kill(&self, connection: Option<u64>) -> usize {
        let sessions = self.cache.ledger.sessions(self.node, connection);
        sessions.iter().for_each(|session| session.end(Closed::Killed));
        sessions.len()
    }

    /// Forgets the login of a connection, or of all: NOAUTH until the next good AUTH; where a transaction has begun, from
    /// its end on. Returns how many there were.
    pub fn forget(&self, connection: Option<u64>) -> usize {
        let mut sessions = self.cache.ledger.sessions(self.node, connection);
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
        if !self.cache.group.set(&name, member) {
            return Err(Error::Fault { field: "user", problem: "is no user of this cache" });
        }
        if member {
            return Ok(0);
        }
        let mut sessions = self.cache.ledger.sessions(None, None);
        sessions.retain(|session| session.user().is_some_and(|user| user == name));
        sessions.iter().for_each(|session| session.end(Closed::UserRemoved));
        Ok(sessions.len())
    }

    /// Puts other [policies](Policy) in force; `None` allows everything. No connection is cut by it: only later
    /// logins meet them.
    pub fn policies(&self, policies: Option<Vec<Policy>>) {
        self.cache.policies.replace(policies);
    }

    /// Holds all replies back for `time`.
    pub fn stall(&self, time: Duration) {
        self.conditions().stall(clock::after(time));
    }

    /// New connections get `ERR service is not available` for their login; `None` until cleared.
    pub fn unavailable(&self, time: Option<Duration>) {
        self.conditions().unavailable(time);
    }

    /// A re-AUTH gets `ERR Exceeded limit of IAM Authentication requests`, a first login `ERR service is not
    /// available`; `None` until cleared.
    pub fn throttle(&self, time: Option<Duration>) {
        self.conditions().throttle(time);
    }

    /// A re-AUTH gets `ERR IAM Authentication service is not available`, a first login `ERR service is not
    /// available`; `None` until cleared.
    pub fn iam_outage(&self, time: Option<Duration>) {
        self.conditions().iam_outage(time);
    }

    /// New TCP connections are closed at once; those that are open stay.
    pub fn close_listener(&self) {
        self.conditions().listen(false);
    }

    /// New TCP connections are taken again.
    pub fn open_listener(&self) {
        self.conditions().listen(true);
    }

    /// The next `count` replies that are longer than `after_bytes` are cut there, and their connections break.
    ///
    /// Counted are the bytes of a reply with the pushes before it; what the emulator says itself is not cut.
    pub fn cut(&self, after_bytes: u64, count: u64) {
        self.conditions().cut_replies(after_bytes, count);
    }

    /// TLS handshakes from now on get this certificate, by the same authority; open connections stay.
    pub fn certificate(&self, certificate: Certificate) {
        self.conditions().present(certificate);
    }

    /// The judging clock is wrong by this many seconds from now on, ahead where they are positive; 0 ends it. It is
    /// one clock for all nodes.
    pub fn clock_skew(&self, seconds: i64) {
        self.cache.clock.skew(seconds);
    }

    /// Kills the server and starts it anew, empty; all connections drop.
    ///
    /// # Errors
    /// A backend that the emulator did not start, or that does not come up.
    pub async fn restart_backend(&self) -> Result<(), Error> {
        for gate in self.gates() {
            let before = self.cache.ledger.sessions(Some(gate.node), None);
            gate.backend.restart().await?;
            // Those that were logged in have seen their backend go; the others would find out at their login.
            before.iter().for_each(|session| session.end(Closed::Backend));
        }
        Ok(())
    }

    /// Ends all faults; of one node, its own. A node that is down stays down, and a reshard or failover stands.
    pub fn clear(&self) {
        self.gates().for_each(|gate| gate.conditions.clear());
        if self.node.is_none() {
            self.cache.everywhere.clear();
            self.cache.clock.skew(0);
        }
    }
}
