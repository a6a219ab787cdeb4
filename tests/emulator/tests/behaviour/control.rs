//! The control API over HTTP.

use crate::support::{Client, Draft, Value, WRONGPASS, config, logged_in, start, until};
use keyrotor_emulator::{Config, Emulator};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn http(emulator: &Emulator, method: &str, path: &str, body: &str, header: &str) -> (u16, Json) {
    let (status, text) = ask(emulator, method, path, body, header).await;
    (status, serde_json::from_str(&text).expect("JSON"))
}

async fn ask(emulator: &Emulator, method: &str, path: &str, body: &str, header: &str) -> (u16, String) {
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
    (status, body.to_owned())
}

async fn lines(emulator: &Emulator, query: &str) -> Vec<Json> {
    let (status, text) = ask(emulator, "GET", &format!("/record.jsonl{query}"), "", "").await;
    assert_eq!(status, 200);
    text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
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
async fn the_record_can_be_followed_line_by_line() {
    let (emulator, mut client) = logged_in(controlled()).await;
    let all = lines(&emulator, "").await;
    let events = |lines: &[Json]| lines.iter().map(|line| line["event"].clone()).collect::<Vec<_>>();
    assert_eq!(events(&all), ["connected", "login"]);
    assert_eq!(
        (&all[1]["outcome"], &all[1]["user"], &all[1]["connection"]),
        (&"accepted".into(), &"app".into(), &1.into())
    );
    assert_eq!((&all[0]["sequence"], &all[1]["sequence"]), (&1.into(), &2.into()));
    let mut stranger = Client::connect(&emulator).await;
    stranger.call(&["PING"]).await;
    client.call(&["AUTH", "app", "x"]).await;
    emulator.faults().kill(None);
    assert!(client.is_closed().await && stranger.is_closed().await);
    until(&emulator, |record| record.connections.iter().all(|connection| connection.why.is_some())).await;
    let of_first = lines(&emulator, "?since=2&connection=1").await;
    assert_eq!(events(&of_first), ["login", "closed"]);
    assert_eq!((&of_first[0]["check"], &of_first[0]["relogin"]), (&"E01".into(), &true.into()));
    assert_eq!((&of_first[1]["why"], &of_first[1]["relogins"]), (&"killed".into(), &0.into()));
    let of_second = lines(&emulator, "?connection=2").await;
    assert_eq!(of_second[1]["commands_refused"], 1);
    assert_eq!(lines(&emulator, "?since=6").await, Vec::<Json>::new());
    for query in ["?since=x", "?sinse=1"] {
        assert_eq!(http(&emulator, "GET", &format!("/record.jsonl{query}"), "", "").await.0, 400);
    }
}

#[tokio::test]
async fn policies_and_users_can_be_changed() {
    let (emulator, mut client) = logged_in(controlled()).await;
    let ok = (200, json!({"ok": true}));
    let token = Draft::new(1).sign();
    for (policies, reply) in [
        ("[]", Value::error(WRONGPASS)),
        (r#"[{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}]"#, Value::ok()),
        (r#"[{"keys": ["ASI*"], "document": {"Statement": []}}]"#, Value::error(WRONGPASS)),
        ("null", Value::ok()),
    ] {
        assert_eq!(post(&emulator, "/policies", &format!(r#"{{"policies": {policies}}}"#)).await, ok);
        assert_eq!(client.call(&["AUTH", "app", &token]).await, reply, "{policies}");
    }
    let cut = (200, json!({"ok": true, "connections": 1}));
    assert_eq!(post(&emulator, "/users/remove", r#"{"user": "app"}"#).await, cut);
    assert!(client.is_closed().await);
    let back = (200, json!({"ok": true, "connections": 0}));
    assert_eq!(post(&emulator, "/users/add", r#"{"user": "app"}"#).await, back);
    Client::connect(&emulator).await.login(2).await;
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
        ("clock", r#"{"seconds": -1000}"#, WRONGPASS),
        ("clear", "", ""),
        ("certificate", r#"{"kind": "other-name"}"#, ""),
        ("certificate", r#"{"kind": "good", "node": 0}"#, ""),
        ("cut", r#"{"after_bytes": 1000}"#, ""),
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
        ("/policies", r#"{"policies": [{"Statement": [{"Effect": "Maybe"}]}]}"#, 400, "Maybe"),
        ("/policies", r#"{"policies": 3}"#, 400, "policies"),
        ("/users/remove", "", 400, "user"),
        ("/users/remove", r#"{"user": "nobody"}"#, 409, "user"),
        ("/faults/refuse", r#"{"node": 1}"#, 409, "node"),
        ("/faults/cut", "", 400, "after_bytes"),
        ("/faults/certificate", r#"{"kind": "bad"}"#, 400, "kind"),
        ("/faults/clock", r#"{"seconds": 1.5}"#, 400, "seconds"),
        ("/faults/node", r#"{"up": false}"#, 400, "node"),
        ("/faults/node", r#"{"node": 0}"#, 400, "up"),
        ("/faults/failover", "", 400, "shard"),
        ("/faults/failover", r#"{"shard": 0}"#, 409, "cluster"),
        ("/cluster/reshard", r#"{"from": 0, "to": 1}"#, 400, "slots"),
        ("/cluster", "", 405, "GET"),
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

#[tokio::test]
async fn a_cluster_can_be_seen_and_changed() {
    let emulator = start(Config { shards: 2, replicas: 1, ..controlled() }).await;
    let nodes = || async { http(&emulator, "GET", "/cluster", "", "").await.1["nodes"].clone() };
    let seen = nodes().await;
    let address = emulator.addresses()[3].to_string();
    assert_eq!(seen[1]["slots"], json!([[8192, 16_383]]));
    let of = |node: &Json| json!([node["node"], node["shard"], node["address"], node["role"], node["up"]]);
    assert_eq!(of(&seen[3]), json!([3, 1, address, "replica", true]));
    let (status, answer) = post(&emulator, "/faults/failover", r#"{"shard": 1}"#).await;
    assert_eq!((status, answer), (200, json!({"ok": true, "primary": 3})));
    let body = r#"{"slots": 10, "from": 0, "to": 1, "batch": 5, "milliseconds": 1}"#;
    let (status, answer) = post(&emulator, "/cluster/reshard", body).await;
    assert_eq!((status, answer), (200, json!({"ok": true, "keys": 0})));
    let seen = nodes().await;
    assert_eq!(seen[3]["slots"], json!([[0, 9], [8192, 16_383]]));
    let ok = (200, json!({"ok": true}));
    assert_eq!(post(&emulator, "/faults/node", r#"{"node": 2, "up": false}"#).await, ok);
    assert_eq!((&nodes().await[2]["up"], &nodes().await[2]["role"]), (&json!(false), &Json::Null));
    assert_eq!(post(&emulator, "/faults/node", r#"{"node": 2, "up": true}"#).await, ok);
    assert_eq!(nodes().await[2]["up"], true);
}
