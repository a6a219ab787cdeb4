//! How a task that waits for a reply comes to go on.
//!
//! `Future.set_result` has the loop wake whoever waits at its next turn. Where one task waits and nobody else, it may as
//! well go on within the turn in which its reply came: that saves the loop a handle and a turn for each reply.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyList, PyModule, PyType};

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
    task: Bound<'py, PyAny>,
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
        let Ok(Some(task)) = task_of(&wake_up) else { return Ok(None) };
        let resumption = Self { future: future.clone(), task, wake_up, context };
        if !resumption.is_awaited() {
            return Ok(None);
        }
        future.call_method1(intern!(py, "remove_done_callback"), (&resumption.wake_up,))?;
        Ok(Some(resumption))
    }

    /// Whether the task waits for just this future, and has not gone on.
    fn is_awaited(&self) -> bool {
        let waits_for = self.task.getattr(intern!(self.task.py(), "_fut_waiter"));
        waits_for.is_ok_and(|future| future.is(&self.future))
    }

    /// Lets the task go on, up to where it waits again. Its future has its outcome. Raises what a task lets through:
    /// `KeyboardInterrupt` and `SystemExit`.
    pub(super) fn resume(self, event_loop: &HostLoop) -> PyResult<()> {
        match self.context.call_method1(intern!(self.context.py(), "run"), (&self.wake_up, &self.future)) {
            // This loop calls from within another task, or within this one's context.
            Err(_) if self.is_awaited() => event_loop.soon_in(&self.context, &self.wake_up, &self.future),
            ended => ended.map(drop),
        }
    }
}

/// The task that this callback wakes, where it is asyncio's own. Where a loop is made to run within its own tasks (by
/// `nest_asyncio`), asyncio's own are others: such a loop could not be run from within a turn of ours, whose context is in
/// use then.
fn task_of<'py>(callback: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
    static NATIVE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    static TASKS: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    let py = callback.py();
    if !callback.is_instance_of::<PyCFunction>() {
        return Ok(None);
    }
    let task = callback.getattr(intern!(py, "__self__"))?;
    let native = NATIVE.import(py, "_asyncio", "Task")?;
    let tasks = TASKS.get_or_try_init(py, || py.import("asyncio.tasks").map(Bound::unbind))?.bind(py);
    let is_own = task.get_type().is(native) && tasks.getattr(intern!(py, "Task"))?.is(native);
    Ok(is_own.then_some(task))
}
