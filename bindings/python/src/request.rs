//! Requests: whatever Python hands over becomes the bytes or the JSON of one message.

use keyrotor::{Callbacks, Error, Format, proto};
use proto::Message;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict};

use crate::error::{Failure, guarded};
use crate::host::HostFunctions;

/// A message as it goes into the core. The bytes stay Python's: no second copy of a secret.
pub(crate) struct Request<'py> {
    bytes: Bound<'py, PyBytes>,
    format: Format,
    functions: HostFunctions,
}

impl<'py> Request<'py> {
    /// A `TokenManagerRequest` from a configuration object, a dict, JSON or protobuf bytes.
    pub(crate) fn token_manager(
        request: &Bound<'py, PyAny>,
        refresh: Option<&Bound<'py, PyAny>>,
        lazy_refresh: Option<&Bound<'py, PyAny>>,
        callbacks: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let convert = CONVERT.import(request.py(), "keyrotor._message", "token_manager_request")?;
        Self::converted(&convert.call1((request, refresh, lazy_refresh, callbacks))?)
    }

    /// A `ConnectionRequest` from keywords, a dict, JSON or protobuf bytes.
    pub(crate) fn connection(
        py: Python<'py>,
        request: Option<&Bound<'py, PyAny>>,
        fields: Option<&Bound<'py, PyDict>>,
        callbacks: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Self> {
        static CONVERT: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let convert = CONVERT.import(py, "keyrotor._message", "connection_request")?;
        Self::converted(&convert.call1((request, fields, callbacks))?)
    }

    fn converted(outcome: &Bound<'py, PyAny>) -> PyResult<Self> {
        let (bytes, is_json, functions) =
            outcome.extract::<(Bound<'py, PyBytes>, bool, Bound<'py, PyDict>)>()?;
        let format = if is_json { Format::Json } else { Format::Protobuf };
        Ok(Self { bytes, format, functions: HostFunctions::new(&functions) })
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.bytes.as_bytes()
    }

    pub(crate) fn format(&self) -> Format {
        self.format
    }

    pub(crate) fn callbacks(&self) -> PyResult<Callbacks> {
        self.functions.callbacks(self.bytes.py())
    }

    /// Its functions, for whoever was made by it to keep.
    pub(crate) fn into_functions(self) -> HostFunctions {
        self.functions
    }
}

/// Converts the bytes of Valkey GLIDE's `ConnectionRequest` (2.x), whose field 7 differs, into ours.
#[pyfunction]
#[pyo3(signature = (request, /))]
pub(crate) fn connection_request_from_glide<'py>(
    py: Python<'py>,
    request: &[u8],
) -> PyResult<Bound<'py, PyBytes>> {
    guarded(py, || {
        let converted =
            proto::connection_request_from_glide(request).map_err(Error::from).map_err(Failure::from)?;
        Ok(PyBytes::new(py, &converted.encode_to_vec()))
    })
}
