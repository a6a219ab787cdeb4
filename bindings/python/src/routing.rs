//! `Routing`: where a command goes, where its caller knows better.

use keyrotor::Routing::{AllNodes, AllPrimaries, Random};
use keyrotor::{Code, Error};
use pyo3::prelude::*;
use pyo3::types::PyTuple;

use crate::argument;
use crate::error::guarded;

/// Where a command goes, for `Client.execute_on`. One server is all nodes and all primaries at once.
#[pyclass(frozen, eq, module = "keyrotor")]
#[derive(PartialEq, Eq)]
pub(crate) struct Routing(keyrotor::Routing);

impl Routing {
    pub(crate) fn routing(&self) -> &keyrotor::Routing {
        &self.0
    }
}

#[pymethods]
impl Routing {
    /// Any primary.
    #[staticmethod]
    fn random() -> Self {
        Self(Random)
    }

    /// Every node, replicas too. The replies become one as servers advise for that command, and a dict from the node's
    /// address to its reply where they advise nothing.
    #[staticmethod]
    fn all_nodes() -> Self {
        Self(AllNodes)
    }

    /// Every primary; the replies as with `all_nodes`.
    #[staticmethod]
    fn all_primaries() -> Self {
        Self(AllPrimaries)
    }

    /// The primary that has this key.
    #[staticmethod]
    #[pyo3(signature = (key, /))]
    fn key(key: &Bound<'_, PyAny>) -> PyResult<Self> {
        let py = key.py();
        guarded(py, || {
            let texts = argument::texts(&PyTuple::new(py, [key])?)?;
            let key = texts.into_iter().next();
            Ok(Self(keyrotor::Routing::Key(key.ok_or_else(|| Error::new(Code::Internal, "no key"))?)))
        })
    }

    /// The primary that has this slot, below 16,384.
    #[staticmethod]
    #[pyo3(signature = (slot, /))]
    fn slot(slot: u16) -> Self {
        Self(keyrotor::Routing::Slot(slot))
    }

    /// The node at this address, as CLUSTER SLOTS states it.
    #[staticmethod]
    fn address(host: String, port: u16) -> Self {
        Self(keyrotor::Routing::Address { host, port })
    }
}
