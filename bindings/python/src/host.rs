//! Functions of Python's that give credentials, as the core calls them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyrotor::aws::AwsKeys;
use keyrotor::{Callback, Callbacks, Code, Error, Fetched, SourceError};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyDictMethods, PyWeakrefMethods, PyWeakrefReference};

use crate::gate;

/// The functions that a request names, by name: `keyrotor.callbacks.HostFunction`. Whoever uses them through the core
/// holds this, and shows it to Python's collector: the core knows them weakly only.
pub(crate) struct HostFunctions(Py<PyDict>);

impl HostFunctions {
    pub(crate) fn new(functions: &Bound<'_, PyDict>) -> Self {
        Self(functions.clone().unbind())
    }

    /// All of them for both ends; which of them gives what, the request says.
    pub(crate) fn callbacks(&self, py: Python<'_>) -> PyResult<Callbacks> {
        let mut callbacks = Callbacks::new();
        for (name, function) in self.0.bind(py).iter() {
            let (name, function) = (name.extract::<String>()?, Function::of(&function)?);
            callbacks = callbacks
                .with_credentials(&name, function.clone_ref(py).into_credentials())
                .with_keys(&name, function.into_keys());
        }
        Ok(callbacks)
    }

    pub(crate) fn clone_ref(&self, py: Python<'_>) -> Self {
        Self(self.0.clone_ref(py))
    }

    pub(crate) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.0)
    }
}

/// A function, weakly.
struct Function {
    object: Py<PyWeakrefReference>,
    number: u64,
}

/// What a function raised: it is kept by the function itself, where Python's collector sees it.
struct Raised {
    by: Py<PyWeakrefReference>,
    number: u64,
}

type Login = (String, String, Option<f64>);
type Key = (String, String, Option<String>, Option<f64>);

impl Function {
    fn of(object: &Bound<'_, PyAny>) -> PyResult<Self> {
        let number = object.getattr("number")?.extract()?;
        Ok(Self { object: PyWeakrefReference::new(object)?.unbind(), number })
    }

    fn clone_ref(&self, py: Python<'_>) -> Self {
        Self { object: self.object.clone_ref(py), number: self.number }
    }

    fn into_credentials(self) -> keyrotor::CredentialsCallback {
        let number = self.number;
        Callback::blocking(move |fetch: keyrotor::Fetch| {
            let (user, secret, end) = self.ask::<Login>("login")?;
            let fetched = Fetched::new(user, secret, fetch.now);
            Ok(match end {
                Some(end) => fetched.expires_at(time(end)?),
                None => fetched,
            })
        })
        .identified_by(number)
    }

    fn into_keys(self) -> keyrotor::KeysCallback {
        let number = self.number;
        Callback::blocking(move |_| {
            let (id, secret, token, end) = self.ask::<Key>("key")?;
            Ok(AwsKeys::new(id, secret, token, end.map(time).transpose()?, "a function of Python's"))
        })
        .identified_by(number)
    }

    /// Runs on a thread of keyrotor's; Python's lock is held only while the function runs.
    fn ask<A>(&self, what: &str) -> Result<A, SourceError>
    where
        A: for<'a, 'py> FromPyObject<'a, 'py, Error = PyErr>,
    {
        let answer = gate::attach(|py| {
            let Some(function) = self.object.bind(py).upgrade() else {
                return Err(gone("the function is gone with those who used it"));
            };
            let answer = function.call_method0(what).and_then(|answer| answer.extract::<A>());
            answer.map_err(|raised| self.failed(&function, &raised))
        });
        answer
            .unwrap_or_else(|| Err(gone("the interpreter is shutting down")))
            .map_err(SourceError::Transient)
    }

    /// Names the exception; its text may hold a secret, and is for the cause to show.
    fn failed(&self, function: &Bound<'_, PyAny>, raised: &PyErr) -> Error {
        let py = function.py();
        let kept = function.call_method1("keep", (raised.value(py),));
        match kept.and_then(|kept| kept.extract::<(u64, String)>()) {
            Ok((number, kind)) => {
                let message = format!("it raised {kind}; look at the error's __cause__");
                let cause = Raised { by: self.object.clone_ref(py), number };
                Error::new(Code::CredentialsFetchFailed, message).with_cause(cause)
            }
            Err(_) => Error::new(Code::CredentialsFetchFailed, "it raised an exception that cannot be kept"),
        }
    }
}

/// What a function of Python's raised, where that is behind this error.
pub(crate) fn cause(py: Python<'_>, error: &Error) -> Option<PyErr> {
    let Raised { by, number } = error.cause::<Raised>()?;
    let failure = by.bind(py).upgrade()?.call_method1("failure", (*number,)).ok()?;
    (!failure.is_none()).then(|| PyErr::from_value(failure))
}

fn time(seconds: f64) -> Result<SystemTime, SourceError> {
    let since = Duration::try_from_secs_f64(seconds).ok();
    since.and_then(|since| UNIX_EPOCH.checked_add(since)).ok_or_else(|| {
        let message = "the expiry that it gave is out of range; it is in seconds since 1970";
        SourceError::Transient(Error::new(Code::CredentialsFetchFailed, message))
    })
}

fn gone(message: &str) -> Error {
    Error::new(Code::Cancelled, message)
}
