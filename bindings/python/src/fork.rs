//! What a fork does to keyrotor: its threads are at rest when it happens, and the child lets go of its parent's
//! connections and of what its parent's runtime has open. All else that a child needs, it makes anew by itself.

use std::cell::RefCell;
use std::sync::Once;

use keyrotor::host::Inheritance;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::gate;

thread_local! {
    /// What a child of this thread inherits.
    static INHERITED: RefCell<Option<Inheritance>> = const { RefCell::new(None) };
}

#[pyfunction]
fn before(py: Python<'_>) {
    INHERITED.set(Some(Inheritance::of_this_process()));
    gate::hold(py);
}

#[pyfunction]
fn after_in_parent() {
    gate::release();
    INHERITED.take();
}

/// The parent's connections end with the parent, and what here still thinks that it owns them can do nothing to the
/// parent's epoll set. Their numbers stay taken for it.
#[pyfunction]
fn after_in_child(py: Python<'_>) -> PyResult<()> {
    let inherited = INHERITED.take().as_ref().map(Inheritance::descriptors).unwrap_or_default();
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

/// Before any of Python's functions, and where Python is not asked: some servers fork by themselves.
extern "C" fn in_child() {
    keyrotor::host::note_process();
}

#[expect(unsafe_code, reason = "nothing else hears of every fork")]
fn note_process() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: a function that takes nothing and unwinds from nowhere, in a library that Python never unloads.
        let refused = unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        if refused == 0 {
            keyrotor::host::note_process();
        }
    });
}

/// Has Python say when it forks.
pub(crate) fn watch(py: Python<'_>) -> PyResult<()> {
    note_process();
    let hooks = PyDict::new(py);
    hooks.set_item("before", pyo3::wrap_pyfunction!(before, py)?)?;
    hooks.set_item("after_in_parent", pyo3::wrap_pyfunction!(after_in_parent, py)?)?;
    hooks.set_item("after_in_child", pyo3::wrap_pyfunction!(after_in_child, py)?)?;
    py.import("os")?.call_method("register_at_fork", (), Some(&hooks))?;
    Ok(())
}
