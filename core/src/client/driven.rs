//! Who moves a connection's bytes: a task of the runtime's, or its callers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::connection::Shared;
use super::driver::Driver;
use super::hosted::Hosting;
#[cfg(unix)]
use super::hosted::{Line, StandIn};
use super::inbox::Inbox;
use super::reply::disconnected;
use super::runner::{Runner, Stream};
use super::wire::{Deadline, Replies, Waiting};
use crate::error::Result;

/// The socket of a connection, in somebody's hands.
pub(super) enum Driven {
    ByRuntime(Arc<Shared>),
    #[cfg(unix)]
    ByCallers(Arc<Line>),
}

impl Driven {
    /// Hands the stream to whoever moves its bytes.
    ///
    /// # Errors
    /// Where the system does not let the stream be handed to callers.
    pub(super) fn by(
        hosting: Hosting,
        stream: Box<dyn Stream>,
        inbox: Inbox,
        shared: &Arc<Shared>,
        runner: &Arc<dyn Runner>,
    ) -> io::Result<Self> {
        match hosting {
            #[cfg(unix)]
            Hosting::Callers | Hosting::Loop(_) => {
                let mailbox = hosting.mailbox().map(Arc::clone);
                let line = Line::new(stream.bare()?, inbox, Arc::clone(shared), Arc::clone(runner), mailbox)?;
                let line = Arc::new(line);
                let stand_in = StandIn::new(Arc::clone(&line), Arc::clone(runner));
                runner.spawn(Box::pin(stand_in.run())).detach();
                Ok(Self::ByCallers(line))
            }
            _ => {
                let driver = Driver::new(stream, inbox, Arc::clone(shared), Arc::clone(runner));
                runner.spawn(Box::pin(driver)).detach();
                Ok(Self::ByRuntime(Arc::clone(shared)))
            }
        }
    }

    /// Has what was submitted sent: `now` on the runner's clock, where the caller knows.
    pub(super) fn send(&self, now: Option<Duration>) {
        match self {
            Self::ByRuntime(shared) => shared.wake(),
            #[cfg(unix)]
            Self::ByCallers(line) => match now {
                Some(now) => line.flush_at(now),
                None => line.flush(),
            },
        }
    }

    pub(super) fn is_by_callers(&self) -> bool {
        !matches!(self, Self::ByRuntime(_))
    }

    /// Whoever waits for it waits for nothing else.
    pub(super) fn serves_alone(&self) {
        #[cfg(unix)]
        if let Self::ByCallers(line) = self {
            line.serves_alone();
        }
    }

    /// Callers may have it.
    pub(super) fn is_ready(&self) {
        #[cfg(unix)]
        if let Self::ByCallers(line) = self {
            line.is_ready();
        }
    }

    /// Sees to it that what was submitted goes out, and waits for what comes back.
    pub(super) async fn answer(&self, waiting: Waiting, deadline: Option<Deadline>) -> Result<Replies> {
        self.send(deadline.map(Deadline::began));
        #[cfg(unix)]
        if let (Self::ByCallers(line), Some(Deadline { within, .. })) = (self, deadline) {
            line.read_until(|| !waiting.is_empty(), within);
        }
        // Whoever drives answers every call before it goes.
        self.attended(deadline, waiting).await.unwrap_or_else(|_| Err(disconnected("its driver is gone")))
    }

    /// Waits for something that happens on the socket.
    pub(super) async fn attended<F: Future>(&self, deadline: Option<Deadline>, work: F) -> F::Output {
        match self {
            Self::ByRuntime(_) => work.await,
            #[cfg(unix)]
            Self::ByCallers(line) => line.attended(deadline, work).await,
        }
    }

    /// The state of the connection changed.
    pub(super) fn stir(&self) {
        match self {
            Self::ByRuntime(shared) => shared.wake(),
            #[cfg(unix)]
            Self::ByCallers(line) => line.stir(),
        }
    }

    /// Hears of a server that hung up, where nobody else would have.
    pub(super) fn look(&self, now: Duration) {
        #[cfg(unix)]
        if let Self::ByCallers(line) = self {
            line.look(now);
        }
    }
}
