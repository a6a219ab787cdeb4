//! The demo program, as `scripts/demo` runs it.

use serde_json::{Value, json};

use crate::support::compile::{How, compile, succeed};
use crate::support::emulator::Emulator;
use crate::support::program::Requests;

#[test]
fn the_demo_counts_through_rotations() {
    let emulator = Emulator::start(&["--token-life", "6", "--session-limit", "8"]);
    let patch = json!({"authenticationInfo": {"iamCredentials": {"tokenLifeSeconds": 6, "leaseSeconds": 8}}});
    let requests = Requests::write(&emulator, &patch);
    let mut command = std::process::Command::new(compile("examples/demo.c", How::Sanitized));
    let printed = succeed(command.arg(requests.file("connection.bin")).arg("9"));
    let line: Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(
        (&line["host"], &line["failures"], &line["reconnects"]),
        (&json!("c"), &json!(0), &json!(0)),
        "{line}"
    );
    assert!(line["commands"].as_u64().unwrap() > 500, "{line}");
    assert!(line["rotations"].as_u64().unwrap() >= 1 && line["reauths"].as_u64().unwrap() >= 1, "{line}");
    assert_eq!(line.as_object().unwrap().len(), 6);
}

#[test]
fn the_demo_fails_where_it_cannot_connect() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("request"), b"\xff").unwrap();
    let mut command = std::process::Command::new(compile("examples/demo.c", How::Sanitized));
    let output = command.arg(folder.path().join("request")).arg("1").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.is_empty()), (Some(1), true));
    assert!(String::from_utf8_lossy(&output.stderr).contains("config-malformed"));
}
