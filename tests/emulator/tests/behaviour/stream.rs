//! The stream after a login: order, transactions, pushes, large values.

use crate::support::{Client, Draft, Value, WRONGPASS, config, encode, logged_in, until, wait};
use keyrotor_emulator::{Closed, Config, Switches};
use std::time::Duration;

const COMMANDS: i64 = 10_000;

#[tokio::test]
async fn logins_keep_their_place_in_a_long_pipeline() {
    let (emulator, mut client) = logged_in(config()).await;
    let good = Draft::new(1).sign();
    let logins: [(i64, Vec<&str>, Value); 4] = [
        (100, vec!["AUTH", "app", &good], Value::ok()),
        (5000, vec!["AUTH", "app", "bad"], Value::error(WRONGPASS)),
        (5001, vec!["HELLO", "2", "AUTH", "app", "bad"], Value::error(WRONGPASS)),
        (9999, vec!["auth", "app", &good], Value::ok()),
    ];
    let (mut pipeline, mut expected) = (Vec::new(), Vec::new());
    for index in 1..=COMMANDS {
        match logins.iter().find(|(at, ..)| *at == index) {
            Some((_, args, reply)) => {
                pipeline.extend(encode(args));
                expected.push(reply.clone());
            }
            None => {
                pipeline.extend(encode(&["ECHO", &index.to_string()]));
                expected.push(Value::bulk(&index.to_string()));
            }
        }
    }
    assert!(client.pipeline(&pipeline, expected.len()).await == expected);
    let record = emulator.record();
    assert_eq!((record.totals.logins_accepted, record.totals.logins_refused), (3, 2));
    assert_eq!(record.totals.commands, 10_001);
}

#[tokio::test]
async fn the_services_own_errors_keep_their_place_too() {
    let (emulator, mut client) = logged_in(config()).await;
    emulator.faults().throttle(None);
    let mut pipeline = Vec::new();
    for index in 0..2000 {
        pipeline.extend(encode(&["ECHO", &index.to_string()]));
        pipeline.extend(encode(&["AUTH", "app", "x"]));
    }
    let replies = client.pipeline(&pipeline, 4000).await;
    for (index, pair) in replies.chunks(2).enumerate() {
        assert_eq!(pair[0], Value::bulk(&index.to_string()));
        assert_eq!(pair[1], Value::error("ERR Exceeded limit of IAM Authentication requests"));
    }
}

#[tokio::test]
async fn a_switch_queues_logins_in_a_transaction() {
    let session_limit = Some(Duration::from_millis(1500));
    let switches = Switches { reauth_in_multi: true, ..Switches::default() };
    let (emulator, mut client) = logged_in(Config { session_limit, switches, ..config() }).await;
    let good = Draft::new(1).sign();
    let queued = || Value::Simple("QUEUED".into());
    assert_eq!(client.call(&["MULTI"]).await, Value::ok());
    assert_eq!(client.call(&["SET", "a", "1"]).await, queued());
    assert_eq!(client.call(&["AUTH", "app", &good]).await, queued());
    assert_eq!(client.call(&["AUTH", "app", "bad"]).await, queued());
    emulator.faults().iam_outage(None);
    assert_eq!(client.call(&["AUTH", "app", &good]).await, queued());
    wait(900).await;
    let outage = Value::error("ERR IAM Authentication service is not available");
    let expected = Value::List(vec![Value::ok(), Value::ok(), Value::error(WRONGPASS), outage]);
    assert_eq!(client.call(&["EXEC"]).await, expected);
    wait(900).await;
    assert_eq!(client.call(&["GET", "a"]).await, Value::bulk("1"), "prolonged with EXEC");
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn logins_in_a_transaction_are_refused() {
    let (emulator, mut client) = logged_in(config()).await;
    client.call(&["MULTI"]).await;
    assert_eq!(client.call(&["AUTH", "app", &Draft::new(1).sign()]).await, Value::Simple("QUEUED".into()));
    assert_eq!(client.call(&["EXEC"]).await, Value::List(vec![Value::error(WRONGPASS)]));
    assert_eq!(emulator.record().logins[1].reason, Some("in-multi"));
}

#[tokio::test]
async fn large_values_pass() {
    let (emulator, mut client) = logged_in(config()).await;
    for size in [1 << 20, 64 << 20] {
        let value = vec![b'$'; size];
        let mut pipeline = format!("*3\r\n$3\r\nSET\r\n$1\r\nv\r\n${size}\r\n").into_bytes();
        pipeline.extend_from_slice(&value);
        pipeline.extend(b"\r\n");
        pipeline.extend(encode(&["AUTH", "app", &Draft::new(1).sign()]));
        pipeline.extend(encode(&["GET", "v"]));
        let replies = client.pipeline(&pipeline, 3).await;
        assert_eq!(replies[..2], [Value::ok(), Value::ok()]);
        assert!(replies[2] == Value::Bulk(value), "{size}");
    }
    drop(emulator);
}

#[tokio::test]
async fn pushes_and_messages_pass() {
    let (emulator, mut one) = logged_in(config()).await;
    let mut two = Client::connect(&emulator).await;
    let token = Draft::new(0).sign();
    assert!(matches!(two.call(&["HELLO", "3", "AUTH", "app", &token]).await, Value::Map(_)));
    assert!(matches!(two.call(&["SUBSCRIBE", "news"]).await, Value::Push(_)));
    assert_eq!(one.call(&["PUBLISH", "news", "hi"]).await, Value::Integer(1));
    let message = Value::Push(vec![Value::bulk("message"), Value::bulk("news"), Value::bulk("hi")]);
    assert_eq!(two.reply().await, message);
    assert_eq!(two.call(&["AUTH", "app", &Draft::new(1).sign()]).await, Value::ok());
    assert_eq!(two.call(&["RESET"]).await, Value::Simple("RESET".into()));
    two.login(2).await;
    assert_eq!(one.call(&["PUBLISH", "news", "hi"]).await, Value::Integer(0));
}

#[tokio::test]
async fn a_subscriber_in_resp2_cannot_prolong() {
    let limit = Some(Duration::from_millis(700));
    let (emulator, mut client) = logged_in(Config { session_limit: limit, ..config() }).await;
    assert!(matches!(client.call(&["SUBSCRIBE", "news"]).await, Value::List(_)));
    let Value::Error(text) = client.call(&["AUTH", "app", &Draft::new(1).sign()]).await else {
        panic!("prolonged")
    };
    assert!(text.starts_with("ERR Can't execute 'auth'"), "{text}");
    assert_eq!(emulator.record().logins[1].reason, Some("subscriber"));
    assert!(matches!(client.call(&["UNSUBSCRIBE"]).await, Value::List(_)));
    client.login(1).await;
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_broken_request_is_answered_by_the_backend() {
    let (emulator, mut client) = logged_in(config()).await;
    client.send(b"*1\r\n$4\r\nPING\r\n*1\r\n!4\r\nPING\r\n").await;
    assert_eq!(client.reply().await, Value::Simple("PONG".into()));
    assert_eq!(client.reply().await, Value::error("ERR Protocol error: expected '$', got '!'"));
    assert!(client.is_closed().await);
    let record = until(&emulator, |record| record.connections[0].why.is_some()).await;
    assert_eq!(record.connections[0].why, Some(Closed::Client));
}

#[tokio::test]
async fn quit_says_goodbye() {
    let (emulator, mut client) = logged_in(config()).await;
    assert_eq!(client.call(&["QUIT"]).await, Value::ok());
    assert!(client.is_closed().await);
    drop(emulator);
}

#[tokio::test]
async fn what_was_asked_before_the_client_left_is_answered() {
    let (emulator, mut client) = logged_in(config()).await;
    client.send(&encode(&["ECHO", "a"]).repeat(100)).await;
    client.leave().await;
    for _ in 0..100 {
        assert_eq!(client.reply().await, Value::bulk("a"));
    }
    let record = until(&emulator, |record| record.connections[0].why.is_some()).await;
    assert_eq!(record.connections[0].why, Some(Closed::Client));
}

#[tokio::test]
async fn names_are_seen_wherever_they_are_given() {
    let (emulator, mut client) = logged_in(config()).await;
    for args in [&["CLIENT", "SETNAME", "one"][..], &["HELLO", "2", "SETNAME", "one"]] {
        client.call(args).await;
        assert_eq!(emulator.record().connections[0].client_name.as_deref(), Some("one"));
        client.call(&["CLIENT", "SETNAME", ""]).await;
        assert_eq!(emulator.record().connections[0].client_name, None);
    }
}
