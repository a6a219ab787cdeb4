//! Every function as it is meant to be used, from C and from C++, with tools that watch the memory.

use std::process::Command;

use serde_json::json;

use crate::support::compile::{How, compile, succeed};
use crate::support::emulator::Emulator;
use crate::support::folder;
use crate::support::program::{Requests, run};

#[test]
fn b10_lifecycle_in_c_under_the_sanitizers() {
    run("lifecycle.c", How::Sanitized);
}

#[test]
fn b10_lifecycle_in_cpp_under_the_sanitizers() {
    run("wrapper.cpp", How::Sanitized);
}

#[test]
fn b10_lifecycle_under_valgrind() {
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("skipped: valgrind is not installed");
        return;
    }
    let emulator = Emulator::start(&[]);
    // valgrind runs the library some 30 times slower.
    let requests = Requests::write(&emulator, &json!({"connectionTimeout": 60000, "requestTimeout": 60000}));
    let program = compile("tests/programs/lifecycle.c", How::Plain);
    let command = requests.command(&program);
    let mut valgrind = Command::new("valgrind");
    valgrind.args([
        "--quiet",
        "--error-exitcode=9",
        "--leak-check=full",
        "--show-leak-kinds=definite",
        "--errors-for-leak-kinds=definite",
    ]);
    valgrind.arg(format!("--suppressions={}", folder().join("tests/valgrind.supp").display()));
    succeed(valgrind.arg(command.get_program()).args(command.get_args()));
}
