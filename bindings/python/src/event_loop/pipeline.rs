//! `AsyncPipeline`: several commands of an event loop's in one piece.

use std::sync::{Mutex, MutexGuard, PoisonError};

use keyrotor::Batch;
use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use super::desk::Desk;
use crate::error::guarded;
use crate::host::HostFunctions;
use crate::pipeline::empty;
use crate::routing::Routing;
use crate::{argument, options};

/// Commands that are sent in one piece. Made by `AsyncClient.pipeline`.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct AsyncPipeline {
    client: keyrotor::Client,
    desk: Py<Desk>,
    /// It may outlive the `AsyncClient` that has made it.
    functions: HostFunctions,
    atomic: bool,
    batch: Mutex<Batch>,
}

impl AsyncPipeline {
    pub(super) fn new(
        client: keyrotor::Client,
        desk: Py<Desk>,
        functions: HostFunctions,
        atomic: bool,
    ) -> Self {
        Self { client, desk, functions, atomic, batch: Mutex::new(empty(atomic)) }
    }

    /// What it has; it is empty afterwards.
    pub(super) fn take(&self) -> Batch {
        std::mem::replace(&mut *self.batch(), empty(self.atomic))
    }

    fn batch(&self) -> MutexGuard<'_, Batch> {
        self.batch.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl AsyncPipeline {
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

    /// Sends the commands. Await all replies. A command that failed has its `keyrotor.Error` in its place; it is not
    /// raised. Raises where the whole failed. The pipeline is empty afterwards. `timeout` (seconds), `route` and
    /// `idempotent` are for the whole, as in `AsyncClient.execute`.
    #[pyo3(signature = (*, timeout = None, route = None, idempotent = false))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        timeout: Option<f64>,
        route: Option<&Bound<'py, Routing>>,
        idempotent: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        guarded(py, || {
            let options = options::of(timeout, route, idempotent)?;
            let batch = self.take();
            Desk::post(self.desk.bind(py), &self.client, |number| match options {
                None => self.client.post_batch(batch, number),
                Some(options) => self.client.post_batch_with(batch, options, number),
            })
        })
    }

    fn __len__(&self) -> usize {
        self.batch().len()
    }

    fn __repr__(&self) -> String {
        format!("<keyrotor.AsyncPipeline of {} commands>", self.batch().len())
    }

    fn __traverse__(&self, visit: PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.desk)?;
        self.functions.traverse(&visit)
    }
}
