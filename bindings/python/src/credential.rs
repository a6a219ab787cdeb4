//! What a login is made with, for Python to read.

use std::sync::Arc;
use std::time::SystemTime;

use pyo3::prelude::*;

/// A user name, the secret that goes with it, and how long it holds. Printing it shows `***`.
#[pyclass(frozen, module = "keyrotor")]
pub(crate) struct Credential(Arc<keyrotor::Credential>);

impl From<Arc<keyrotor::Credential>> for Credential {
    fn from(credential: Arc<keyrotor::Credential>) -> Self {
        Self(credential)
    }
}

impl Credential {
    pub(crate) fn into_python(py: Python<'_>, credential: Arc<keyrotor::Credential>) -> PyResult<Py<PyAny>> {
        Ok(Py::new(py, Self(credential))?.into_any())
    }
}

#[pymethods]
impl Credential {
    /// The name to log in with.
    #[getter]
    fn user(&self) -> &str {
        &self.0.user
    }

    /// The token or password. Do not log it.
    #[getter]
    fn secret(&self) -> &str {
        self.0.secret.expose()
    }

    /// When the secret was made, in UTC.
    #[getter]
    fn issued_at(&self) -> SystemTime {
        self.0.issued_at
    }

    /// When it ends, in UTC; `None` for a password that does not expire.
    #[getter]
    fn expires_at(&self) -> Option<SystemTime> {
        self.0.expires_at
    }

    /// Grows by one with each new secret of a manager; 1 is its first.
    #[getter]
    fn generation(&self) -> u64 {
        self.0.generation
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let expires_at = self.expires_at().into_pyobject(py)?;
        Ok(format!(
            "Credential(user={:?}, secret=***, generation={}, expires_at={})",
            &*self.0.user,
            self.0.generation,
            expires_at.str()?
        ))
    }
}
