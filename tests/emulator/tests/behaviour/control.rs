//! The control API over HTTP.

use crate::support::{Client, Draft, Value, WRONGPASS, config, logged_in, start};
use keyrotor_emulator::{Config, Emulator};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn http(emulator: &Emulator, method: &str, path: &str, body: &str, header: &str) -> (u16, Json) {
    let mut stream =
        TcpStream::connect(emulator.control_address().expect("control")).await.expect("a connection");
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{header}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.expect("a write");
    let mut text = String::new();
    stream.read_to_string(&mut text).await.expect("a response");
    let (head, body) = text.split_once("\r\n\r\n").expect("a body");
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
    (status, serde_json::from_str(body).expect("JSON"))
}

async fn post(emulator: &Emulator, path: &str, body: &str) -> (u16, Json) {
    http(emulator, "POST", path, body, "").await
}

fn controlled() -> Config {
    Config { control: Some(([127, 0, 0, 1], 0).into()), ..config() }
}

#[tokio::test]
async fn the_record_can_be_read() {
    let (emulator, _client) = logged_in(controlled()).await;
    assert_eq!(http(&emulator, "GET", "/health", "", "").await, (200, json!({"status": "ok"})));
    let (status, record) = http(&emulator, "GET", "/record", "", "").await;
    assert_eq!(status, 200);
    assert_eq!(record["logins"][0]["command"], "AUTH");
    assert_eq!(record["logins"][0]["outcome"], "accepted");
    assert_eq!(record["totals"]["logins_accepted"], 1);
    assert_eq!(record["connections"][0]["why"], Json::Null);
}

#[tokio::test]
async fn faults_can_be_set() {
    let (emulator, mut client) = logged_in(controlled()).await;
    let ok = (200, json!({"ok": true}));
    let token = Draft::new(1).sign();
    for (path, body, reply) in [
        ("refuse", r#"{"count": 1}"#, WRONGPASS),
        ("throttle", "", "ERR Exceeded limit of IAM Authentication requests"),
        ("clear", "", ""),
        ("iam-outage", r#"{"milliseconds": null}"#, "ERR IAM Authentication service is not available"),
        ("clear", "{}", ""),
        ("unavailable", r#"{"milliseconds": 60000}"#, ""),
        ("stall", r#"{"milliseconds": 1}"#, ""),
        ("refuse", r#"{"count": null, "current": true}"#, WRONGPASS),
        ("clear", "", ""),
        ("listen", r#"{"open": false}"#, ""),
    ] {
        assert_eq!(post(&emulator, &format!("/faults/{path}"), body).await, ok, "{path}");
        let expected = if reply.is_empty() { Value::ok() } else { Value::error(reply) };
        assert_eq!(client.call(&["AUTH", "app", &token]).await, expected, "{path}");
    }
    assert!(Client::try_connect(&emulator).await.is_err());
    assert_eq!(post(&emulator, "/faults/clear", "").await, ok);
    let one = (200, json!({"ok": true, "connections": 1}));
    assert_eq!(post(&emulator, "/faults/forget", r#"{"connection": 1}"#).await, one);
    assert_eq!(post(&emulator, "/faults/kill", "").await, one);
    assert!(client.is_closed().await);
    assert_eq!(post(&emulator, "/faults/restart-backend", "").await, ok);
    Client::connect(&emulator).await.login(2).await;
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let emulator = start(controlled()).await;
    for (path, body, status, word) in [
        ("/faults/refuse", r#"{"count": "x"}"#, 400, "count"),
        ("/faults/refuse", r#"{"count": -1}"#, 400, "count"),
        ("/faults/refuse", r#"{"current": true}"#, 409, "current"),
        ("/faults/kill", r#"{"conection": 1}"#, 400, "conection"),
        ("/faults/stall", "", 400, "milliseconds"),
        ("/faults/listen", "{}", 400, "open"),
        ("/faults/clear", "[]", 400, "body"),
        ("/faults/clear", "{", 400, "body"),
        ("/faults/unknown", "", 404, "unknown path"),
        ("/health", "", 405, "GET"),
    ] {
        let (found, answer) = post(&emulator, path, body).await;
        assert_eq!(found, status, "{path} {body}");
        assert!(answer["error"].as_str().is_some_and(|error| error.contains(word)), "{answer}");
    }
    assert_eq!(http(&emulator, "GET", "/faults/kill", "", "").await.0, 405);
    assert_eq!(http(&emulator, "GET", "/record", "", "origin: http://x\r\n").await.0, 403);
}
