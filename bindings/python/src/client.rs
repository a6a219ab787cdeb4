//! `Client` for Python.

use keyrotor::host::Hosting;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};

use crate::credential::Credential;
use crate::error::{attend, guarded, wait};
use crate::host::HostFunctions;
use crate::pipeline::Pipeline;
use crate::pubsub::{Feed, PubSub};
use crate::reply::{self, Texts};
use crate::request::Request;
use crate::routing::Routing;
use crate::script::Script;
use crate::watch::Watch;
use crate::{argument, options, status};

/// A Redis and Valkey client whose connection stays logged in. Made by `connect`.
///
/// Any number of threads may share it. Calls wait without the GIL, and Ctrl-C ends the waiting. It raises
/// `keyrotor.Error`.
#[pyclass(frozen, weakref, module = "keyrotor")]
pub(crate) struct Client {
    client: keyrotor::Client,
    texts: Texts,
    functions: HostFunctions,
}

#[pymethods]
impl Client {
    /// Connects and logs in.
    ///
    /// `request` is a whole `ConnectionRequest` as a dict, as JSON (`str`) or as protobuf (`bytes`); or leave it
    /// out and give its fields as keywords (see `keyrotor.ConnectionFields`). `callbacks` hands over the functions
    /// that it names. With `decode`, texts in replies are
    /// `str` in place of `bytes`.
    #[staticmethod]
    #[pyo3(signature = (request = None, /, *, decode = false, callbacks = None, **fields))]
    fn connect<'py>(
        py: Python<'py>,
        request: Option<&Bound<'py, PyAny>>,
        decode: bool,
        callbacks: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let request = Request::connection(py, request, fields, callbacks)?;
            let (bytes, format, callbacks) = (request.bytes(), request.format(), request.callbacks()?);
            let client = wait(py, || keyrotor::Client::hosted(bytes, format, &callbacks, Hosting::Callers))?;
            let texts = if decode { Texts::Str } else { Texts::Bytes };
            Ok(Self { client, texts, functions: request.into_functions() })
        })
    }

    /// Sends a command and waits for its reply, for as long as the request's timeout allows, or for `timeout` seconds.
    ///
    /// Arguments are `str`, `bytes`, `bytearray`, `memoryview`, `int` or `float`. `route` says where it goes, instead of its
    /// name and keys. An `idempotent` command is sent again when the connection was lost while it was under way.
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
            let value = match options::of(timeout, route, idempotent)? {
                None => attend(py, || self.client.execute(&command))?,
                Some(options) => attend(py, || self.client.execute_with(&command, &options))?,
            };
            reply::to_python(py, value, self.texts)
        })
    }

    /// Collects commands that are sent in one piece; with `atomic`, as a transaction.
    #[pyo3(signature = (atomic = false))]
    fn pipeline(&self, py: Python<'_>, atomic: bool) -> Pipeline {
        Pipeline::new(self.client.clone(), self.functions.clone_ref(py), self.texts, atomic)
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
            let command = argument::command(args)?;
            let value = attend(py, || self.client.execute_on(&command, routing.routing()))?;
            reply::to_python(py, value, self.texts)
        })
    }

    /// Runs a script by its digest, and sends it whole where the server does not have it.
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
            let (script, options) =
                (script.script(), options::of(timeout, route, idempotent)?.unwrap_or_default());
            let value = attend(py, || self.client.execute_script_with(script, &keys, &args, &options))?;
            reply::to_python(py, value, self.texts)
        })
    }

    /// Puts keys under watch, for a transaction that runs only if nobody changes them.
    #[pyo3(signature = (*keys))]
    fn watch(&self, py: Python<'_>, keys: &Bound<'_, PyTuple>) -> PyResult<Watch> {
        guarded(py, || {
            let keys = argument::texts(keys)?;
            let watch = attend(py, || self.client.watch(&keys))?;
            Ok(Watch::new(watch, self.client.clone(), self.functions.clone_ref(py), self.texts))
        })
    }

    /// A new subscriber, with a connection of its own and no subscriptions yet.
    fn pubsub(&self, py: Python<'_>) -> PyResult<PubSub> {
        guarded(py, || {
            let subscriber = wait(py, || self.client.subscriber())?;
            let feed = Feed::new(self.client.clone(), subscriber);
            Ok(PubSub::new(feed, self.functions.clone_ref(py), self.texts))
        })
    }

    /// What comes by the subscriptions of the request; `None` where it has none.
    #[getter]
    fn subscriptions(&self, py: Python<'_>) -> PyResult<Option<PubSub>> {
        guarded(py, || {
            let feed = Feed::of_request(&self.client);
            Ok(feed.map(|feed| PubSub::new(feed, self.functions.clone_ref(py), self.texts)))
        })
    }

    /// Fetches a new token now; the connections use it at their next login.
    fn refresh(&self, py: Python<'_>) -> PyResult<Credential> {
        guarded(py, || Ok(wait(py, || self.client.refresh())?.into()))
    }

    /// Logs the live connections in again, each with a newer token than that of its last login. Connections that wait at
    /// the server, hold keys under watch or are subscribed with RESP2 keep the login they have.
    fn reauthenticate_now(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || wait(py, || self.client.reauthenticate_now()))
    }

    /// Logs in with another password from the next connection on; with `immediately`, the live connections too. For
    /// clients that log in with a password.
    #[pyo3(signature = (password, /, *, immediately = false))]
    fn update_password(&self, py: Python<'_>, password: String, immediately: bool) -> PyResult<()> {
        guarded(py, || wait(py, || self.client.update_password(password, immediately)))
    }

    /// How the login's token stands; `None` where the client does not log in.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyDict>>> {
        guarded(py, || Ok(self.client.status().map(|now| status::status(py, &now)).transpose()?))
    }

    /// What happened so far.
    fn stats<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || Ok(status::stats(py, &self.client.stats())?))
    }

    /// Closes the connection and ends all background work; calls that wait get `ClosedError`. Harmless when
    /// repeated.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || {
            self.client.close();
            Ok(())
        })
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, py: Python<'_>, _exception: &Bound<'_, PyAny>) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || {
            let stats = self.client.stats();
            Ok(format!("<keyrotor.Client {} commands, {} reconnects>", stats.commands, stats.reconnects))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.functions.traverse(&visit)
    }

    fn __clear__(&self) {
        self.client.close();
    }
}
