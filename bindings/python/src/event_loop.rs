//! `AsyncClient`: the client of an event loop, which reads its connections itself.

mod bell;
mod calls;
mod desk;
mod host_loop;
mod lines;
mod opening;
mod pipeline;
mod pubsub;
mod waking;
mod watch;

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

pub(crate) use desk::Desk;
pub(crate) use opening::Opening;
pub(crate) use pipeline::AsyncPipeline;
pub(crate) use pubsub::AsyncPubSub;
pub(crate) use watch::AsyncWatch;

use crate::credential::Credential;
use crate::error::guarded;
use crate::host::HostFunctions;
use crate::pubsub::Feed;
use crate::reply::Texts;
use crate::request::Request;
use crate::routing::Routing;
use crate::script::Script;
use crate::{argument, awaitable, options, status};

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

    /// Sends a command. Await its reply, which comes within the request's timeout, or within `timeout` seconds.
    ///
    /// Arguments are `str`, `bytes`, `bytearray`, `memoryview`, `int` or `float`. Giving up the future does not take
    /// the command back; only one that waits at the server, such as BLPOP, ends with it. `route` says where it goes,
    /// instead of its name and keys. An `idempotent` command is sent again when the connection was lost while it was
    /// under way.
    #[pyo3(signature = (*args, timeout = None, route = None, idempotent = false))]
    fn execute<'py>(
        &self,
        py: Python<'py>,
        args: &Bound<'py, PyTuple>,
        timeout: Option<f64>,
        route: Option<&Bound<'py, Routing>>,
        idempotent: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let command = argument::command(args)?;
            let options = options::of(timeout, route, idempotent)?;
            Desk::post(self.desk.bind(py), &self.client, |number| match options {
                None => self.client.post(command, number),
                Some(options) => self.client.post_with(command, options, number),
            })
        })
    }

    /// Collects commands that are sent in one piece; with `atomic`, as a transaction.
    #[pyo3(signature = (atomic = false))]
    fn pipeline(&self, py: Python<'_>, atomic: bool) -> AsyncPipeline {
        let (desk, functions) = (self.desk.clone_ref(py), self.functions.clone_ref(py));
        AsyncPipeline::new(self.client.clone(), desk, functions, atomic)
    }

    /// `execute` where the caller says where it goes, instead of where the command's name and keys say.
    #[pyo3(signature = (routing, /, *args))]
    fn execute_on<'py>(
        &self,
        py: Python<'py>,
        routing: &Routing,
        args: &Bound<'py, PyTuple>,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let (command, routing) = (argument::command(args)?, routing.routing().clone());
            Desk::post(self.desk.bind(py), &self.client, |number| {
                self.client.post_on(command, routing, number)
            })
        })
    }

    /// Runs a script by its digest, and sends it whole where the server does not have it. Await its reply.
    /// `timeout`, `route` and `idempotent` are those of `execute`.
    #[pyo3(signature = (script, /, keys = None, args = None, *, timeout = None, route = None, idempotent = false))]
    #[expect(clippy::too_many_arguments, reason = "each of them is a keyword of Python's")]
    fn execute_script<'py>(
        &self,
        py: Python<'py>,
        script: &Script,
        keys: Option<&Bound<'py, PyAny>>,
        args: Option<&Bound<'py, PyAny>>,
        timeout: Option<f64>,
        route: Option<&Bound<'py, Routing>>,
        idempotent: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let (keys, args) = (argument::texts_of(keys)?, argument::texts_of(args)?);
            let (script, options) = (script.script().clone(), options::of(timeout, route, idempotent)?);
            Desk::post(self.desk.bind(py), &self.client, |number| {
                self.client.post_script(script, keys, args, options.unwrap_or_default(), number)
            })
        })
    }

    /// Puts keys under watch, for a transaction that runs only if nobody changes them. Await the `AsyncWatch`.
    #[pyo3(signature = (*keys))]
    fn watch<'py>(&self, py: Python<'py>, keys: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let (keys, client) = (argument::texts(keys)?, self.client.clone());
            let (desk, functions) = (self.desk.clone_ref(py), self.functions.clone_ref(py));
            let watching = {
                let client = client.clone();
                async move { client.watch(&keys).await }
            };
            Ok(awaitable::coroutine(py, watching, move |py, watch| {
                Ok(Py::new(py, AsyncWatch::new(watch, client, desk, functions))?.into_any())
            })?)
        })
    }

    /// Await a new subscriber, an `AsyncPubSub`, with a connection of its own and no subscriptions yet.
    fn pubsub<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let client = self.client.clone();
            let (desk, functions) = (self.desk.clone_ref(py), self.functions.clone_ref(py));
            let connecting = {
                let client = client.clone();
                async move { client.subscriber().await }
            };
            Ok(awaitable::coroutine(py, connecting, move |py, subscriber| {
                let feed = Feed::new(client, subscriber);
                Ok(Py::new(py, AsyncPubSub::new(feed, desk, functions))?.into_any())
            })?)
        })
    }

    /// What comes by the subscriptions of the request; `None` where it has none.
    #[getter]
    fn subscriptions(&self, py: Python<'_>) -> PyResult<Option<AsyncPubSub>> {
        guarded(py, || {
            let (desk, functions) = (self.desk.clone_ref(py), self.functions.clone_ref(py));
            Ok(Feed::of_request(&self.client).map(|feed| AsyncPubSub::new(feed, desk, functions)))
        })
    }

    /// Fetches a new token now; the connections use it at their next login.
    fn refresh<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.clone();
        let refreshing = async move {
            // As with a manager's: the loop has its turn in between.
            awaitable::elsewhere().await;
            client.refresh().await
        };
        awaitable::coroutine(py, refreshing, Credential::into_python)
    }

    /// Logs the live connections in again, each with a newer token than that of its last login. Connections that wait at
    /// the server, hold keys under watch or are subscribed with RESP2 keep the login they have.
    fn reauthenticate_now<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.clone();
        awaitable::coroutine(py, async move { client.reauthenticate_now().await }, |py, ()| Ok(py.None()))
    }

    /// Logs in with another password from the next connection on; with `immediately`, the live connections too. For
    /// clients that log in with a password.
    #[pyo3(signature = (password, /, *, immediately = false))]
    fn update_password<'py>(
        &self,
        py: Python<'py>,
        password: String,
        immediately: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let client = self.client.clone();
        let updating = async move { client.update_password(password, immediately).await };
        awaitable::coroutine(py, updating, |py, ()| Ok(py.None()))
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
