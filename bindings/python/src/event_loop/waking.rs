//! How a task that waits for a reply comes to go on.
//!
//! `Future.set_result` has the loop wake whoever waits at its next turn. Where one task waits and nobody else, it may as
//! well go on within the turn in which its reply came: that saves the loop a handle and a turn for each reply.

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyList, PyType};

use super::host_loop::HostLoop;

/// When a task goes on.
#[derive(Clone, Copy)]
pub(super) enum Waking {
    /// Within this turn of the loop, which has called from outside of any task.
    AtOnce,
    /// At the loop's next turn.
    Soon,
}

impl Waking {
    /// What suits this loop. One that is being debugged tells of steps that take long, and whose they are; it does so
    /// only of steps that it takes itself.
    pub(super) fn of(event_loop: &Bound<'_, PyAny>) -> PyResult<Self> {
        let is_debugged = event_loop.call_method0("get_debug")?.is_truthy()?;
        Ok(if is_debugged { Self::Soon } else { Self::AtOnce })
    }

    /// To be taken before the future has its outcome.
    pub(super) fn resumption<'py>(self, future: &Bound<'py, PyAny>) -> PyResult<Option<Resumption<'py>>> {
        match self {
            Self::AtOnce => Resumption::take(future),
            Self::Soon => Ok(None),
        }
    }
}

/// The waking of the one task that waits for a future. It must be used: the future has forgotten that task.
#[must_use]
pub(super) struct Resumption<'py> {
    future: Bound<'py, PyAny>,
    wake_up: Bound<'py, PyAny>,
    context: Bound<'py, PyAny>,
}

impl<'py> Resumption<'py> {
    /// `None` where it is none of asyncio's own tasks that waits, or somebody else wants to hear of the future, too: they
    /// are told asyncio's way. What is asked for here is asyncio's own, so whatever is not there is no failure.
    fn take(future: &Bound<'py, PyAny>) -> PyResult<Option<Self>> {
        let py = future.py();
        let Ok(callbacks) = future.getattr(intern!(py, "_callbacks")) else { return Ok(None) };
        let Ok(callbacks) = callbacks.cast_into::<PyList>() else { return Ok(None) };
        if callbacks.len() != 1 {
            return Ok(None);
        }
        let Ok((wake_up, context)) =
            callbacks.get_item(0)?.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()
        else {
            return Ok(None);
        };
        if !is_wake_up(&wake_up, future).unwrap_or(false) {
            return Ok(None);
        }
        future.call_method1(intern!(py, "remove_done_callback"), (&wake_up,))?;
        Ok(Some(Self { future: future.clone(), wake_up, context }))
    }

    /// Lets the task go on, up to where it waits again. Its future has its outcome. Raises what a task lets through:
    /// `KeyboardInterrupt` and `SystemExit`.
    pub(super) fn resume(self, event_loop: &HostLoop) -> PyResult<()> {
        let Self { future, wake_up, context } = self;
        let py = future.py();
        match context.call_method1(intern!(py, "run"), (&wake_up, &future)) {
            // The task did not get to go on: this loop calls from within another task, or within this one's context.
            Err(error) if error.is_instance_of::<PyRuntimeError>(py) => {
                event_loop.soon_in(&context, &wake_up, &future)
            }
            ended => ended.map(drop),
        }
    }
}

/// Whether it makes a task go on that waits for just this.
fn is_wake_up(callback: &Bound<'_, PyAny>, future: &Bound<'_, PyAny>) -> PyResult<bool> {
    static TASK: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let py = future.py();
    if !callback.is_instance_of::<PyCFunction>() {
        return Ok(false);
    }
    let task = callback.getattr(intern!(py, "__self__"))?;
    if !task.get_type().is(TASK.import(py, "_asyncio", "Task")?) {
        return Ok(false);
    }
    Ok(task.getattr(intern!(py, "_fut_waiter"))?.is(future))
}
