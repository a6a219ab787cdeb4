//! `TokenManager` for Python.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::credential::Credential;
use crate::error::{guarded, interrupted, wait};
use crate::host::HostFunctions;
use crate::request::Request;
use crate::status;
use crate::subscription::{Subscribers, Subscription};

/// Keeps one identity's token fresh.
///
/// `request` is an `ElastiCache`, `MemoryDB`, `Rds`, `Dsql` or `Password`, or a whole `TokenManagerRequest` as a
/// dict, as JSON (`str`) or as protobuf (`bytes`); or a `Callback`. A request may name functions that `callbacks`
/// hands over. Nothing runs before the first use: no thread, no file, no
/// network. Any thread may use it. It raises `keyrotor.Error`.
#[pyclass(frozen, weakref, module = "keyrotor")]
pub(crate) struct TokenManager {
    manager: keyrotor::TokenManager,
    subscribers: Subscribers,
    functions: HostFunctions,
}

#[pymethods]
impl TokenManager {
    #[new]
    #[pyo3(signature = (request, /, *, refresh = None, callbacks = None))]
    fn new<'py>(
        py: Python<'py>,
        request: &Bound<'py, PyAny>,
        refresh: Option<&Bound<'py, PyAny>>,
        callbacks: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let request = Request::token_manager(request, refresh, callbacks)?;
            let callbacks = request.callbacks()?;
            let manager =
                keyrotor::TokenManager::from_request_with(request.bytes(), request.format(), &callbacks)?;
            let functions = request.into_functions();
            Ok(Self { manager, subscribers: Subscribers::default(), functions })
        })
    }

    /// Begins with the first fetch, for whoever wants it done before the first call. Harmless when repeated.
    fn start(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || Ok(self.manager.start()?))
    }

    /// The token. Waits where one must be fetched first, without the GIL; Ctrl-C ends the waiting.
    fn token(&self, py: Python<'_>) -> PyResult<String> {
        guarded(py, || {
            let credential = py.detach(|| self.manager.credential_blocking(interrupted))?;
            Ok(credential.secret.expose().to_owned())
        })
    }

    /// The token with its user, times and generation; otherwise like `token`.
    fn credential(&self, py: Python<'_>) -> PyResult<Credential> {
        guarded(py, || Ok(py.detach(|| self.manager.credential_blocking(interrupted))?.into()))
    }

    /// Fetches a new token now, whatever the age of the current one; on failure the current one stays.
    fn refresh(&self, py: Python<'_>) -> PyResult<Credential> {
        guarded(py, || Ok(wait(py, || self.manager.refresh())?.into()))
    }

    /// Tells the manager that a server refused this generation: it is not handed out again.
    fn reject(&self, py: Python<'_>, generation: u64) -> PyResult<()> {
        guarded(py, || {
            self.manager.reject(generation);
            Ok(())
        })
    }

    /// Tells the manager that a server took this generation, which ends the pauses after refusals.
    fn accept(&self, py: Python<'_>, generation: u64) -> PyResult<()> {
        guarded(py, || {
            self.manager.accept(generation);
            Ok(())
        })
    }

    /// Calls `callback(credential)` with the current credential, then with each newer one, on a thread of
    /// keyrotor's, one call at a time. What it raises is logged to the logger `keyrotor`.
    #[pyo3(signature = (callback, /))]
    fn subscribe(this: &Bound<'_, Self>, callback: Py<PyAny>) -> PyResult<Subscription> {
        let Self { manager, subscribers, .. } = this.get();
        guarded(this.py(), || subscribers.add(this, manager, callback))
    }

    /// How it stands, without touching anything.
    fn status<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        guarded(py, || Ok(status::status(py, &self.manager.status())?))
    }

    /// Ends the background work and all subscriptions; whoever waits gets `ClosedError`. Harmless when repeated.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || {
            self.manager.close();
            self.subscribers.close();
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
            let status = self.manager.status();
            let state = status.state().as_str_name().to_ascii_lowercase();
            Ok(format!("<keyrotor.TokenManager {} {state}, generation {}>", status.source, status.generation))
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.functions.traverse(&visit)?;
        self.subscribers.traverse(&visit)
    }

    fn __clear__(&self) {
        self.subscribers.close();
    }
}
