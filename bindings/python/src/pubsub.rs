//! `PubSub`: what comes to subscribed channels, for threads that wait for it.

use keyrotor::{Code, Error, Gap, PubSubEvent, PubSubMessage, Subscriber};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::argument;
use crate::error::{Failure, attend, guarded, instance};
use crate::host::HostFunctions;
use crate::reply::{self, Texts};

/// A subscriber, and the client that it lives by.
pub(crate) struct Feed {
    client: keyrotor::Client,
    /// `None`: that of the client's own request.
    own: Option<Subscriber>,
}

impl Feed {
    pub(crate) fn new(client: keyrotor::Client, own: Subscriber) -> Self {
        Self { client, own: Some(own) }
    }

    /// Of the request's own subscriptions, where it has any.
    pub(crate) fn of_request(client: &keyrotor::Client) -> Option<Self> {
        client.request_subscriber().map(|_| Self { client: client.clone(), own: None })
    }

    pub(crate) fn subscriber(&self) -> Result<&Subscriber, Error> {
        let subscriber = self.own.as_ref().or_else(|| self.client.request_subscriber());
        subscriber.ok_or_else(|| Error::new(Code::Internal, "a feed without a subscriber"))
    }

    pub(crate) fn close(&self) {
        if let Ok(subscriber) = self.subscriber() {
            subscriber.close();
        }
    }
}

/// What comes to subscribed channels and patterns, on a connection of its own. Made by `Client.pubsub`.
///
/// It is iterated over: each event is a `keyrotor.Message`, `keyrotor.Gap` or `keyrotor.Interrupted`. Any number of
/// threads may share it; each event goes to one of them.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct PubSub {
    feed: Feed,
    functions: HostFunctions,
    texts: Texts,
}

impl PubSub {
    pub(crate) fn new(feed: Feed, functions: HostFunctions, texts: Texts) -> Self {
        Self { feed, functions, texts }
    }
}

#[pymethods]
impl PubSub {
    /// Subscribes to channels. Returns when the server has confirmed it; while there is no connection it waits for the
    /// next one, within the request's timeout.
    #[pyo3(signature = (*channels))]
    fn subscribe(&self, py: Python<'_>, channels: &Bound<'_, PyTuple>) -> PyResult<()> {
        guarded(py, || {
            let (subscriber, channels) = (self.feed.subscriber()?, argument::texts(channels)?);
            attend(py, || subscriber.subscribe(&channels))
        })
    }

    /// `subscribe` to all channels that match a pattern.
    #[pyo3(signature = (*patterns))]
    fn psubscribe(&self, py: Python<'_>, patterns: &Bound<'_, PyTuple>) -> PyResult<()> {
        guarded(py, || {
            let (subscriber, patterns) = (self.feed.subscriber()?, argument::texts(patterns)?);
            attend(py, || subscriber.psubscribe(&patterns))
        })
    }

    /// Ends subscriptions to these channels. Messages that have come may still be taken.
    #[pyo3(signature = (*channels))]
    fn unsubscribe(&self, py: Python<'_>, channels: &Bound<'_, PyTuple>) -> PyResult<()> {
        guarded(py, || {
            let (subscriber, channels) = (self.feed.subscriber()?, argument::texts(channels)?);
            attend(py, || subscriber.unsubscribe(&channels))
        })
    }

    /// Ends subscriptions to these patterns.
    #[pyo3(signature = (*patterns))]
    fn punsubscribe(&self, py: Python<'_>, patterns: &Bound<'_, PyTuple>) -> PyResult<()> {
        guarded(py, || {
            let (subscriber, patterns) = (self.feed.subscriber()?, argument::texts(patterns)?);
            attend(py, || subscriber.punsubscribe(&patterns))
        })
    }

    /// The next event. Waits without the GIL, for `timeout` seconds at most; `None` where none came. Ctrl-C ends the
    /// waiting, and loses nothing. Raises `ClosedError` after the close, when everything that had come was taken.
    #[pyo3(signature = (timeout = None))]
    fn get<'py>(&self, py: Python<'py>, timeout: Option<f64>) -> PyResult<Option<Bound<'py, PyAny>>> {
        guarded(py, || {
            let subscriber = self.feed.subscriber()?;
            let came = match timeout {
                None => attend(py, || async { Ok(subscriber.next().await) })?
                    .map_or_else(|| subscriber.take(), |event| Ok(Some(event)))?,
                Some(timeout) => {
                    let within = argument::seconds(timeout)?;
                    attend(py, || subscriber.next_within(within))?
                }
            };
            came.map(|event| event_to_python(py, event, self.texts)).transpose()
        })
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    /// Ends after the close, when everything that had come was taken.
    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        guarded(py, || {
            let subscriber = self.feed.subscriber()?;
            let event = attend(py, || async { Ok(subscriber.next().await) })?;
            event.map(|event| event_to_python(py, event, self.texts)).transpose()
        })
    }

    /// Closes its connection; iterations end. Harmless when repeated.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        guarded(py, || {
            self.feed.close();
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

    fn __repr__(&self) -> &'static str {
        "<keyrotor.PubSub>"
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.functions.traverse(&visit)
    }
}

/// An event as one of the classes of `keyrotor.pubsub`.
pub(crate) fn event_to_python<'py>(
    py: Python<'py>,
    event: PubSubEvent,
    texts: Texts,
) -> Result<Bound<'py, PyAny>, Failure> {
    match event {
        PubSubEvent::Message(message) => message_to_python(py, &message, texts),
        PubSubEvent::Gap(gap) => gap_to_python(py, gap),
        PubSubEvent::Interrupted(error) => {
            static INTERRUPTED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
            let class = INTERRUPTED.import(py, "keyrotor.pubsub", "Interrupted")?;
            Ok(class.call1((instance(py, &error.detail())?,))?)
        }
        _ => Err(Error::new(Code::Internal, "an event of a kind that this version does not know").into()),
    }
}

fn message_to_python<'py>(
    py: Python<'py>,
    message: &PubSubMessage,
    texts: Texts,
) -> Result<Bound<'py, PyAny>, Failure> {
    static MESSAGE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let channel = reply::text(py, &message.channel, texts)?;
    let pattern = message.pattern.as_ref().map(|pattern| reply::text(py, pattern, texts)).transpose()?;
    let payload = reply::text(py, &message.payload, texts)?;
    Ok(MESSAGE.import(py, "keyrotor.pubsub", "Message")?.call1((channel, pattern, payload))?)
}

fn gap_to_python(py: Python<'_>, gap: Gap) -> Result<Bound<'_, PyAny>, Failure> {
    static GAP: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let fields = (gap.last_message, gap.subscribed, gap.dropped);
    Ok(GAP.import(py, "keyrotor.pubsub", "Gap")?.call1(fields)?)
}
