//! What a fork does to keyrotor: its threads are at rest when it happens, and the child lets go of its parent's
//! connections. All else that a child needs, it makes anew by itself.

use std::cell::RefCell;

use keyrotor::host::{OpenSocket, open_sockets};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::gate;

thread_local! {
    /// What a child of this thread inherits.
    static INHERITED: RefCell<Vec<OpenSocket>> = const { RefCell::new(Vec::new()) };
}

#[pyfunction]
fn before(py: Python<'_>) {
    INHERITED.set(open_sockets());
    gate::hold(py);
}

#[pyfunction]
fn after_in_parent() {
    gate::release();
    INHERITED.take();
}

/// The parent's connections end with the parent. Their numbers stay taken, for what here still thinks that it owns
/// them.
#[pyfunction]
fn after_in_child(py: Python<'_>) -> PyResult<()> {
    let inherited: Vec<_> = INHERITED.take().iter().filter_map(OpenSocket::descriptor).collect();
    if inherited.is_empty() {
        return Ok(());
    }
    let os = py.import("os")?;
    let null = os.call_method1("open", (os.getattr("devnull")?, os.getattr("O_RDWR")?))?;
    for descriptor in inherited {
        os.call_method1("dup2", (&null, descriptor, false))?;
    }
    os.call_method1("close", (null,))?;
    Ok(())
}

/// Has Python say when it forks.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    let hooks = PyDict::new(py);
    hooks.set_item("before", pyo3::wrap_pyfunction!(before, py)?)?;
    hooks.set_item("after_in_parent", pyo3::wrap_pyfunction!(after_in_parent, py)?)?;
    hooks.set_item("after_in_child", pyo3::wrap_pyfunction!(after_in_child, py)?)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&hooks))?;
    Ok(())
}
