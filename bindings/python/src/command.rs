//! The `keyrotor` command, for `python -m keyrotor`.

use std::ffi::OsString;

use pyo3::prelude::*;

use crate::error::guarded;

/// Runs the command that the arguments name, the first of which is the program; the outcome is its exit status. It
/// reads and writes the process's own descriptors, and other threads go on.
#[pyfunction]
pub(crate) fn main(py: Python<'_>, arguments: Vec<OsString>) -> PyResult<u8> {
    guarded(py, || Ok(py.detach(|| keyrotor_cli::run(arguments))))
}
