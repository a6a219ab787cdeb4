//! `AsyncPubSub`: what comes to subscribed channels, for coroutines that await it.

use std::sync::Arc;

use keyrotor::{Error, Subscriber};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use super::desk::Desk;
use crate::error::guarded;
use crate::host::HostFunctions;
use crate::pubsub::{Feed, event_to_python};
use crate::{argument, awaitable};

/// What comes to subscribed channels and patterns, on a connection of its own. Made by `AsyncClient.pubsub`.
///
/// `async for` takes its events: each is a `keyrotor.Message`, `keyrotor.Gap` or `keyrotor.Interrupted`. Any number of
/// tasks of the loop may share it; each event goes to one of them.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct AsyncPubSub {
    feed: Arc<Feed>,
    desk: Py<Desk>,
    functions: HostFunctions,
}

impl AsyncPubSub {
    pub(super) fn new(feed: Feed, desk: Py<Desk>, functions: HostFunctions) -> Self {
        Self { feed: Arc::new(feed), desk, functions }
    }

    /// A coroutine for one change of what is subscribed.
    fn change<'py, F>(
        &self,
        names: &Bound<'py, PyTuple>,
        change: impl FnOnce(Arc<Feed>, Vec<Vec<u8>>) -> F,
    ) -> PyResult<Bound<'py, PyAny>>
    where
        F: Future<Output = Result<(), Error>> + Send + 'static,
    {
        let py = names.py();
        guarded(py, || {
            let names = argument::texts(names)?;
            Ok(awaitable::coroutine(py, change(Arc::clone(&self.feed), names), |py, ()| Ok(py.None()))?)
        })
    }

    fn subscriber(&self) -> Result<&Subscriber, Error> {
        self.feed.subscriber()
    }
}

#[pymethods]
impl AsyncPubSub {
    /// Subscribes to channels. Await the server's confirmation; while there is no connection it waits for the next one,
    /// within the request's timeout.
    #[pyo3(signature = (*channels))]
    fn subscribe<'py>(&self, channels: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.change(channels, |feed, names| async move { feed.subscriber()?.subscribe(&names).await })
    }

    /// `subscribe` to all channels that match a pattern.
    #[pyo3(signature = (*patterns))]
    fn psubscribe<'py>(&self, patterns: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.change(patterns, |feed, names| async move { feed.subscriber()?.psubscribe(&names).await })
    }

    /// Ends subscriptions to these channels. Messages that have come may still be taken.
    #[pyo3(signature = (*channels))]
    fn unsubscribe<'py>(&self, channels: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.change(channels, |feed, names| async move { feed.subscriber()?.unsubscribe(&names).await })
    }

    /// Ends subscriptions to these patterns.
    #[pyo3(signature = (*patterns))]
    fn punsubscribe<'py>(&self, patterns: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        self.change(patterns, |feed, names| async move { feed.subscriber()?.punsubscribe(&names).await })
    }

    /// Await the next event, for `timeout` seconds at most; `None` where none came. Cancelling it loses nothing. Raises
    /// `ClosedError` after the close, when everything that had come was taken.
    #[pyo3(signature = (timeout = None))]
    fn get<'py>(this: Bound<'py, Self>, timeout: Option<f64>) -> PyResult<Bound<'py, PyAny>> {
        static GET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let py = this.py();
        guarded(py, || {
            timeout.map(argument::seconds).transpose()?;
            Ok(GET.import(py, "keyrotor.pubsub", "_get")?.call1((this, timeout))?)
        })
    }

    /// What has come and nobody took, without waiting.
    fn take<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        guarded(py, || {
            let came = self.subscriber()?.take()?;
            came.map(|event| event_to_python(py, event, self.desk.get().texts())).transpose()
        })
    }

    /// Await that there is something to take. It takes nothing: what is on its way to a coroutine that was cancelled
    /// would be lost.
    fn arrival<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let feed = Arc::clone(&self.feed);
        let arriving = async move {
            feed.subscriber()?.ready().await;
            Ok(())
        };
        awaitable::coroutine(py, arriving, |py, ()| Ok(py.None()))
    }

    fn __aiter__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Ends after the close, when everything that had come was taken.
    fn __anext__<'py>(this: Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        static NEXT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        NEXT.import(this.py(), "keyrotor.pubsub", "_next")?.call1((this,))
    }

    /// Closes its connection; iterations end. Harmless when repeated.
    fn close<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            self.feed.close();
            Ok(self.desk.get().settled(py.None().bind(py))?)
        })
    }

    fn __aenter__(this: Bound<'_, Self>) -> PyResult<Bound<'_, PyAny>> {
        this.get().desk.get().settled(this.as_any())
    }

    #[pyo3(signature = (*_exception))]
    fn __aexit__<'py>(&self, py: Python<'py>, _exception: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.close(py)
    }

    fn __repr__(&self) -> &'static str {
        "<keyrotor.AsyncPubSub>"
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.desk)?;
        self.functions.traverse(&visit)
    }
}
