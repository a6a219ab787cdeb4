//! The client against the emulator in front of a real server, with faults made for real.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod lease;
mod load;
mod outage;
mod rotation;
mod silence;
