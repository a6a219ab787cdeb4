//! Subscribers: Python functions that are called with each new credential.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyrotor::SubscriptionHandle;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyWeakrefMethods, PyWeakrefReference};

use crate::credential::Credential;
use crate::error::Failure;
use crate::gate;
use crate::manager::TokenManager;

/// One subscriber. It lives until it or its manager is closed, or its manager is collected.
struct Subscriber {
    callback: Mutex<Option<Py<PyAny>>>,
    /// The Python object of the manager, weakly. The core is not seen by Python's collector, which may take a
    /// manager and its callback apart while the core still means to call it. The collector clears weak references
    /// first, so whoever can be reached through this one is whole.
    manager: Py<PyWeakrefReference>,
    handle: Mutex<Option<SubscriptionHandle>>,
}

/// The subscribers of one manager. The manager shows them to Python's collector, since a callback that is a
/// method of whoever holds the manager makes a cycle.
#[derive(Default)]
pub(crate) struct Subscribers(Mutex<Vec<Arc<Subscriber>>>);

impl Subscribers {
    pub(crate) fn add(
        &self,
        object: &Bound<'_, TokenManager>,
        manager: &keyrotor::TokenManager,
        callback: Py<PyAny>,
    ) -> Result<Subscription, Failure> {
        let subscriber = Arc::new(Subscriber {
            callback: Mutex::new(Some(callback)),
            manager: PyWeakrefReference::new(object)?.unbind(),
            handle: Mutex::default(),
        });
        let called = Arc::clone(&subscriber);
        let handle = manager.subscribe_with(move |credential| called.call(credential))?;
        *locked(&subscriber.handle) = Some(handle);
        let mut all = locked(&self.0);
        all.retain(|other| other.is_open());
        all.push(Arc::clone(&subscriber));
        Ok(Subscription(subscriber))
    }

    pub(crate) fn close(&self) {
        // Closing drops Python objects, which may come back here: not under the lock.
        let all = std::mem::take(&mut *locked(&self.0));
        all.iter().for_each(|subscriber| subscriber.close());
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        // The collector must not wait. What it does not see, it keeps.
        let Ok(all) = self.0.try_lock() else { return Ok(()) };
        for subscriber in all.iter() {
            if let Ok(callback) = subscriber.callback.try_lock() {
                visit.call(&*callback)?;
            }
        }
        Ok(())
    }
}

impl Drop for Subscribers {
    fn drop(&mut self) {
        self.close();
    }
}

impl Subscriber {
    fn is_open(&self) -> bool {
        locked(&self.callback).is_some()
    }

    /// Runs on a thread of keyrotor's. Nothing that the callback raises leaves it.
    fn call(&self, credential: &Arc<keyrotor::Credential>) {
        // `None`: the interpreter is about to end, and there is nobody left to tell.
        gate::attach(|py| {
            let Some(_manager) = self.manager.bind(py).upgrade() else {
                return;
            };
            let Some(callback) = locked(&self.callback).as_ref().map(|callback| callback.clone_ref(py))
            else {
                return;
            };
            let credential = Credential::from(Arc::clone(credential));
            if let Err(error) = callback.call1(py, (credential,))
                && let Err(unloggable) = log(py, &error)
            {
                unloggable.write_unraisable(py, Some(callback.bind(py)));
            }
        });
    }

    fn close(&self) {
        let handle = locked(&self.handle).take();
        let callback = locked(&self.callback).take();
        drop((handle, callback));
    }
}

fn log(py: Python<'_>, error: &PyErr) -> PyResult<()> {
    let logger = py.import("logging")?.call_method1("getLogger", ("keyrotor",))?;
    let how = PyDict::new(py);
    how.set_item("exc_info", error.value(py))?;
    logger.call_method("error", ("a subscriber raised; it stays subscribed",), Some(&how))?;
    Ok(())
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A function that is called with each new credential, until it is closed.
///
/// It need not be kept: it also ends with its manager.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct Subscription(Arc<Subscriber>);

#[pymethods]
impl Subscription {
    /// Ends the calls; one that is under way runs to its end. Harmless when repeated, and from the callback.
    fn close(&self) {
        self.0.close();
    }

    fn __enter__(this: Py<Self>) -> Py<Self> {
        this
    }

    #[pyo3(signature = (*_exception))]
    fn __exit__(&self, _exception: &Bound<'_, PyAny>) {
        self.close();
    }

    fn __repr__(&self) -> &'static str {
        if self.0.is_open() { "<keyrotor.Subscription open>" } else { "<keyrotor.Subscription closed>" }
    }
}
