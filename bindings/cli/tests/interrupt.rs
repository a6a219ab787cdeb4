//! Ctrl-C ends whatever the command waits for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "of real time")]
#![cfg(unix)]

mod support;

use std::net::TcpListener;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;
use support::keyrotor;

const LIMIT: Duration = Duration::from_millis(200);
const SIGINT: i32 = 2;

/// A server that takes connections and says nothing; commands of whatever it is that connect to it.
fn silent() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// How long the command goes on after Ctrl-C, which comes when it waits for the server.
fn goes_on_for(mut command: Command, server: &TcpListener) -> Duration {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let _waited_for = server.accept().unwrap();
    let pressed = Instant::now();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let status = child.wait().unwrap();
    let took = pressed.elapsed();
    assert_eq!(status.signal(), Some(SIGINT), "{status}");
    took
}

fn ends_soon(command: impl Fn() -> Command, server: &TcpListener) {
    // One repeat: what is measured is the machine too.
    let took = goes_on_for(command(), server);
    let took = if took < LIMIT { took } else { goes_on_for(command(), server) };
    assert!(took < LIMIT, "{took:?}");
}

#[test]
fn b06_ctrl_c_ends_a_ping() {
    let (server, port) = silent();
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": port}], "tlsMode": "SecureTls", "connectionTimeout": 20_000,
        "authenticationInfo": {"serverCredentials": {"username": "u", "password": "p"}},
    });
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), request.to_string()).unwrap();
    ends_soon(|| keyrotor(&["ping", "--request", file.path().to_str().unwrap()]), &server);
}

#[test]
fn b06_ctrl_c_ends_the_wait_for_keys() {
    let (server, port) = silent();
    ends_soon(
        || {
            let mut command =
                keyrotor(&["token", "elasticache", "--cluster", "c", "--user", "u", "--region", "eu-west-1"]);
            command.env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
            command.env("AWS_CONTAINER_CREDENTIALS_FULL_URI", format!("http://127.0.0.1:{port}/keys"));
            command
        },
        &server,
    );
}
