//! A client that is being connected, on an event loop.

use std::sync::{Mutex, OnceLock, PoisonError};

use keyrotor::{Callbacks, Error, Format};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use zeroize::Zeroizing;

use super::AsyncClient;
use super::desk::Desk;
use crate::awaitable;
use crate::error::guarded;
use crate::host::HostFunctions;
use crate::reply::Texts;
use crate::request::Request;

/// What `keyrotor._event_loop.connect` works with.
#[pyclass(frozen, module = "keyrotor._native")]
pub(crate) struct Opening {
    wanted: Mutex<Option<Wanted>>,
    texts: Texts,
    desk: OnceLock<Py<Desk>>,
}

struct Wanted {
    /// A request may hold a password.
    request: Zeroizing<Vec<u8>>,
    format: Format,
    callbacks: Callbacks,
    functions: HostFunctions,
}

impl Opening {
    pub(super) fn new(request: Request<'_>, texts: Texts) -> PyResult<Self> {
        let wanted = Wanted {
            request: Zeroizing::new(request.bytes().to_vec()),
            format: request.format(),
            callbacks: request.callbacks()?,
            functions: request.into_functions(),
        };
        Ok(Self { wanted: Mutex::new(Some(wanted)), texts, desk: OnceLock::new() })
    }

    /// Connects on the loop that awaits it.
    pub(super) fn coroutine(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        static CONNECT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        CONNECT.import(py, "keyrotor._event_loop", "connect")?.call1((self,))
    }
}

#[pymethods]
impl Opening {
    /// Has this loop, which is running, hear of what happens.
    fn begin(&self, event_loop: &Bound<'_, PyAny>) -> PyResult<()> {
        guarded(event_loop.py(), || {
            let desk = Desk::new(event_loop, self.texts)?;
            // One coroutine runs once.
            let _ = self.desk.set(desk);
            Ok(())
        })
    }

    /// The client, to be awaited.
    fn client<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
            let (Some(wanted), Some(desk)) = (wanted, self.desk.get()) else {
                return Err(Error::new(keyrotor::Code::Internal, "an opening that was begun twice").into());
            };
            let Wanted { request, format, callbacks, functions } = wanted;
            let (hosting, desk) = (desk.get().hosting(), desk.clone_ref(py));
            let connecting = async move {
                // Not on the loop's thread: certificates are read from files.
                awaitable::elsewhere().await;
                keyrotor::Client::hosted(&request, format, &callbacks, hosting).await
            };
            let coroutine = awaitable::coroutine(py, connecting, move |py, client| {
                Ok(Py::new(py, AsyncClient { client, desk, functions })?.into_any())
            });
            Ok(coroutine?)
        })
    }

    /// Nothing came of it. On the thread of the loop.
    fn abandon(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || match self.desk.get() {
            Some(desk) => Ok(Desk::abandon(desk.bind(py))?),
            None => Ok(()),
        })
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(self.desk.get())?;
        // The collector must not wait. What it does not see, it keeps.
        let Ok(wanted) = self.wanted.try_lock() else { return Ok(()) };
        wanted.as_ref().map_or(Ok(()), |wanted| wanted.functions.traverse(&visit))
    }

    fn __clear__(&self) {
        let wanted = self.wanted.lock().unwrap_or_else(PoisonError::into_inner).take();
        drop(wanted);
    }
}
