//! Connections that no thread of ours reads: whoever waits for a reply reads the socket himself.
//!
//! A reply that crosses from one thread to another costs about as much as the server takes to make it. So a
//! connection that was dialled on keyrotor's runtime becomes a [`Line`]: whoever sends writes it at once, and of those
//! who wait one at a time reads for all. Where nobody waits, the runtime [stands in](StandIn): it logs in, notices a
//! server that hangs up, and says goodbye.

#[cfg(unix)]
mod baton;
#[cfg(unix)]
mod incoming;
#[cfg(unix)]
mod line;
mod mailbox;
#[cfg(not(unix))]
mod no_line;
#[cfg(unix)]
mod outgoing;
#[cfg(unix)]
mod seat;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod stand_in;
#[cfg(test)]
#[cfg(unix)]
mod tests;

use std::sync::Arc;

#[cfg(unix)]
pub use line::Line;
pub use mailbox::{Letter, Mailbox, Outcome};
#[cfg(not(unix))]
pub use no_line::Line;
#[cfg(unix)]
pub use seat::attend;
#[cfg(unix)]
pub(super) use stand_in::StandIn;

use super::connection::Role;
#[cfg(not(unix))]
pub use crate::host::wait as attend;

/// Who reads the connections of a client.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Hosting {
    /// The runtime.
    #[default]
    Runtime,
    /// The threads that wait for replies, in [`attend`].
    Callers,
    /// An event loop, which is told of each connection, and of the outcome of each call that it
    /// [posts](super::Client::post).
    Loop(Arc<Mailbox>),
    /// The runtime, for an event loop that cannot watch sockets, but is told how the calls end that it posts.
    Mailbox(Arc<Mailbox>),
}

impl Hosting {
    pub(super) fn mailbox(&self) -> Option<&Arc<Mailbox>> {
        match self {
            Self::Loop(mailbox) | Self::Mailbox(mailbox) => Some(mailbox),
            Self::Runtime | Self::Callers => None,
        }
    }

    /// For a connection of this role: an event loop reads what all its calls share, and nobody waits for messages.
    pub(super) fn of(&self, role: &Role) -> Self {
        match (self, role) {
            (Self::Callers, Role::Shared | Role::Own) | (Self::Loop(_), Role::Shared) => self.clone(),
            _ => Self::Runtime,
        }
    }
}
