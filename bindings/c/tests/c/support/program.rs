//! The programs of `tests/programs`, run against an emulator.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::compile::{How, compile, succeed};
use super::emulator::Emulator;
use super::request;

/// The files with the requests that each program takes: a manager's, a client's, and that one's bytes.
pub(crate) struct Requests {
    folder: tempfile::TempDir,
}

impl Requests {
    pub(crate) fn write(emulator: &Emulator, patch: &Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let connection = request::patched(patch, emulator);
        let manager = json!({"authenticationInfo": connection["authenticationInfo"]});
        std::fs::write(folder.path().join("manager.json"), manager.to_string()).unwrap();
        std::fs::write(folder.path().join("connection.json"), connection.to_string()).unwrap();
        std::fs::write(folder.path().join("connection.bin"), request::protobuf(&connection)).unwrap();
        Self { folder }
    }

    pub(crate) fn file(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    /// The program with both requests as its arguments.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.arg(self.file("manager.json")).arg(self.file("connection.json"));
        command
    }
}

/// Compiles a program and runs it to its end, against an emulator of its own.
pub(crate) fn run(source: &str, how: How) -> String {
    let emulator = Emulator::start(&[]);
    let requests = Requests::write(&emulator, &json!({}));
    succeed(&mut requests.command(&compile(&format!("tests/programs/{source}"), how)))
}
