//! For the bindings: waiting on a thread of the host language.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;

pub use crate::manager::observe_events;
pub use crate::process::{Own, PerProcess, note_process};
#[cfg(all(feature = "client", unix))]
pub use crate::sockets::Inheritance;

use crate::error::{Error, Result};
use crate::process::Process;
use crate::runtime::Engine;
use crate::sync::AbortHandle;

#[cfg(feature = "client")]
pub use crate::client::{Hosting, Letter, Line, Mailbox, Outcome, Posted, attend};

/// How often a blocked call asks whether it is still wanted.
const CHECK_EVERY: Duration = Duration::from_millis(50);

/// Holds keyrotor's own thread, for futures of the core that nobody waits for on a thread of the host's. The thread
/// lives as long as this, or any manager or client in use.
#[derive(Clone)]
pub struct Background(Arc<Engine>);

impl Background {
    /// Starts the thread unless it runs.
    ///
    /// # Errors
    /// [`Code::Internal`] where the system gives no thread.
    pub fn acquire() -> Result<Self> {
        Engine::shared().map(Self)
    }

    /// Runs the future on keyrotor's thread, which lives until it ends or its [`Task`] is dropped.
    #[must_use = "dropping the task ends it"]
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) -> Task {
        let held = self.clone();
        let task = self.0.handle().spawn(async move {
            future.await;
            drop(held);
        });
        Task::new(task.abort_handle())
    }

    /// Runs a function of the host's on a thread where it may take as long as it likes: one that all such functions
    /// share, in their order, until one of them does not return soon. It runs even where nobody holds this any more.
    pub fn call(&self, work: impl FnOnce() + Send + 'static) {
        let held = self.clone();
        drop(self.0.foreign.run(move || {
            work();
            drop(held);
        }));
    }
}

/// Work on keyrotor's thread. Dropping it ends the work at its next point of waiting; in a forked child, where the
/// work is the parent's, it does nothing.
#[derive(Debug)]
pub struct Task {
    /// `None` once it is nobody's to end.
    handle: Option<AbortHandle>,
    process: Process,
}

impl Task {
    pub(crate) fn new(handle: AbortHandle) -> Self {
        Self { handle: Some(handle), process: Process::this() }
    }

    /// Lets the work go on to its own end.
    pub fn detach(mut self) {
        self.handle = None;
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take()
            && !self.process.is_gone()
        {
            handle.abort();
        }
    }
}

/// Whether this thread drives an event loop of tokio's and so must not block.
pub fn on_event_loop() -> bool {
    tokio::runtime::Handle::try_current().is_ok()
}

/// Runs a future on the calling thread, which blocks, and asks `interrupted` every 50 ms; its error ends the
/// waiting and drops the future.
///
/// # Errors
/// What `interrupted` says. [`Code::CredentialsPending`] on a thread that drives an event loop of tokio's.
#[expect(clippy::disallowed_methods, reason = "waits for a host's signals, which no test clock rules")]
pub fn wait<T, E: From<Error>>(
    future: impl Future<Output = T>,
    mut interrupted: impl FnMut() -> Result<(), E>,
) -> Result<T, E> {
    if on_event_loop() {
        let message = "this thread drives an event loop and cannot wait; use the async form of this call";
        return Err(Error::new(Code::CredentialsPending, message).into());
    }
    let engine = Engine::shared()?;
    engine.handle().block_on(async {
        tokio::pin!(future);
        loop {
            tokio::select! {
                // What is ready sets no alarm.
                biased;
                result = &mut future => return Ok(result),
                () = tokio::time::sleep(CHECK_EVERY) => interrupted()?,
            }
        }
    })
}

/// [`wait`] for callers that nothing interrupts.
///
/// # Errors
/// As [`wait`].
pub fn wait_for<T>(future: impl Future<Output = Result<T>>) -> Result<T> {
    wait(future, || Ok::<(), Error>(()))?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_event_loop_is_told_from_a_thread_that_may_block() {
        assert!(on_event_loop());
        assert_eq!(wait_for(async { Ok(()) }).unwrap_err().code(), Code::CredentialsPending);
        let elsewhere = std::thread::spawn(|| wait_for(async { Ok(1) }));
        assert_eq!(elsewhere.join().unwrap().unwrap(), 1);
    }

    #[test]
    fn a_call_runs_although_another_hangs_and_nobody_holds_the_thread_any_more() {
        let (release, hang) = std::sync::mpsc::channel::<()>();
        let (sender, ran) = std::sync::mpsc::channel();
        let background = Background::acquire().unwrap();
        background.call(move || assert!(hang.recv().is_err()));
        background.call(move || sender.send(()).unwrap());
        drop(background);
        ran.recv_timeout(Duration::from_secs(60)).unwrap();
        drop(release);
    }

    #[test]
    fn what_a_host_says_ends_the_waiting() {
        let forever = std::future::pending::<()>();
        let error = wait(forever, || Err(Error::closed("test"))).unwrap_err();
        assert_eq!(error.code(), Code::Closed);
    }
}
