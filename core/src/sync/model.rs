//! The same names, as the model checker sees them.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

pub(crate) use shuttle::future::AbortHandle;
use shuttle::future::JoinHandle;
pub(crate) use shuttle::sync::atomic::{AtomicBool, AtomicU64};
pub(crate) use shuttle::sync::{Mutex, MutexGuard};
use tokio::sync::watch;

/// The real thing. Others may go first before each access.
pub(crate) struct Seen<T> {
    accesses: AtomicU64,
    thing: T,
}

pub(crate) type ArcSwapOption<T> = Seen<arc_swap::ArcSwapOption<T>>;
pub(crate) type Latest<T> = Seen<watch::Sender<T>>;

impl<T> Seen<T> {
    fn of(thing: T) -> Self {
        Self { accesses: AtomicU64::new(0), thing }
    }
}

impl<T> Deref for Seen<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.accesses.fetch_add(1, SeqCst);
        &self.thing
    }
}

impl<T> ArcSwapOption<T> {
    pub(crate) fn new(value: Option<Arc<T>>) -> Self {
        Self::of(arc_swap::ArcSwapOption::new(value))
    }

    pub(crate) fn empty() -> Self {
        Self::new(None)
    }
}

impl<T> From<Option<Arc<T>>> for ArcSwapOption<T> {
    fn from(value: Option<Arc<T>>) -> Self {
        Self::new(value)
    }
}

impl<T> Latest<T> {
    pub(crate) fn new(value: T) -> Self {
        Self::of(watch::Sender::new(value))
    }
}

shuttle::lazy_static! {
    /// What a run has spawned. Not the checker's: it adds no order to the run.
    static ref TASKS: std::sync::Mutex<Vec<JoinHandle<()>>> = std::sync::Mutex::default();
}

fn tasks() -> std::sync::MutexGuard<'static, Vec<JoinHandle<()>>> {
    TASKS.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Ends what the run has spawned and waits for that, as the end of a runtime does.
pub fn end_tasks() {
    loop {
        let Some(task) = tasks().pop() else { return };
        task.abort();
        // It was cancelled, or had come to its end before.
        let _ = shuttle::future::block_on(task);
    }
}

/// A task that was spawned.
pub(crate) struct Task(AbortHandle);

impl Task {
    pub(crate) fn abort_handle(&self) -> AbortHandle {
        self.0.clone()
    }
}

/// The checker's own executor.
#[derive(Clone)]
pub(crate) struct Handle;

impl Handle {
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) -> Task {
        let task = shuttle::future::spawn(task);
        let abort = task.abort_handle();
        tasks().push(task);
        Task(abort)
    }

    pub(crate) fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        shuttle::future::block_on(future)
    }

    pub(crate) fn enter(&self) -> impl Sized + use<> {}
}
