//! `keyrotor emulate`, one process for each test, gone with it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::{library, request};

pub(crate) struct Emulator {
    process: Child,
    ready: Value,
}

impl Emulator {
    /// Starts it with the arguments of the base scenario and these.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let program = program();
        let mut process = Command::new(&program)
            .arg("emulate")
            .args(
                request::base()["emulator"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|argument| argument.as_str().unwrap()),
            )
            .args(["--control", "127.0.0.1:0", "--json"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program:?}: {error}; run cargo build -p keyrotor-cli first"));
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let ready =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("no first line: {error}: {line:?}"));
        Self { process, ready }
    }

    fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap_or_else(|| panic!("{name} is missing: {}", self.ready))
    }

    pub(crate) fn port(&self) -> u16 {
        self.text("address").rsplit(':').next().unwrap().parse().unwrap()
    }

    /// The PEM of its authority.
    pub(crate) fn ca(&self) -> Vec<u8> {
        std::fs::read(self.text("ca")).unwrap()
    }

    pub(crate) fn fault(&self, name: &str, body: &Value) {
        self.http("POST", &format!("/faults/{name}"), &body.to_string());
    }

    /// A number of its record, by its dotted path.
    pub(crate) fn record(&self, path: &str) -> u64 {
        let record: Value = serde_json::from_str(&self.http("GET", "/record", "")).unwrap();
        let found = path.split('.').fold(&record, |value, name| &value[name]);
        found.as_u64().unwrap_or_else(|| panic!("{path} is no number: {found}"))
    }

    fn http(&self, method: &str, path: &str, body: &str) -> String {
        let address = self.text("control").trim_start_matches("http://").trim_end_matches('/').to_owned();
        let mut stream = TcpStream::connect(&address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(" 200 "), "{method} {path}: {answer}");
        body.to_owned()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // Both fail only where it has ended by itself. It ends its redis-server when it is asked politely.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}

/// The command, as the last `cargo build` has made it, or as the environment says.
fn program() -> PathBuf {
    match std::env::var_os("KEYROTOR") {
        Some(program) => program.into(),
        None => library::built().parent().unwrap().join("keyrotor"),
    }
}
