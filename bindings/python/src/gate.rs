//! When keyrotor's own threads may run Python code: not while the process forks, and not once the interpreter ends.
//!
//! A fork copies whatever lock a thread holds at that moment, and nobody in the child will ever open it: those of a
//! log's file, say. So a fork waits a moment for those who are at it. Until Python 3.14 a thread that runs Python code
//! when the interpreter ends is torn out of it, through our own frames, which ends the process with a crash.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyrotor::host::{Own, PerProcess};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::journal;

/// How long the interpreter waits for callbacks that are under way, when it ends.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(5);
/// How long a fork does: what takes longer is hanging, and a fork is to return within 50 ms.
#[cfg(unix)]
const PATIENCE_AT_A_FORK: Duration = Duration::from_millis(20);

/// A forked child has its own: none of those inside its parent's will ever leave it.
static GATE: PerProcess<Gate> = PerProcess::new();

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    is_shut: bool,
    /// Threads that fork.
    forks: usize,
    inside: usize,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// False once it is shut.
    fn enter(&self) -> bool {
        let state = self.state();
        let waited = self.changed.wait_while(state, |state| state.forks > 0 && !state.is_shut);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if !state.is_shut {
            state.inside += 1;
        }
        !state.is_shut
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    fn wait_until_empty(&self, patience: Duration) {
        drop(self.changed.wait_timeout_while(self.state(), patience, |state| state.inside > 0));
    }
}

/// A thread of keyrotor's that runs Python code, or waits for its turn.
struct Inside(Arc<Own<Gate>>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.value.change(|state| state.inside -= 1);
    }
}

/// Runs Python code on a thread of keyrotor's; `None` once the interpreter is about to end.
pub(crate) fn attach<T>(body: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let gate = GATE.get(Gate::default);
    if !gate.value.enter() {
        return None;
    }
    let _inside = Inside(gate);
    Python::try_attach(body)
}

/// Runs when the interpreter is about to end: no callback begins from now on, those that run may finish.
#[pyfunction]
fn shut(py: Python<'_>) {
    py.detach(|| {
        journal::finish();
        let gate = GATE.get(Gate::default);
        gate.value.change(|state| state.is_shut = true);
        gate.value.wait_until_empty(PATIENCE_AT_THE_END);
    });
}

/// Begins a fork: nobody enters until [`release`], and those inside have left, or are not waited for any longer.
#[cfg(unix)]
pub(crate) fn hold(py: Python<'_>) {
    let gate = GATE.get(Gate::default);
    gate.value.change(|state| state.forks += 1);
    // Whoever lets go of Python's lock may have to wait for it.
    if gate.value.state().inside > 0 {
        py.detach(|| gate.value.wait_until_empty(PATIENCE_AT_A_FORK));
    }
}

/// Ends a fork, in the parent.
#[cfg(unix)]
pub(crate) fn release() {
    GATE.get(Gate::default).value.change(|state| state.forks -= 1);
}

static SHUT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Has Python say when it is about to end.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    let shut =
        SHUT.get_or_try_init(py, || PyResult::Ok(pyo3::wrap_pyfunction!(shut, py)?.into_any().unbind()))?;
    py.import("atexit")?.call_method1("register", (shut,))?;
    Ok(())
}

/// Who asked last is called first: what is still to be told then is to find its log open, though `logging` was loaded
/// after keyrotor.
pub(crate) fn go_before_logging(py: Python<'_>) -> PyResult<()> {
    static IS_BEFORE: AtomicBool = AtomicBool::new(false);
    let Some(shut) = SHUT.get(py).filter(|_| !IS_BEFORE.load(Relaxed)) else { return Ok(()) };
    if py.import("sys")?.getattr("modules")?.contains("logging")? {
        py.import("atexit")?.call_method1("unregister", (shut,))?;
        watch(py)?;
        IS_BEFORE.store(true, Relaxed);
    }
    Ok(())
}
