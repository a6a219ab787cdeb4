//! The command itself, and an emulator that it runs.
#![allow(dead_code, reason = "each test uses a part of it")]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

const CLOUDS: [&str; 3] = ["AWS_", "AZURE_", "IDENTITY_"];
pub(crate) const KEY: &str = "AKIDEXAMPLE";
pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The command with no settings of a cloud but these keys.
pub(crate) fn keyrotor(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyrotor"));
    for (name, _) in std::env::vars().filter(|(name, _)| CLOUDS.iter().any(|cloud| name.starts_with(cloud))) {
        command.env_remove(name);
    }
    command
        .env("AWS_CONFIG_FILE", "/nonexistent/config")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/credentials")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .args(arguments);
    command
}

pub(crate) fn run(arguments: &[&str]) -> Output {
    keyrotor(arguments).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A running `keyrotor emulate`.
pub(crate) struct Emulator {
    child: Child,
    pub(crate) port: String,
    pub(crate) ca: String,
    pub(crate) control: String,
}

impl Emulator {
    pub(crate) fn start(more: &[&str]) -> Self {
        let base: Value =
            serde_json::from_str(include_str!("../../../../tests/scenarios/base.json")).unwrap();
        let arguments: Vec<&str> =
            base["emulator"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
        let mut child = keyrotor(&["emulate", "--json", "--control", "127.0.0.1:0"])
            .args(arguments)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let ready: Value = serde_json::from_str(&line).unwrap();
        let text = |name: &str| ready[name].as_str().unwrap().to_owned();
        assert_eq!(text("server_name"), "localhost");
        let port = text("address").rsplit(':').next().unwrap().to_owned();
        Self { child, port, ca: text("ca"), control: text("control") }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop, and waits.
    pub(crate) fn stop(&mut self) -> bool {
        Command::new("kill").arg(self.child.id().to_string()).status().unwrap();
        self.child.wait().unwrap().success()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // One that was waited for has given its id back.
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = Command::new("kill").arg(self.child.id().to_string()).status();
            let _ = self.child.wait();
        }
    }
}
