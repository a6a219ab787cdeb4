//! The page on tests in CI: what it says to a shell is said to one, with a stand-in for the tests that it runs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use support::{stderr, stdout};

const PAGE: &str = include_str!("../../../tests/emulator/docs/ci.md");

/// The tests of an application: they log in with what the environment says.
const TESTS: &str = r#"#!/bin/sh
exec keyrotor ping --host "$VALKEY_HOST" --port "$VALKEY_PORT" --cluster "$VALKEY_CLUSTER_ID" --user "$VALKEY_USER"
"#;

/// A PATH on which `keyrotor` is the one under test.
fn with_the_command() -> String {
    let folder = Path::new(env!("CARGO_BIN_EXE_keyrotor")).parent().unwrap();
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap())
}

/// Runs a script of the page's in a folder of its own, where `make` is the tests.
fn run(script: &str) {
    let folder = tempfile::tempdir().unwrap();
    let make = folder.path().join("make");
    std::fs::write(&make, TESTS).unwrap();
    std::fs::set_permissions(&make, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", folder.path().display(), with_the_command());
    let output = Command::new("sh")
        .args(["-ec", script])
        .env("PATH", path)
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{script}\n{}", stderr(&output));
    assert!(stdout(&output).contains("user: app"), "{script}\n{}", stdout(&output));
}

#[test]
fn the_scripts_of_the_page_run_tests() {
    let scripts: Vec<&str> =
        PAGE.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!scripts.is_empty());
    scripts.into_iter().for_each(run);
}

#[test]
fn the_steps_of_the_workflow_run_tests() {
    let steps: Vec<&str> =
        PAGE.lines().filter_map(|line| line.trim().strip_prefix("- run: keyrotor ")).collect();
    assert!(!steps.is_empty());
    steps.into_iter().for_each(|step| run(&format!("keyrotor {step}")));
}

/// What the page shows of standard error is what stands there.
#[test]
fn the_line_about_a_refused_login_is_the_real_one() {
    let shown = PAGE.lines().find(|line| line.starts_with("refused cache:")).unwrap();
    let wrong = "my-cache.abc.use1.cache.amazonaws.com";
    let script = "exec keyrotor ping --host \"$VALKEY_HOST\" --port \"$VALKEY_PORT\" --user app --cluster ";
    let output = support::keyrotor(&["emulate", "--", "sh", "-c", &format!("{script}{wrong}")])
        .env("PATH", with_the_command())
        .output()
        .unwrap();
    assert!(stderr(&output).lines().any(|line| line == shown), "{}", stderr(&output));
}
