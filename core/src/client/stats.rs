//! What a client did, counted, and what its connections are.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use keyrotor_proto::IdentityState;

use super::connection::{Connection, Role};
use super::session::Session;

/// What a client did so far, and the connections it has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStats {
    /// Commands, batches counting one for each of theirs.
    pub commands: u64,
    /// Commands that ended in an error that was not the server's answer to them.
    pub failures: u64,
    /// Logins on a live connection.
    pub reauths: u64,
    /// Connections made in place of others.
    pub reconnects: u64,
    /// Commands that wait for a reply.
    pub in_flight: u64,
    /// The connections that are open.
    pub connections: Vec<ConnectionStats>,
}

/// One open connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionStats {
    /// Host and port.
    pub address: String,
    /// Who uses it.
    pub role: ConnectionRole,
    /// How long it has been open.
    pub age: Duration,
    /// How long the server will honour its login. `None`: for as long as the connection lasts.
    pub lease_left: Option<Duration>,
    /// Logins after the first.
    pub reauths: u64,
    /// Whether the server said that it is the user who logged in.
    pub identity: IdentityState,
}

/// Who uses a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionRole {
    /// All callers at once.
    Shared,
    /// One caller at a time, for a command that waits or a transaction with keys under watch.
    Own,
    /// A subscriber.
    Subscriber,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) commands: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) reauths: AtomicU64,
    pub(super) reconnects: AtomicU64,
    pub(super) in_flight: AtomicU64,
}

impl Session {
    pub(super) fn stats(&self) -> ClientStats {
        let counts = &self.counts;
        ClientStats {
            commands: counts.commands.load(Relaxed),
            failures: counts.failures.load(Relaxed),
            reauths: counts.reauths.load(Relaxed),
            reconnects: counts.reconnects.load(Relaxed),
            in_flight: counts.in_flight.load(Relaxed),
            connections: self.connections().iter().filter_map(|it| self.stats_of(it)).collect(),
        }
    }

    fn stats_of(&self, connection: &Connection) -> Option<ConnectionStats> {
        let runner = self.runner().ok()?;
        let login = connection.login();
        let lease = self.lease_of(connection, &*runner);
        Some(ConnectionStats {
            address: connection.address.to_string(),
            role: match connection.role {
                Role::Shared => ConnectionRole::Shared,
                Role::Own => ConnectionRole::Own,
                Role::Subscriber(_) => ConnectionRole::Subscriber,
            },
            age: runner.now().saturating_sub(connection.opened_at),
            lease_left: lease.map(|lease| (login.at + lease).saturating_sub(runner.now())),
            reauths: login.count.saturating_sub(1),
            identity: login.identity,
        })
    }
}
