//! The keyrotor core for Python. It converts values and errors; every rule lives in the core.

mod argument;
mod awaitable;
mod client;
#[cfg(feature = "cli")]
mod command;
mod credential;
mod error;
mod event_loop;
#[cfg(unix)]
mod fork;
mod gate;
mod host;
mod journal;
mod manager;
mod options;
mod pipeline;
mod pubsub;
mod reply;
mod request;
mod routing;
mod script;
mod status;
mod subscription;
mod watch;

/// The compiled half of the Python package `keyrotor`; `keyrotor/__init__.py` names what is public.
#[pyo3::pymodule(name = "_native")]
mod native {
    use pyo3::prelude::*;
    use pyo3::types::PyBytes;

    #[pymodule_export]
    use crate::awaitable::Call;
    #[pymodule_export]
    use crate::client::Client;
    #[cfg(feature = "cli")]
    #[pymodule_export]
    use crate::command::main;
    #[pymodule_export]
    use crate::credential::Credential;
    #[cfg(debug_assertions)]
    #[pymodule_export]
    use crate::error::panic_on_purpose;
    #[pymodule_export]
    use crate::event_loop::{AsyncClient, AsyncPipeline, AsyncPubSub, AsyncWatch, Desk, Opening};
    #[pymodule_export]
    use crate::manager::TokenManager;
    #[pymodule_export]
    use crate::pipeline::Pipeline;
    #[pymodule_export]
    use crate::pubsub::PubSub;
    #[pymodule_export]
    use crate::request::connection_request_from_glide;
    #[pymodule_export]
    use crate::routing::Routing;
    #[pymodule_export]
    use crate::script::Script;
    #[pymodule_export]
    use crate::subscription::Subscription;
    #[pymodule_export]
    use crate::watch::Watch;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        crate::gate::watch(module.py())?;
        #[cfg(unix)]
        crate::fork::watch(module.py())?;
        crate::journal::begin();
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("FILE_DESCRIPTOR_SET", PyBytes::new(module.py(), keyrotor::proto::FILE_DESCRIPTOR_SET))
    }
}
