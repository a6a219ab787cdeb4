//! Threads for functions of the host, which may take as long as they like.
//!
//! One thread runs them all, one after the other, and ends when nothing came for a while. A function that does not
//! return soon keeps that thread, and another one takes over: it costs a thread for as long as it hangs, and delays
//! nobody.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::process::Process;
use crate::sync::Handle;

/// A function that runs for longer than this, or at most twice this, keeps its thread to itself.
const SOON: Duration = Duration::from_millis(50);
/// How long a thread waits for work before it ends.
const IDLE: Duration = Duration::from_secs(5);

type Job = Box<dyn FnOnce() + Send>;

/// Dropping it ends the threads that wait, and those that work as soon as they are done.
pub(crate) struct Foreign {
    inner: Arc<Inner>,
    runtime: Handle,
    process: Process,
}

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// The number of the thread that takes from the queue.
    in_charge: Option<u64>,
    threads: u64,
    /// The number of the job that the thread in charge works on.
    working_on: Option<u64>,
    jobs: u64,
    is_watched: bool,
    is_over: bool,
}

impl Foreign {
    pub(crate) fn new(runtime: &Handle) -> Self {
        Self { inner: Arc::default(), runtime: runtime.clone(), process: Process::this() }
    }

    /// Runs the function; the receiver gets what it returns, or an error where it panicked. Whoever no longer
    /// waits does not stop it.
    pub(crate) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> oneshot::Receiver<T> {
        let (sender, receiver) = oneshot::channel();
        let must_watch = {
            let mut state = self.inner.state();
            state.queue.push_back(Box::new(move || {
                let _ = sender.send(work());
            }));
            self.inner.put_in_charge(&mut state);
            !std::mem::replace(&mut state.is_watched, true)
        };
        self.inner.changed.notify_all();
        if must_watch {
            self.runtime.spawn(watch(Arc::clone(&self.inner)));
        }
        receiver
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        if !self.process.is_gone() {
            self.inner.state().is_over = true;
            self.inner.changed.notify_all();
        }
    }
}

impl Inner {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a thread where none takes from the queue.
    fn put_in_charge(self: &Arc<Self>, state: &mut State) {
        if state.in_charge.is_some() || state.queue.is_empty() || state.is_over {
            return;
        }
        state.threads += 1;
        let (number, inner) = (state.threads, Arc::clone(self));
        let started =
            std::thread::Builder::new().name("keyrotor-host".to_owned()).spawn(move || inner.serve(number));
        match started {
            Ok(_) => state.in_charge = Some(number),
            // The watch tries again.
            Err(error) => tracing::error!("no thread for a function of the host's: {error}"),
        }
    }

    fn serve(&self, number: u64) {
        while let Some(job) = self.next_job(number) {
            if std::panic::catch_unwind(AssertUnwindSafe(job)).is_err() {
                tracing::error!("a function of the host's panicked");
            }
        }
    }

    fn next_job(&self, number: u64) -> Option<Job> {
        let mut state = self.state();
        loop {
            if state.in_charge != Some(number) {
                return None;
            }
            state.working_on = None;
            if let Some(job) = state.queue.pop_front() {
                state.jobs += 1;
                state.working_on = Some(state.jobs);
                return Some(job);
            }
            if state.is_over {
                state.in_charge = None;
                return None;
            }
            let (next, waited) =
                self.changed.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
            state = next;
            if waited.timed_out() && state.queue.is_empty() {
                state.in_charge = None;
                return None;
            }
        }
    }

    /// Relieves the thread in charge where it still works on the job that it was seen with. `None`: there is nothing
    /// left to watch.
    fn relieve(self: &Arc<Self>, seen: Option<u64>) -> Option<Option<u64>> {
        let mut state = self.state();
        if state.working_on.is_none() && state.queue.is_empty() {
            state.is_watched = false;
            return None;
        }
        if state.working_on.is_some() && state.working_on == seen {
            state.in_charge = None;
            state.working_on = None;
        }
        self.put_in_charge(&mut state);
        Some(state.working_on)
    }
}

#[expect(clippy::disallowed_methods, reason = "watches threads of the system's, which no test clock rules")]
async fn watch(inner: Arc<Inner>) {
    let mut seen = None;
    while let Some(now) = inner.relieve(seen) {
        seen = now;
        tokio::time::sleep(SOON).await;
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn t19_one_that_hangs_delays_nobody_and_a_panic_hurts_nobody() {
        let foreign = Foreign::new(&Handle::current());
        let (release, hang) = mpsc::channel::<()>();
        let hanging = foreign.run(move || hang.recv().is_err());
        let panicking = foreign.run(|| panic!("scripted"));
        assert_eq!(foreign.run(|| 7).await, Ok(7));
        panicking.await.unwrap_err();
        drop(release);
        assert_eq!(hanging.await, Ok(true));
    }

    #[tokio::test]
    async fn b05_a_thousand_functions_share_one_thread() {
        let foreign = Foreign::new(&Handle::current());
        let runs: Vec<_> = (0..1000).map(|_| foreign.run(|| std::thread::current().id())).collect();
        let mut threads = std::collections::HashSet::new();
        for run in runs {
            threads.insert(run.await.unwrap());
        }
        // A starved machine may relieve a thread that did nothing wrong.
        assert!(threads.len() <= 3, "{threads:?}");
    }

    #[tokio::test]
    async fn t18_threads_end_when_nobody_needs_them() {
        let foreign = Foreign::new(&Handle::current());
        foreign.run(|| ()).await.unwrap();
        let inner = Arc::downgrade(&foreign.inner);
        drop(foreign);
        while inner.strong_count() > 0 {
            tokio::task::yield_now().await;
        }
    }
}
