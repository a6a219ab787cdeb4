//! What a client did, counted.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

/// What a client did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) commands: AtomicU64,
    pub(super) failures: AtomicU64,
    pub(super) reauths: AtomicU64,
    pub(super) reconnects: AtomicU64,
    pub(super) in_flight: AtomicU64,
}

impl Counts {
    pub(super) fn read(&self) -> ClientStats {
        ClientStats {
            commands: self.commands.load(Relaxed),
            failures: self.failures.load(Relaxed),
            reauths: self.reauths.load(Relaxed),
            reconnects: self.reconnects.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
        }
    }
}
