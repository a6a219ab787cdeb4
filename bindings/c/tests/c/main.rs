//! libkeyrotor as C and C++ see it. The programs of `tests/programs` and `tests/driver.c` are compiled and run
//! against the library of this very build; what they talk to is `keyrotor emulate`.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test fails by panicking, and says what it skips"
)]

mod boundary;
mod callbacks;
mod demo;
mod forks;
mod idle;
mod install;
mod lifecycle;
mod readme;
mod redact;
mod requests;
mod rounds;
mod scenarios;
mod support;
mod symbols;
mod threads;
mod tokens;
