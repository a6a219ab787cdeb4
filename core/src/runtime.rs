//! The one runtime of the process: it starts with its first user and ends with its last.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::clock::{Clock, SystemClock};
use crate::error::{Error, Result};
use crate::timer::Timer;

/// What work in the background needs: somewhere to run, the time, and a timer. One thread serves the process.
pub(crate) struct Engine {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) timer: Timer,
    handle: Handle,
    /// `None` in tests, which bring their own runtime.
    runtime: Option<Runtime>,
    process: Process,
}

/// The process that made something. A forked child inherits the memory of a runtime, but none of its threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn this() -> Self {
        Self(std::process::id())
    }

    /// Whether this code runs in a child that was forked since.
    pub(crate) fn is_gone(self) -> bool {
        self != Self::this()
    }
}

static SHARED: Mutex<Weak<Engine>> = Mutex::new(Weak::new());

impl Engine {
    /// The engine of this process, started if nobody uses one.
    pub(crate) fn shared() -> Result<Arc<Self>> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(engine) = shared.upgrade().and_then(Self::unless_inherited) {
            return Ok(engine);
        }
        let engine = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&engine);
        Ok(engine)
    }

    /// The engine, unless this is a forked child of the process that started it: there it has no thread, and is left
    /// alone for ever, since what it would touch in going is shared with the parent.
    pub(crate) fn unless_inherited(self: Arc<Self>) -> Option<Arc<Self>> {
        if self.process.is_gone() {
            std::mem::forget(self);
            return None;
        }
        Some(self)
    }

    /// The engine whose runtime this is, if it is keyrotor's own: a user of it must keep it alive.
    #[cfg(feature = "client")]
    pub(crate) fn of(handle: &Handle) -> Option<Arc<Self>> {
        let shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().filter(|engine| engine.handle.id() == handle.id())
    }

    fn start() -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("keyrotor")
            .enable_all()
            .build()
            .map_err(|error| Error::internal(format!("no runtime could be started: {error}")))?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::default());
        let timer = Timer::start(runtime.handle(), Arc::clone(&clock));
        let handle = runtime.handle().clone();
        Ok(Self { clock, timer, handle, runtime: Some(runtime), process: Process::this() })
    }

    #[cfg(test)]
    pub(crate) fn for_test(clock: Arc<dyn Clock>) -> Arc<Self> {
        let handle = Handle::current();
        let timer = Timer::start(&handle, Arc::clone(&clock));
        Arc::new(Self { clock, timer, handle, runtime: None, process: Process::this() })
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            if self.process.is_gone() {
                std::mem::forget(runtime);
                return;
            }
            // The last user may go on the runtime's own thread, where waiting for it would never end.
            runtime.shutdown_background();
        }
    }
}
