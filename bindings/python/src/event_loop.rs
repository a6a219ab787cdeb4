//! `AsyncClient`: the client of an event loop, which reads its connections itself.

mod bell;
mod calls;
mod desk;
mod host_loop;
mod lines;
mod opening;
mod pipeline;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

pub(crate) use desk::Desk;
pub(crate) use opening::Opening;
pub(crate) use pipeline::AsyncPipeline;

use crate::error::guarded;
use crate::host::HostFunctions;
use crate::reply::Texts;
use crate::request::Request;
use crate::{argument, status};

/// A Redis and Valkey client for one event loop, whose connection stays logged in. Made by `connect`.
///
/// Any number of tasks of the loop may share it; other threads may not. It raises `keyrotor.Error`.
#[pyclass(frozen, weakref, module = "keyrotor")]
pub(crate) struct AsyncClient {
    client: keyrotor::Client,
    desk: Py<Desk>,
    functions: HostFunctions,
}

#[pymethods]
impl AsyncClient {
    /// Connects and logs in, on the event loop that awaits this.
    ///
    /// `request` is a whole `ConnectionRequest` as a dict, as JSON (`str`) or as protobuf (`bytes`); or leave it
    /// out and give its fields as keywords (see `keyrotor.ConnectionFields`). `callbacks` hands over the functions
    /// that it names. With `decode`, texts in replies are `str` in place of `bytes`.
    #[staticmethod]
    #[pyo3(signature = (request = None, /, *, decode = false, callbacks = None, **fields))]
    fn connect<'py>(
        py: Python<'py>,
        request: Option<&Bound<'py, PyAny>>,
        decode: bool,
        callbacks: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let request = Request::connection(py, request, fields, callbacks)?;
            let texts = if decode { Texts::Str } else { Texts::Bytes };
            Ok(Opening::new(request, texts)?.coroutine(py)?)
        })
    }

    /// Sends a command. Await its reply, which comes within the request's timeout.
    ///
    /// Arguments are `str`, `bytes`, `bytearray`, `memoryview`, `int` or `float`. Giving up the future does not take
    /// the command back; only one that waits at the server, such as BLPOP, ends with it.
    #[pyo3(signature = (*args))]
    fn execute<'py>(&self, py: Python<'py>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let command = argument::command(args)?;
            Desk::post(self.desk.bind(py), &self.client, |number| self.client.post(command, number))
        })
    }

    /// Collects commands that are sent in one piece; with `atomic`, as a transaction.
    #[pyo3(signature = (atomic = false))]
    fn pipeline(&self, py: Python<'_>, atomic: bool) -> AsyncPipeline {
        let (desk, functions) = (self.desk.clone_ref(py), self.functions.clone_ref(py));
        AsyncPipeline::new(self.client.clone(), desk, functions, atomic)
    }

    /// How the login's token stands; `None` where the client does not log in.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        guarded(py, || Ok(self.client.status().map(|now| status::status(py, &now)).transpose()?))
    }

    /// What happened so far.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || Ok(status::stats(py, &self.client.stats())?))
    }

    /// Closes the connection and ends all background work; calls that wait get `ClosedError`. Await it to see
    /// everything gone. Harmless when repeated.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            self.client.close();
            Desk::close(self.desk.bind(py))
        })
    }

    fn __aenter__(this: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        this.get().desk.get().settled(this.as_any())
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(&self, py: Python<'py>, _exception: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.close(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || {
            let stats = self.client.stats();
            Ok(format!("<keyrotor.AsyncClient {} commands, {} reconnects>", stats.commands, stats.reconnects))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.desk)?;
        self.functions.traverse(&visit)
    }

    fn __clear__(&self) {
        self.client.close();
    }
}

impl Drop for AsyncClient {
    fn drop(&mut self) {
        self.client.close();
        self.desk.get().leave();
    }
}
