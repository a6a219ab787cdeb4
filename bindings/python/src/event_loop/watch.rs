//! `AsyncWatch`: an event loop's transactions that depend on what was read before.

use std::sync::Arc;

use keyrotor::Error;
use pyo3::IntoPyObjectExt;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::desk::Desk;
use super::pipeline::AsyncPipeline;
use crate::error::{Failure, guarded};
use crate::host::HostFunctions;
use crate::watch::{Held, outcome};
use crate::{argument, awaitable, reply};

/// Keys under watch, on a connection of their own until this is over. Made by `AsyncClient.watch`.
///
/// It is an asynchronous context manager, which ends the watch. So does cancelling one of its calls: nobody knows what
/// was read.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct AsyncWatch {
    held: Arc<Held>,
    /// It lives no longer than its client.
    _client: keyrotor::Client,
    desk: Py<Desk>,
    functions: HostFunctions,
}

impl AsyncWatch {
    pub(super) fn new(
        watch: keyrotor::Watch,
        client: keyrotor::Client,
        desk: Py<Desk>,
        functions: HostFunctions,
    ) -> Self {
        Self { held: Arc::new(Held::new(watch)), _client: client, desk, functions }
    }

    fn end<'py>(
        &self,
        py: Python<'py>,
        judge: impl FnOnce(Result<(), Error>) -> Result<(), Error> + Send + 'static,
    ) -> Result<Bound<'py, PyAny>, Failure> {
        let watch = self.held.take();
        let ending = async move {
            let ended = match watch {
                Ok(watch) => watch.discard().await,
                Err(error) => Err(error),
            };
            judge(ended)
        };
        Ok(awaitable::coroutine(py, ending, |py, ()| Ok(py.None()))?)
    }
}

#[pymethods]
impl AsyncWatch {
    /// Sends a command between WATCH and EXEC, a read as a rule. Await its reply.
    #[pyo3(signature = (*args))]
    fn execute<'py>(&self, py: Python<'py>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let (command, watch) = (argument::command(args)?, self.held.current()?);
            let texts = self.desk.get().texts();
            let executing = async move { watch.execute(&command).await };
            let convert =
                move |py: Python<'_>, value| guarded(py, || Ok(reply::to_python(py, value, texts)?.unbind()));
            let held = Arc::clone(&self.held);
            Ok(awaitable::coroutine_or(py, executing, convert, move || held.give_up())?)
        })
    }

    /// Runs what the pipeline has as a transaction. Await the replies as of `AsyncPipeline.run`; `None` where somebody
    /// changed a key under watch: then nothing of it ran. The watch is over either way, and the pipeline is empty.
    #[pyo3(signature = (pipeline, /))]
    fn exec<'py>(&self, py: Python<'py>, pipeline: &AsyncPipeline) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let (watch, batch) = (self.held.take()?, pipeline.take());
            let texts = self.desk.get().texts();
            let executing = async move { watch.exec(&batch).await };
            Ok(awaitable::coroutine(py, executing, move |py, replies| {
                guarded(py, || Ok(outcome(py, replies, texts)?.into_py_any(py)?))
            })?)
        })
    }

    /// Ends the watch without a transaction. Harmless when it is over.
    fn discard<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || match self.held.is_over() {
            true => Ok(self.desk.get().settled(py.None().bind(py))?),
            false => self.end(py, |ended| ended),
        })
    }

    fn __aenter__(this: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        this.get().desk.get().settled(this.as_any())
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(&self, py: Python<'py>, _exception: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        // However that failed, the watch is over; what the block raised is of more interest.
        guarded(py, || self.end(py, |_| Ok(())))
    }

    fn __repr__(&self) -> &'static str {
        if self.held.is_over() { "<keyrotor.AsyncWatch, over>" } else { "<keyrotor.AsyncWatch>" }
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.desk)?;
        self.functions.traverse(&visit)
    }
}
