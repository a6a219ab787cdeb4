//! The calls of one client that its event loop waits for.

use std::collections::HashMap;

use keyrotor::Error;
use keyrotor::host::{Outcome, Posted};
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;

use super::waking::{Resumption, Waking};
use crate::error::{Failure, raised};
use crate::reply::{self, Texts};

/// Futures by the number of their call. Numbers are used once, so that no outcome finds another call's future.
#[derive(Default)]
pub(super) struct Calls {
    waiting: HashMap<u64, Call>,
    last: u64,
}

pub(super) struct Call {
    future: Py<PyAny>,
    _posted: Option<Posted>,
}

impl Calls {
    pub(super) fn add(&mut self, future: Py<PyAny>) -> u64 {
        self.last += 1;
        self.waiting.insert(self.last, Call { future, _posted: None });
        self.last
    }

    /// Its place and its work are held for as long as it waits. An outcome may have come first.
    pub(super) fn hold(&mut self, number: u64, posted: Posted) -> Option<Posted> {
        match self.waiting.get_mut(&number) {
            Some(call) => call._posted.replace(posted),
            None => Some(posted),
        }
    }

    pub(super) fn take(&mut self, number: u64) -> Option<Call> {
        self.waiting.remove(&number)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn take_all(&mut self) -> Vec<Call> {
        self.waiting.drain().map(|(_, call)| call).collect()
    }

    /// Those that nobody waits for any more.
    pub(super) fn take_given_up(&mut self, py: Python<'_>) -> Vec<Call> {
        let is_over = |call: &Call| {
            let done = call.future.bind(py).call_method0(intern!(py, "done"));
            done.and_then(|done| done.is_truthy()).unwrap_or(false)
        };
        self.waiting.extract_if(|_, call| is_over(call)).map(|(_, call)| call).collect()
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.waiting.values().try_for_each(|call| visit.call(&call.future))
    }
}

impl Call {
    /// Gives the future its outcome, unless whoever waited has given up. It is the caller who wakes the task that is
    /// handed back.
    pub(super) fn settle<'py>(
        self,
        py: Python<'py>,
        outcome: Outcome,
        texts: Texts,
        waking: Waking,
    ) -> PyResult<Option<Resumption<'py>>> {
        let value = match outcome {
            Outcome::One(outcome) => {
                outcome.map_err(Failure::from).and_then(|value| reply::to_python(py, value, texts))
            }
            Outcome::Many(outcome) => outcome
                .map_err(Failure::from)
                .and_then(|replies| Ok(reply::batch(py, replies, texts)?.into_any())),
        };
        let future = self.future.bind(py);
        let resumption = waking.resumption(future)?;
        let settled = match value {
            Ok(value) => future.call_method1(intern!(py, "set_result"), (value,)),
            Err(failure) => future.call_method1(intern!(py, "set_exception"), (failure.into_error(py),)),
        };
        match settled {
            Err(error) if !future.call_method0(intern!(py, "done"))?.is_truthy()? => Err(error),
            _ => Ok(resumption),
        }
    }

    pub(super) fn fail(self, py: Python<'_>, error: &Error) -> PyResult<()> {
        self.future.bind(py).call_method1(intern!(py, "set_exception"), (raised(py, error),)).map(drop)
    }
}
