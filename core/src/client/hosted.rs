//! Connections that no thread of ours reads: whoever waits for a reply reads the socket himself.
//!
//! A reply that crosses from one thread to another costs about as much as the server takes to make it. So a
//! connection that is dialled, secured and logged in on keyrotor's runtime becomes a [`Line`](line::Line): whoever
//! sends writes it at once, and of those who wait one at a time reads for all. Where nobody waits, the runtime
//! [stands in](stand_in): it notices a server that hangs up, logs in again, and says goodbye.

#[cfg(unix)]
mod baton;
#[cfg(unix)]
mod line;
#[cfg(unix)]
mod outgoing;
#[cfg(unix)]
mod seat;
#[cfg(unix)]
mod socket;
#[cfg(unix)]
mod stand_in;
#[cfg(all(test, unix))]
mod tests;

#[cfg(unix)]
pub(super) use line::Line;
#[cfg(unix)]
pub use seat::attend;
#[cfg(unix)]
pub(super) use stand_in::StandIn;

#[cfg(not(unix))]
pub use crate::host::wait as attend;

/// Who reads the connections of a client. Where sockets are no file descriptors, the runtime does in any case.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Hosting {
    /// The runtime.
    #[default]
    Runtime,
    /// The threads that wait for replies, in [`attend`].
    Callers,
}
