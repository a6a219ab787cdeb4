//! The boundary itself: the core's errors and panics become `keyrotor.Error`, and whoever waits can be
//! interrupted.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use keyrotor::proto::ErrorDetail;
use keyrotor::{Code, Error, host};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::status;

/// Why a call ended: the core says so, or Python does (`KeyboardInterrupt`, `MemoryError`).
pub(crate) enum Failure {
    Core(Error),
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

/// Runs what a Python call asked for. A panic in it is an `InternalError`: pyo3's own `PanicException` is no
/// `Exception`, so that `except Exception` would miss it.
pub(crate) fn guarded<T>(py: Python<'_>, body: impl FnOnce() -> Result<T, Failure>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Failure::Core(error))) => Err(raised(py, &error)),
        Ok(Err(Failure::Python(error))) => Err(error),
        Err(panic) => Err(raised(py, &panicked(&*panic))),
    }
}

/// Waits for a future of the core without the GIL, until a signal's handler raises. The future is made on the
/// spot, since it need not be one that could move to another thread.
pub(crate) fn wait<T: Send, F>(py: Python<'_>, begin: impl FnOnce() -> F + Send) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Error>>,
{
    Ok(py.detach(|| host::wait(begin(), interrupted))??)
}

/// [`wait`] for a call of a client's: the calling thread reads the reply itself.
pub(crate) fn attend<T: Send, F>(py: Python<'_>, begin: impl FnOnce() -> F + Send) -> Result<T, Failure>
where
    F: Future<Output = Result<T, Error>>,
{
    Ok(py.detach(|| host::attend(begin(), interrupted))??)
}

/// Lets Python run the handlers of the signals that came in, so that Ctrl-C ends the waiting.
pub(crate) fn interrupted() -> Result<(), Failure> {
    match Python::try_attach(|py| py.check_signals()) {
        Some(outcome) => Ok(outcome?),
        None => Err(Error::new(Code::Cancelled, "the interpreter is shutting down").into()),
    }
}

/// The instance of `keyrotor.Error` for an error of the core, to raise or to hand out.
pub(crate) fn instance<'py>(py: Python<'py>, detail: &ErrorDetail) -> PyResult<Bound<'py, PyAny>> {
    static FROM_DETAIL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let convert = FROM_DETAIL.import(py, "keyrotor.errors", "from_detail")?;
    convert.call1((status::detail(py, detail)?,))
}

fn raised(py: Python<'_>, error: &Error) -> PyErr {
    let raised = instance(py, &error.detail()).map_or_else(|error| error, PyErr::from_value);
    if let Some(cause) = crate::host::cause(py, error) {
        raised.set_cause(py, Some(cause));
    }
    raised
}

pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text =
        panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    let text = text.unwrap_or("no message");
    Error::new(Code::Internal, format!("internal error, please report it: keyrotor panicked: {text}"))
}

/// Panics, so that a test can see what becomes of a panic. In debug builds only.
#[cfg(debug_assertions)]
#[pyfunction]
pub(crate) fn panic_on_purpose(py: Python<'_>) -> PyResult<()> {
    #[expect(clippy::panic, reason = "it is what the function is for")]
    guarded(py, || panic!("on purpose"))
}
