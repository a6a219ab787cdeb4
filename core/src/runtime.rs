//! The one runtime of the process: it starts with its first user and ends with its last.

use std::sync::{Arc, Mutex, PoisonError, Weak};

#[cfg(not(model))]
use tokio::runtime::Builder;
use tokio::runtime::Runtime;

use crate::clock;
#[cfg(test)]
use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::foreign::Foreign;
use crate::process::{PerProcess, Process};
#[cfg(all(feature = "client", unix))]
use crate::sockets::Mark;
use crate::sync::Handle;
use crate::timer::Timer;

/// Threads for what the system offers no other way: names are resolved and files are read on one, in turn.
const BLOCKING_THREADS: usize = 1;

/// What work in the background needs: somewhere to run, a timer, and threads for the host's own functions. One thread
/// serves the process.
pub(crate) struct Engine {
    pub(crate) timer: Timer,
    pub(crate) foreign: Foreign,
    handle: Handle,
    /// `None` in tests and in the model, which bring their own runtime.
    runtime: Option<Runtime>,
    /// By which a forked child finds what it inherits of the runtime.
    #[cfg(all(feature = "client", unix))]
    mark: Option<Mark>,
    process: Process,
}

/// A forked child has its own: it inherits no thread of the runtime's, and a lock perhaps that one of them held.
static SHARED: PerProcess<Mutex<Weak<Engine>>> = PerProcess::new();

impl Engine {
    /// The engine of this process, started if nobody uses one.
    #[cfg(not(model))]
    pub(crate) fn shared() -> Result<Arc<Self>> {
        let each = SHARED.get(Mutex::default);
        let mut shared = each.value.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = shared.upgrade() {
            return Ok(engine);
        }
        let engine = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&engine);
        Ok(engine)
    }

    /// One for each who asks: what is static outlives the model's runs.
    #[cfg(model)]
    pub(crate) fn shared() -> Result<Arc<Self>> {
        Ok(Arc::new(Self::start()?))
    }

    /// The engine whose runtime this is, if it is keyrotor's own: a user of it must keep it alive.
    #[cfg(feature = "client")]
    pub(crate) fn of(handle: &Handle) -> Option<Arc<Self>> {
        let each = SHARED.get(Mutex::default);
        let shared = each.value.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().filter(|engine| engine.handle.id() == handle.id())
    }

    #[cfg(not(model))]
    fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(BLOCKING_THREADS)
            .thread_name("keyrotor")
            .enable_all()
            .build()
            .map_err(|error| Error::internal(format!("no runtime could be started: {error}")))?;
        let handle = runtime.handle().clone();
        let timer = Timer::start(&handle, clock::system());
        let foreign = Foreign::new(&handle);
        Ok(Self {
            timer,
            foreign,
            // Where there is none, a child merely keeps more open than it need.
            #[cfg(all(feature = "client", unix))]
            mark: Mark::set(&handle).ok(),
            handle,
            runtime: Some(runtime),
            process: Process::this(),
        })
    }

    #[cfg(model)]
    fn start() -> Result<Self> {
        let handle = Handle;
        let timer = Timer::start(&handle, clock::system());
        let foreign = Foreign::new(&handle);
        Ok(Self {
            timer,
            foreign,
            handle,
            runtime: None,
            #[cfg(all(feature = "client", unix))]
            mark: None,
            process: Process::this(),
        })
    }

    #[cfg(test)]
    pub(crate) fn for_test(clock: Arc<dyn Clock>) -> Arc<Self> {
        let handle = Handle::current();
        let timer = Timer::start(&handle, clock);
        let foreign = Foreign::new(&handle);
        Arc::new(Self {
            timer,
            foreign,
            handle,
            runtime: None,
            #[cfg(all(feature = "client", unix))]
            mark: None,
            process: Process::this(),
        })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            if self.process.is_gone() {
                // To let go of it would be to change the parent's epoll set.
                #[cfg(all(feature = "client", unix))]
                std::mem::forget(self.mark.take());
                std::mem::forget(runtime);
                return;
            }
            // The last user may go on the runtime's own thread, where waiting for it would never end.
            runtime.shutdown_background();
        }
    }
}
