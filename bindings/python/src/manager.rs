//! `TokenManager` for Python.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use keyrotor::{Code, Error};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString};

use crate::awaitable;
use crate::credential::Credential;
use crate::error::{Failure, guarded, interrupted, wait};
use crate::host::HostFunctions;
use crate::request::Request;
use crate::status;
use crate::subscription::{Subscribers, Subscription};

/// Keeps one identity's token fresh.
///
/// `request` is an `ElastiCache`, `MemoryDB`, `Rds`, `Dsql`, `EntraId`, `Password` or `Callback`, or a whole
/// `TokenManagerRequest` as a dict, as JSON (`str`) or as protobuf (`bytes`). A request may name functions that
/// `callbacks` hands over. With `lazy_refresh` there is no background work: tokens are renewed while somebody asks.
///
/// >>> with TokenManager(Password(username="app", password="hunter2")) as manager:
/// ...     manager.token(), manager
/// ('hunter2', <keyrotor.TokenManager password fresh, generation 1>)
///
/// Nothing runs before the first use: no thread, no file, no network. Any thread and any event loop may use it. It
/// raises `keyrotor.Error`. What happens to its token is logged to the logger `keyrotor.refresh`.
#[pyclass(frozen, weakref, module = "keyrotor")]
pub(crate) struct TokenManager {
    manager: keyrotor::TokenManager,
    subscribers: Subscribers,
    functions: HostFunctions,
}

impl TokenManager {
    /// A usable credential; where one must be fetched first, waits for it if this thread may wait.
    fn current(&self, py: Python<'_>) -> Result<Arc<keyrotor::Credential>, Failure> {
        if let Some(credential) = self.manager.credential_at_hand() {
            return Ok(credential);
        }
        if on_event_loop(py)? {
            return Ok(py.detach(|| self.manager.credential())?);
        }
        py.detach(|| self.manager.credential_blocking(interrupted))
    }
}

/// Whether this thread runs an event loop of asyncio's, or of what takes its place.
fn on_event_loop(py: Python<'_>) -> PyResult<bool> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    static RUNNING_LOOP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    // Where nobody has imported it, no loop of it runs.
    if !MODULES.import(py, "sys", "modules")?.contains(pyo3::intern!(py, "asyncio"))? {
        return Ok(false);
    }
    // `get_running_loop` would raise where there is none.
    let running = RUNNING_LOOP.import(py, "asyncio", "_get_running_loop")?.call0()?;
    Ok(!running.is_none())
}

#[pymethods]
impl TokenManager {
    #[new]
    #[pyo3(signature = (request, /, *, refresh = None, lazy_refresh = None, callbacks = None))]
    fn new<'py>(
        py: Python<'py>,
        request: &Bound<'py, PyAny>,
        refresh: Option<&Bound<'py, PyAny>>,
        lazy_refresh: Option<&Bound<'py, PyAny>>,
        callbacks: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        guarded(py, || {
            let request = Request::token_manager(request, refresh, lazy_refresh, callbacks)?;
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

    /// The token. Waits where one must be fetched first, without the GIL; Ctrl-C ends the waiting. On a thread that
    /// runs an event loop nothing waits: there the error is `credentials-pending`, and `token_async` is the way.
    fn token<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyString>> {
        guarded(py, || Ok(PyString::new(py, self.current(py)?.secret.expose())))
    }

    /// The token with its user, times and generation; otherwise like `token`.
    fn credential(&self, py: Python<'_>) -> PyResult<Credential> {
        guarded(py, || Ok(self.current(py)?.into()))
    }

    /// Fetches a new token now, whatever the age of the current one; a fetch that is under way is joined. On failure
    /// the current one stays. Waits as `token` does.
    fn refresh(&self, py: Python<'_>) -> PyResult<Credential> {
        guarded(py, || {
            if on_event_loop(py)? {
                let message =
                    "this thread runs an event loop, where nothing may wait; await refresh_async() there";
                return Err(Error::new(Code::CredentialsPending, message).into());
            }
            // To sign takes less than to get Python's lock back may take; so it is let go of for a fetch only.
            let mut refresh = pin!(self.manager.refresh());
            match refresh.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(outcome) => Ok(outcome?.into()),
                Poll::Pending => Ok(wait(py, || refresh)?.into()),
            }
        })
    }

    /// Like `token`, for coroutines: awaits the fetch where one is needed, on whatever event loop runs it.
    ///
    /// >>> import asyncio
    /// >>> async def main():
    /// ...     with TokenManager(Password(username="app", password="hunter2")) as manager:
    /// ...         return await manager.token_async()
    /// >>> asyncio.run(main())
    /// 'hunter2'
    fn token_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let manager = self.manager.clone();
        awaitable::coroutine(py, async move { manager.credential_async().await }, |py, credential| {
            Ok(PyString::new(py, credential.secret.expose()).into_any().unbind())
        })
    }

    /// Like `credential`, for coroutines.
    fn credential_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let manager = self.manager.clone();
        awaitable::coroutine(py, async move { manager.credential_async().await }, Credential::into_python)
    }

    /// Like `refresh`, for coroutines. Cancelling it ends the waiting, not the fetch.
    fn refresh_async<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let manager = self.manager.clone();
        let refreshing = async move {
            // One that is ready at once would never let the loop do anything else, if it is awaited over and over.
            awaitable::elsewhere().await;
            manager.refresh().await
        };
        awaitable::coroutine(py, refreshing, Credential::into_python)
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

    /// >>> from queue import Queue
    /// >>> seen = Queue()
    /// >>> with TokenManager(Password(username="app", password="hunter2")) as manager:
    /// ...     with manager.subscribe(seen.put):
    /// ...         seen.get().user
    /// 'app'
    ///
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
