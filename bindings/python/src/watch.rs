//! `Watch`: transactions that depend on what was read before.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyrotor::{Batch, Code, Error, Value};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::argument;
use crate::error::{Failure, attend, guarded};
use crate::host::HostFunctions;
use crate::pipeline::Pipeline;
use crate::reply::{self, Texts};

/// A watch of the core's until it is over.
pub(crate) struct Held(Mutex<Option<Arc<keyrotor::Watch>>>);

impl Held {
    pub(crate) fn new(watch: keyrotor::Watch) -> Self {
        Self(Mutex::new(Some(Arc::new(watch))))
    }

    /// For one command more.
    pub(crate) fn current(&self) -> Result<Arc<keyrotor::Watch>, Error> {
        self.place().clone().ok_or_else(over)
    }

    /// For its end.
    pub(crate) fn take(&self) -> Result<keyrotor::Watch, Error> {
        let watch = self.place().take().ok_or_else(over)?;
        Arc::into_inner(watch).ok_or_else(|| {
            let message =
                "a command of this watch is under way, so it ends without a transaction; begin again";
            Error::new(Code::Closed, message)
        })
    }

    /// Ends it here and now, with its connection. Harmless when it is over.
    pub(crate) fn give_up(&self) {
        drop(self.place().take());
    }

    pub(crate) fn is_over(&self) -> bool {
        self.place().is_none()
    }

    fn place(&self) -> MutexGuard<'_, Option<Arc<keyrotor::Watch>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn over() -> Error {
    Error::new(Code::Closed, "this watch is over; begin another one")
}

/// The outcome of EXEC; `None` where somebody was faster.
pub(crate) fn outcome<'py>(
    py: Python<'py>,
    replies: Option<Vec<Result<Value, Error>>>,
    texts: Texts,
) -> Result<Option<Bound<'py, PyList>>, Failure> {
    replies.map(|replies| reply::batch(py, replies, texts)).transpose()
}

/// Keys under watch, on a connection of their own until this is over. Made by `Client.watch`.
///
/// It is a context manager, which ends the watch.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct Watch {
    held: Held,
    /// It lives no longer than its client.
    _client: keyrotor::Client,
    functions: HostFunctions,
    texts: Texts,
}

impl Watch {
    pub(crate) fn new(
        watch: keyrotor::Watch,
        client: keyrotor::Client,
        functions: HostFunctions,
        texts: Texts,
    ) -> Self {
        Self { held: Held::new(watch), _client: client, functions, texts }
    }

    fn end(&self, py: Python<'_>) -> Result<(), Failure> {
        let watch = self.held.take()?;
        attend(py, || watch.discard())
    }
}

#[pymethods]
impl Watch {
    /// Sends a command between WATCH and EXEC, a read as a rule, and waits for its reply.
    #[pyo3(signature = (*args))]
    fn execute<'py>(&self, py: Python<'py>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let (command, watch) = (argument::command(args)?, self.held.current()?);
            let value = attend(py, || watch.execute(&command))?;
            reply::to_python(py, value, self.texts)
        })
    }

    /// Runs what the pipeline has as a transaction, and gives the replies as `Pipeline.run` does; `None` where somebody
    /// changed a key under watch: then nothing of it ran. The watch is over either way, and the pipeline is empty.
    #[pyo3(signature = (pipeline, /))]
    fn exec<'py>(&self, py: Python<'py>, pipeline: &Pipeline) -> PyResult<Option<Bound<'py, PyList>>> {
        guarded(py, || {
            let watch = self.held.take()?;
            let batch: Batch = pipeline.take();
            outcome(py, attend(py, || watch.exec(&batch))?, self.texts)
        })
    }

    /// Ends the watch without a transaction. Harmless when it is over.
    fn discard(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || if self.held.is_over() { Ok(()) } else { self.end(py) })
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        guarded(py, || match self.end(py) {
            // However that failed, the watch is over; what the block raised is of more interest.
            Ok(()) | Err(Failure::Core(_)) => Ok(()),
            Err(raised) => Err(raised),
        })
    }

    fn __repr__(&self) -> &'static str {
        if self.held.is_over() { "<keyrotor.Watch, over>" } else { "<keyrotor.Watch>" }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.functions.traverse(&visit)
    }
}
