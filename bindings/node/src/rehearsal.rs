//! Bugs on purpose, in debug builds only: the tests see that a panic reaches JavaScript as an error.

use napi_derive::napi;

use crate::host::Host;
use crate::runtime;

/// Panics on the JavaScript thread.
#[napi(catch_unwind)]
#[allow(clippy::panic, reason = "that is what it is for")]
pub fn rehearse_panic() {
    panic!("rehearsed");
}

/// Panics on keyrotor's thread.
#[napi(catch_unwind)]
#[allow(clippy::panic, reason = "that is what it is for")]
pub fn rehearse_panic_in_background(host: &Host, ticket: i64) {
    runtime::run(host.completion(ticket), async { panic!("rehearsed") });
}
