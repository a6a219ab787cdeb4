//! What the benchmarks share: turns taken in one run, a report, and servers to talk to.
#![allow(dead_code, reason = "each benchmark uses a part of it")]

pub(crate) mod certificates;
pub(crate) mod clients;
pub(crate) mod get;
pub(crate) mod interleave;
pub(crate) mod pipe;
pub(crate) mod process;
pub(crate) mod report;
pub(crate) mod server;

use std::time::{Instant, SystemTime};

/// Any error ends a benchmark: half a measurement is none.
pub(crate) type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[expect(clippy::disallowed_methods, reason = "measuring is about real time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "real services are asked for a login")]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}
