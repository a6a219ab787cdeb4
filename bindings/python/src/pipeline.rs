//! `Pipeline`: several commands in one piece.

use std::sync::{Mutex, MutexGuard, PoisonError};

use keyrotor::Batch;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::error::{attend, guarded};
use crate::host::HostFunctions;
use crate::reply::{self, Texts};
use crate::routing::Routing;
use crate::{argument, options};

/// Commands that are sent in one piece. Made by `Client.pipeline`.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct Pipeline {
    client: keyrotor::Client,
    /// It may outlive the `Client` that has made it.
    functions: HostFunctions,
    texts: Texts,
    atomic: bool,
    batch: Mutex<Batch>,
}

impl Pipeline {
    pub(crate) fn new(
        client: keyrotor::Client,
        functions: HostFunctions,
        texts: Texts,
        atomic: bool,
    ) -> Self {
        Self { client, functions, texts, atomic, batch: Mutex::new(empty(atomic)) }
    }

    /// What it has; it is empty afterwards.
    pub(crate) fn take(&self) -> Batch {
        std::mem::replace(&mut *self.batch(), empty(self.atomic))
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(crate) fn empty(atomic: bool) -> Batch {
    if atomic { Batch::atomic() } else { Batch::new() }
}

#[pymethods]
impl Pipeline {
    /// Adds a command, which is sent by `run`. Returns the pipeline itself.
    #[pyo3(signature = (*args))]
    fn execute<'py>(this: Bound<'py, Self>, args: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, Self>> {
        guarded(this.py(), || {
            let command = argument::command(args)?;
            this.get().batch().add(command)?;
            Ok(())
        })?;
        Ok(this)
    }

    /// Sends the commands and waits for all replies. A command that failed has its `keyrotor.Error` in its place;
    /// it is not raised. Raises where the whole failed. The pipeline is empty afterwards. `timeout` (seconds), `route` and
    /// `idempotent` are for the whole, as in `Client.execute`.
    #[pyo3(signature = (*, timeout = None, route = None, idempotent = false))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
        route: Option<&Bound<'py, Routing>>,
        idempotent: bool,
    ) -> PyResult<Bound<'py, PyList>> {
        guarded(py, || {
            let options = options::of(timeout, route, idempotent)?;
            let batch = self.take();
            let replies = match options {
                None => attend(py, || self.client.execute_batch(&batch))?,
                Some(options) => attend(py, || self.client.execute_batch_with(&batch, &options))?,
            };
            reply::batch(py, replies, self.texts)
        })
    }

    fn __len__(&self) -> usize {
        self.batch().len()
    }

    fn __repr__(&self) -> String {
        format!("<keyrotor.Pipeline of {} commands>", self.batch().len())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        self.functions.traverse(&visit)
    }
}
