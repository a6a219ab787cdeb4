//! An event loop of Python's, as far as a client uses it.

use pyo3::gc::{PyTraverseError, PyVisit};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{IntoPyDict, PyTuple};

/// `HostLoop` keeps the methods that every command needs.
pub(super) struct HostLoop {
    itself: Py<PyAny>,
    create_future: Py<PyAny>,
    call_soon: Py<PyAny>,
}

impl HostLoop {
    pub(super) fn new(itself: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self {
            itself: itself.clone().unbind(),
            create_future: itself.getattr("create_future")?.unbind(),
            call_soon: itself.getattr("call_soon")?.unbind(),
        })
    }

    pub(super) fn future<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.create_future.bind(py).call0()
    }

    pub(super) fn soon(&self, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        self.call_soon.bind(callback.py()).call1((callback,)).map(drop)
    }

    /// Calls `callback` with `argument`, in that context, at the next turn.
    pub(super) fn soon_in(
        &self,
        context: &Bound<'_, PyAny>,
        callback: &Bound<'_, PyAny>,
        argument: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let py = callback.py();
        let options = [(intern!(py, "context"), context)].into_py_dict(py)?;
        self.call_soon.bind(py).call((callback, argument), Some(&options)).map(drop)
    }

    pub(super) fn add_reader(&self, descriptor: i32, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        self.watch(intern!(callback.py(), "add_reader"), descriptor, callback)
    }

    pub(super) fn add_writer(&self, descriptor: i32, callback: &Bound<'_, PyAny>) -> PyResult<()> {
        self.watch(intern!(callback.py(), "add_writer"), descriptor, callback)
    }

    fn watch(
        &self,
        method: &Bound<'_, pyo3::types::PyString>,
        descriptor: i32,
        callback: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        let arguments = (descriptor, callback, descriptor);
        self.itself.bind(callback.py()).call_method1(method, arguments).map(drop)
    }

    pub(super) fn remove_reader(&self, py: Python<'_>, descriptor: i32) -> PyResult<()> {
        self.itself.bind(py).call_method1(intern!(py, "remove_reader"), (descriptor,)).map(drop)
    }

    pub(super) fn remove_writer(&self, py: Python<'_>, descriptor: i32) -> PyResult<()> {
        self.itself.bind(py).call_method1(intern!(py, "remove_writer"), (descriptor,)).map(drop)
    }

    /// A function that has `callback` called on the loop, from any thread.
    pub(super) fn waker<'py>(&self, callback: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let py = callback.py();
        let call = self.itself.bind(py).getattr("call_soon_threadsafe")?;
        let arguments = PyTuple::new(py, [&call, callback])?;
        py.import("functools")?.getattr("partial")?.call1(arguments)
    }

    pub(super) fn traverse(&self, visit: &PyVisit<'_>) -> Result<(), PyTraverseError> {
        visit.call(&self.itself)?;
        visit.call(&self.create_future)?;
        visit.call(&self.call_soon)
    }
}
