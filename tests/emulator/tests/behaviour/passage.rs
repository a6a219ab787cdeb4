//! What passes untouched, with the servers of both kinds: long pipelines, large values, streams and commands that wait.

use crate::support::{Client, Draft, SERVERS, Value, config, encode, start};
use keyrotor_emulator::{Config, Emulator};
use std::path::Path;

const COMMANDS: usize = 10_000;
const LARGE: usize = 64 << 20;

async fn of(server: &Path) -> Emulator {
    start(Config { server: Some(server.to_owned()), ..config() }).await
}

async fn client(emulator: &Emulator, protocol: &str) -> Client {
    let mut client = Client::connect(emulator).await;
    let token = Draft::new(0).sign();
    let greeting = client.call(&["HELLO", protocol, "AUTH", "app", &token]).await;
    assert!(matches!(greeting, Value::Map(_) | Value::List(_)), "{greeting:?}");
    client
}

/// A message as each protocol brings it.
fn message(protocol: &str, parts: &[&str]) -> Value {
    let parts = parts.iter().map(|part| Value::bulk(part)).collect();
    if protocol == "3" { Value::Push(parts) } else { Value::List(parts) }
}

#[tokio::test]
async fn a_long_pipeline_is_answered_in_order() {
    for server in SERVERS.iter() {
        let emulator = of(server).await;
        for protocol in ["2", "3"] {
            let mut client = client(&emulator, protocol).await;
            let numbers: Vec<_> = (0..COMMANDS).map(|number| number.to_string()).collect();
            let pipeline: Vec<_> = numbers.iter().flat_map(|number| encode(&["ECHO", number])).collect();
            let expected: Vec<_> = numbers.iter().map(|number| Value::bulk(number)).collect();
            assert!(client.pipeline(&pipeline, COMMANDS).await == expected, "{}", server.display());
        }
    }
}

#[tokio::test]
async fn a_large_value_comes_back_as_it_went() {
    for server in SERVERS.iter() {
        let emulator = of(server).await;
        let mut client = client(&emulator, "3").await;
        let value: Vec<_> = (0..LARGE).map(|at| b"*$\r\n+-:"[at % 7]).collect();
        let mut pipeline = format!("*3\r\n$3\r\nSET\r\n$1\r\nv\r\n${LARGE}\r\n").into_bytes();
        pipeline.extend_from_slice(&value);
        pipeline.extend(b"\r\n");
        pipeline.extend(encode(&["GET", "v"]));
        let replies = client.pipeline(&pipeline, 2).await;
        assert!(replies == [Value::ok(), Value::Bulk(value)], "{}", server.display());
    }
}

#[tokio::test]
async fn subscribers_hear_in_both_protocols() {
    for server in SERVERS.iter() {
        let emulator = of(server).await;
        let mut speaker = client(&emulator, "2").await;
        for protocol in ["2", "3"] {
            let mut listener = client(&emulator, protocol).await;
            listener.call(&["SUBSCRIBE", "news"]).await;
            listener.call(&["PSUBSCRIBE", "n*"]).await;
            listener.call(&["SSUBSCRIBE", "shard"]).await;
            for number in 0..100 {
                let text = number.to_string();
                assert_eq!(speaker.call(&["PUBLISH", "news", &text]).await, Value::Integer(2));
                assert_eq!(listener.reply().await, message(protocol, &["message", "news", &text]));
                assert_eq!(listener.reply().await, message(protocol, &["pmessage", "n*", "news", &text]));
            }
            assert_eq!(speaker.call(&["SPUBLISH", "shard", "x"]).await, Value::Integer(1));
            assert_eq!(listener.reply().await, message(protocol, &["smessage", "shard", "x"]));
        }
    }
}

#[tokio::test]
async fn commands_that_wait_are_answered_when_it_is_time() {
    for server in SERVERS.iter() {
        let emulator = of(server).await;
        let mut other = client(&emulator, "2").await;
        for protocol in ["2", "3"] {
            let mut waiter = client(&emulator, protocol).await;
            waiter.send(&encode(&["BLPOP", "list", "0"])).await;
            assert!(waiter.is_silent(100).await);
            assert_eq!(other.call(&["RPUSH", "list", "1"]).await, Value::Integer(1));
            assert_eq!(waiter.reply().await, Value::List(vec![Value::bulk("list"), Value::bulk("1")]));
            waiter.send(&encode(&["XREAD", "BLOCK", "0", "STREAMS", "stream", "$"])).await;
            assert!(waiter.is_silent(100).await);
            other.call(&["XADD", "stream", "*", "field", "value"]).await;
            assert!(matches!(waiter.reply().await, Value::List(_) | Value::Map(_)));
            // There is no replica to wait for.
            waiter.send(&encode(&["WAIT", "1", "200"])).await;
            waiter.send(&encode(&["PING"])).await;
            assert_eq!(waiter.reply().await, Value::Integer(0));
            assert_eq!(waiter.reply().await, Value::Simple("PONG".into()));
        }
    }
}

#[tokio::test]
async fn a_monitor_sees_what_others_do_and_no_token() {
    for server in SERVERS.iter() {
        let emulator = of(server).await;
        let mut monitor = client(&emulator, "2").await;
        assert_eq!(monitor.call(&["MONITOR"]).await, Value::ok());
        let mut other = client(&emulator, "2").await;
        for number in 0..1000 {
            other.call(&["ECHO", &number.to_string()]).await;
        }
        let mut seen = Vec::new();
        while seen.len() < 1000 {
            let Value::Simple(line) = monitor.reply().await else { panic!("no line") };
            assert!(!line.contains("X-Amz"), "{line}");
            seen.extend(line.contains("\"ECHO\"").then_some(line));
        }
        assert!(seen[999].ends_with("\"ECHO\" \"999\""), "{}", seen[999]);
    }
}

#[tokio::test]
async fn the_clients_own_settings_are_the_servers() {
    for server in SERVERS.iter() {
        let emulator = of(server).await;
        let (mut one, mut two) = (client(&emulator, "3").await, client(&emulator, "2").await);
        for settings in [
            &["CLIENT", "NO-EVICT", "ON"][..],
            &["CLIENT", "SETNAME", "one"],
            &["CLIENT", "TRACKING", "ON"],
            &["SET", "key", "1"],
        ] {
            assert_eq!(one.call(settings).await, Value::ok(), "{settings:?}");
        }
        assert_eq!(one.call(&["CLIENT", "GETNAME"]).await, Value::bulk("one"));
        assert_eq!(one.call(&["GET", "key"]).await, Value::bulk("1"));
        assert_eq!(two.call(&["SET", "key", "2"]).await, Value::ok());
        let keys = Value::List(vec![Value::bulk("key")]);
        assert_eq!(one.reply().await, Value::Push(vec![Value::bulk("invalidate"), keys]));
        // Replies that the client does not want keep theirs away from later ones.
        two.send(&encode(&["CLIENT", "REPLY", "SKIP"])).await;
        two.send(&encode(&["GET", "key"])).await;
        assert_eq!(two.call(&["ECHO", "heard"]).await, Value::bulk("heard"));
    }
}
