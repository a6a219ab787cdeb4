//! Futures of the core, for coroutines of Python's to await on whatever event loop they run.
//!
//! keyrotor's own thread drives the future and never takes Python's lock; the thread for functions of the host's wakes
//! the loop. `keyrotor._awaiting` is the coroutine around it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use keyrotor::Error;
use keyrotor::host::{Background, Task};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyCFunction, PyTuple};

use crate::error::{Failure, guarded, panicked};
use crate::gate;

/// Makes of an outcome what Python gets, or raises it.
type Outcome = Box<dyn FnOnce(Python<'_>) -> PyResult<Py<PyAny>> + Send>;
type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// A coroutine that awaits this future and returns what `convert` makes of its value. Cancelling it drops the future.
pub(crate) fn coroutine<'py, T: Send + 'static>(
    py: Python<'py>,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    static OUTCOME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    OUTCOME.import(py, "keyrotor._awaiting", "outcome")?.call1((Call::new(future, convert),))
}

/// [`coroutine`], which calls `end` where whoever awaits it gives up: dropping the future says nothing once it is ready.
pub(crate) fn coroutine_or<'py, T: Send + 'static>(
    py: Python<'py>,
    future: impl Future<Output = Result<T, Error>> + Send + 'static,
    convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    end: impl Fn() + Send + Sync + 'static,
) -> PyResult<Bound<'py, PyAny>> {
    static OUTCOME: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let end = PyCFunction::new_closure(py, None, None, move |_, _| end())?;
    OUTCOME.import(py, "keyrotor._awaiting", "outcome_or_end")?.call1((Call::new(future, convert), end))
}

/// Leaves the thread that first polls: what follows runs on keyrotor's own.
pub(crate) async fn elsewhere() {
    let mut has_left = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut has_left, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// One call that a coroutine waits for.
#[pyclass(frozen, module = "keyrotor._native")]
pub(crate) struct Call {
    state: Mutex<State>,
    waiter: Arc<Waiter>,
}

enum State {
    New(Work),
    Running(#[expect(dead_code, reason = "dropping it ends the work")] Task),
    Over,
}

/// An event loop, and the future of its own that the coroutine awaits there. It stands here, where Python's collector
/// sees it, and is taken once: by the outcome, or by the end of the coroutine.
#[derive(Default)]
struct Waiter(Mutex<Option<(Py<PyAny>, Py<PyAny>)>>);

#[pymethods]
impl Call {
    /// The outcome in a tuple, where nobody has to wait for it.
    fn poll(&self, py: Python<'_>) -> PyResult<Option<(Py<PyAny>,)>> {
        guarded(py, || match py.detach(|| self.poll_once()) {
            Some(outcome) => Ok(Some((outcome(py)?,))),
            None => Ok(None),
        })
    }

    /// Goes on in the background; the outcome goes into `future`, which belongs to `event_loop`.
    fn start(&self, py: Python<'_>, event_loop: Py<PyAny>, future: Py<PyAny>) -> PyResult<()> {
        guarded(py, || {
            *locked(&self.waiter.0) = Some((event_loop, future));
            Ok(py.detach(|| self.start_once())?)
        })
    }

    /// Nobody waits any more.
    fn end(&self, py: Python<'_>) {
        let waiter = locked(&self.waiter.0).take();
        drop(waiter);
        py.detach(|| drop(std::mem::replace(&mut *locked(&self.state), State::Over)));
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector must not wait. What it does not see, it keeps.
        let Ok(waiter) = self.waiter.0.try_lock() else { return Ok(()) };
        let Some((event_loop, future)) = waiter.as_ref() else { return Ok(()) };
        visit.call(event_loop)?;
        visit.call(future)
    }

    fn __clear__(&self) {
        let waiter = locked(&self.waiter.0).take();
        drop(waiter);
    }
}

impl Call {
    fn new<T: Send + 'static>(
        future: impl Future<Output = Result<T, Error>> + Send + 'static,
        convert: impl FnOnce(Python<'_>, T) -> PyResult<Py<PyAny>> + Send + 'static,
    ) -> Self {
        let work: Work = Box::pin(async move {
            let result = future.await;
            Box::new(move |py: Python<'_>| guarded(py, || Ok(convert(py, result?)?))) as Outcome
        });
        Self { state: Mutex::new(State::New(work)), waiter: Arc::default() }
    }

    fn poll_once(&self) -> Option<Outcome> {
        let mut state = locked(&self.state);
        let State::New(work) = &mut *state else { return None };
        let Poll::Ready(outcome) = polled(work, &mut Context::from_waker(Waker::noop())) else { return None };
        *state = State::Over;
        Some(outcome)
    }

    fn start_once(&self) -> Result<(), Error> {
        let mut state = locked(&self.state);
        let State::New(mut work) = std::mem::replace(&mut *state, State::Over) else { return Ok(()) };
        let background = Background::acquire()?;
        let (waiter, caller) = (Arc::clone(&self.waiter), background.clone());
        let task = background.spawn(async move {
            let outcome = std::future::poll_fn(|context| polled(&mut work, context)).await;
            caller.call(move || waiter.wake(outcome));
        });
        *state = State::Running(task);
        Ok(())
    }
}

/// A panic inside is an outcome too: whoever waits is told.
fn polled(work: &mut Work, context: &mut Context<'_>) -> Poll<Outcome> {
    catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))).unwrap_or_else(|panic| {
        let error = panicked(&*panic);
        Poll::Ready(Box::new(move |py| guarded(py, || Err(Failure::Core(error)))))
    })
}

impl Waiter {
    /// Runs on a thread of keyrotor's.
    fn wake(&self, outcome: Outcome) {
        // `None`: the interpreter is about to end, and so is the loop.
        gate::attach(|py| {
            let Some((event_loop, future)) = locked(&self.0).take() else { return };
            let result = outcome(py);
            if let Err(error) = hand_over(event_loop.bind(py), future.bind(py), result)
                && !error.is_instance_of::<pyo3::exceptions::PyRuntimeError>(py)
            {
                // A RuntimeError says that the loop is closed: nobody waits there.
                error.write_unraisable(py, Some(future.bind(py)));
            }
        });
    }
}

fn hand_over(
    event_loop: &Bound<'_, PyAny>,
    future: &Bound<'_, PyAny>,
    result: PyResult<Py<PyAny>>,
) -> PyResult<()> {
    static GIVE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static FAIL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = event_loop.py();
    let (settle, outcome) = match result {
        Ok(value) => (GIVE.import(py, "keyrotor._awaiting", "give")?, value.into_bound(py)),
        Err(error) => {
            (FAIL.import(py, "keyrotor._awaiting", "fail")?, error.into_value(py).into_bound(py).into_any())
        }
    };
    let arguments = PyTuple::new(py, [settle, future, &outcome])?;
    event_loop.call_method1(pyo3::intern!(py, "call_soon_threadsafe"), arguments)?;
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
