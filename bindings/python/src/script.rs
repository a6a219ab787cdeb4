//! `Script`: a Lua script and its digest.

use pyo3::prelude::*;

/// A Lua script, which servers know by its digest. It is run by `Client.execute_script`, of any client.
#[pyclass(frozen, eq, hash, module = "keyrotor")]
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct Script(keyrotor::Script);

impl Script {
    pub(crate) fn script(&self) -> &keyrotor::Script {
        &self.0
    }
}

#[pymethods]
impl Script {
    #[new]
    #[pyo3(signature = (text, /))]
    fn new(text: &str) -> Self {
        Self(keyrotor::Script::new(text))
    }

    /// The digest by which servers know it, in hex.
    #[getter]
    fn sha1(&self) -> &str {
        self.0.sha1()
    }

    fn __repr__(&self) -> String {
        format!("<keyrotor.Script {}>", self.0.sha1())
    }
}
