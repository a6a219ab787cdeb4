//! The client of a cluster against the emulator in front of real servers, while the cluster changes for real.
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

mod changes;
mod commands;
mod drops;
mod hosted;
mod ledger;
mod options;
mod own;
mod shared;
mod view;
