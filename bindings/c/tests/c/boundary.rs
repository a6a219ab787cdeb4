//! B01: nothing aborts the program or unwinds into it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::compile::{How, compile};
use crate::support::driver::{Driver, Outcome};
use crate::support::emulator::Emulator;
use crate::support::program::{Requests, run};
use crate::support::request;

#[test]
fn b01_null_arguments_and_random_requests() {
    run("hostile.c", How::Sanitized);
}

#[test]
fn b01_errors_of_the_server() {
    let emulator = Emulator::start(&[]);
    let mut driver = Driver::start(&Value::Null);
    let request = request::patched(&json!({}), &emulator).to_string();
    driver.call("connect", &[request.as_bytes()]).unwrap();
    let failure = driver.call("execute", &[b"EVAL", b"return redis.error_reply('CUSTOM some words')", b"0"]);
    let failure = failure.unwrap_err();
    assert_eq!((failure.name.as_str(), failure.code), ("server-error", 500));
    assert_eq!(failure.server_text.as_deref(), Some("CUSTOM some words"));
    let nested = driver.call("execute", &[b"EVAL", b"return {1, {err='INNER words'}, 3}", b"0"]).unwrap();
    assert_eq!(nested, json!([1, {"error": "server-error", "server_text": "INNER words"}, 3]));
    // What comes after it is in step.
    assert_eq!(driver.call("execute", &[b"ECHO", b"in step"]), Ok(json!("in step")));
    driver.end();
}

/// A server cannot be made to say these, so this peer is no server: it takes what comes and answers with bytes.
struct Peer(TcpListener);

impl Peer {
    fn start() -> (Self, Value) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}], "requestTimeout": 300,
            "connectionTimeout": 1000, "protocol": "RESP2"});
        (Self(listener), request)
    }

    /// The first connection; fails where none comes, since a test must not wait for ever.
    fn accept(&self) -> TcpStream {
        self.0.set_nonblocking(true).unwrap();
        for _ in 0..1000 {
            if let Ok((stream, _)) = self.0.accept() {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                return stream;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("nobody connected");
    }

    /// Says OK until the command PING comes, then these bytes, and closes after a moment.
    fn answer_ping(&self, bytes: &[u8]) {
        let mut stream = self.accept();
        let mut buffer = [0; 4096];
        loop {
            let count = stream.read(&mut buffer).unwrap_or(0);
            let text = String::from_utf8_lossy(&buffer[..count]);
            if count == 0 || text.contains("PING") {
                break;
            }
            let commands = text.matches('*').count();
            stream.write_all("+OK\r\n".repeat(commands).as_bytes()).unwrap();
        }
        // The client may be gone already.
        let _ = stream.write_all(bytes);
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ping(bytes: &[u8]) -> Outcome {
    let (peer, request) = Peer::start();
    std::thread::scope(|scope| {
        scope.spawn(|| peer.answer_ping(bytes));
        let mut driver = Driver::start(&Value::Null);
        driver.call("connect", &[request.to_string().as_bytes()]).unwrap();
        let outcome = driver.call("execute", &[b"PING"]);
        driver.end();
        outcome
    })
}

#[test]
fn b01_a_nul_in_an_error_of_the_server() {
    let failure = ping(b"-ERR before\0after\r\n").unwrap_err();
    assert_eq!(failure.name, "server-error");
    assert_eq!(failure.server_text.as_deref(), Some("ERR before\0after"));
    assert!(failure.message.contains("before\u{FFFD}after"), "{failure:?}");
}

#[test]
fn b01_any_bytes_as_a_reply() {
    let deep = [b"*1\r\n".repeat(5000), b":1\r\n".to_vec()].concat();
    let replies: [&[u8]; 12] = [
        b"",
        b"\r\n",
        b"\0\0\0\0\r\n",
        b"$-5\r\n",
        b"$99999999999999999999\r\n",
        b"*4294967295\r\n:1\r\n",
        b"%1\r\n*-1\r\n",
        b"*-7\r\n",
        b"!5\r\nERR\xff\xfe\r\n",
        b"=9\r\nxyz\r\n",
        b":99999999999999999999999\r\n",
        &deep,
    ];
    for bytes in replies {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
        match ping(bytes) {
            Ok(value) => assert!(value.is_null() || value.is_array(), "{shown:?}: {value}"),
            Err(failure) => assert_ne!(failure.name, "internal", "{shown:?}: {failure:?}"),
        }
    }
}

#[test]
fn a_connection_that_breaks_under_load_raises_no_sigpipe() {
    let emulator = Emulator::start(&[]);
    let requests = Requests::write(&emulator, &json!({}));
    let program = compile("tests/programs/broken_pipe.c", How::Plain);
    let mut process =
        requests.command(&program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(process.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    for _ in 0..100 {
        emulator.fault("kill", &json!({}));
        std::thread::sleep(Duration::from_millis(20));
    }
    drop(process.stdin.take());
    output.read_line(&mut line).unwrap();
    let status = process.wait().unwrap();
    assert!(status.success(), "{status}: {line}");
    println!("{line}");
}

#[test]
fn c13_a_failed_connect_leaves_no_connection() {
    let (peer, request) = Peer::start();
    let mut driver = Driver::start(&Value::Null);
    let accepting = std::thread::spawn(move || peer.accept());
    let failure = driver.call("connect", &[request.to_string().as_bytes()]).unwrap_err();
    assert_eq!(
        (failure.name.as_str(), failure.retryable),
        ("auth-timeout", true),
        "a peer that says nothing"
    );
    // Its end comes while the program is still there.
    accepting.join().unwrap().read_to_end(&mut Vec::new()).unwrap();
    driver.end();
}
