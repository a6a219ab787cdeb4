//! The end of the interpreter. Until Python 3.14 a thread that runs Python code at that moment is torn out of
//! it, through our own frames, which ends the process with a crash: so no callback may be in the midst of it.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyrotor::host::{Own, PerProcess};
use pyo3::prelude::*;

/// How long the interpreter waits for callbacks that are under way, when it ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// A forked child has its own: none of those inside its parent's will ever leave it.
static GATE: PerProcess<Gate> = PerProcess::new();

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    left: Condvar,
}

#[derive(Default)]
struct State {
    is_shut: bool,
    inside: usize,
}

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A thread of keyrotor's that runs Python code, or waits for its turn.
struct Inside(Arc<Own<Gate>>);

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.value.state().inside -= 1;
        self.0.value.left.notify_all();
    }
}

/// Runs Python code on a thread of keyrotor's; `None` once the interpreter is about to end.
pub(crate) fn attach<T>(body: impl FnOnce(Python<'_>) -> T) -> Option<T> {
    let gate = GATE.get(Gate::default);
    {
        let mut state = gate.value.state();
        if state.is_shut {
            return None;
        }
        state.inside += 1;
    }
    let _inside = Inside(gate);
    Python::try_attach(body)
}

/// Runs when the interpreter is about to end: no callback begins from now on, those that run may finish.
#[pyfunction]
fn shut(py: Python<'_>) {
    py.detach(|| {
        let gate = GATE.get(Gate::default);
        let mut state = gate.value.state();
        state.is_shut = true;
        drop(gate.value.left.wait_timeout_while(state, PATIENCE, |state| state.inside > 0));
    });
}

/// Has Python say when it is about to end.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    py.import("atexit")?.call_method1("register", (pyo3::wrap_pyfunction!(shut, py)?,))?;
    Ok(())
}
