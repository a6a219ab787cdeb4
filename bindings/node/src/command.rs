//! The `keyrotor` command, for the package's `bin`.

use std::ffi::OsString;

use napi_derive::napi;

/// Runs the command that the arguments name, the first of which is the program, and returns its exit status. It holds
/// the thread until then.
#[napi(catch_unwind)]
pub fn main(arguments: Vec<String>) -> u32 {
    keyrotor_cli::run(arguments.into_iter().map(OsString::from)).into()
}
