//! What goes on below the commands: TLS sessions, the end of a connection, how many threads and how much memory.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against a real server and real time"
)]

mod support;

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keyrotor::{Client, Code, ConnectionRole, Value, cmd};
use keyrotor_emulator::Closed;
use serde_json::json;

async fn ping(client: &Client) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = client.execute(&cmd("PING")).await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn c15_reconnects_resume_their_tls_session() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for _ in 0..40 {
        ping(&client).await;
        emulator.faults().kill(None);
        while client.stats().connections.iter().any(|it| it.role == ConnectionRole::Shared) {
            tokio::task::yield_now().await;
        }
    }
    ping(&client).await;
    let record = emulator.record();
    let (_, again) = record.connections.split_first().unwrap();
    let resumed = again.iter().filter(|connection| connection.tls_resumed).count();
    assert!(again.len() >= 40 && resumed * 100 >= again.len() * 95, "{resumed} of {}", again.len());
}

#[tokio::test]
async fn c15_a_close_says_goodbye_after_the_replies_under_way() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let calls = (0..500).map(|number| {
        let client = client.clone();
        async move { client.execute(cmd("ECHO").arg(number)).await }
    });
    let calls = tokio::spawn(join_all(calls));
    while client.stats().in_flight < 500 {
        tokio::task::yield_now().await;
    }
    client.close();
    for (number, reply) in calls.await.unwrap().into_iter().enumerate() {
        assert_eq!(reply.unwrap(), Value::BulkString(number.to_string().into_bytes()));
    }
    assert_eq!(client.execute(&cmd("PING")).await.unwrap_err().code(), Code::Closed);
    let deadline = Instant::now() + Duration::from_secs(10);
    while emulator.record().connections[0].closed.is_none() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(emulator.record().connections[0].why, Some(Closed::Client));
}

#[tokio::test]
async fn stats_tell_of_each_connection() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, support::lives(10, 20)).await;
    let subscriber = client.subscriber().await.unwrap();
    client.reauthenticate_now().await.unwrap();
    let stats = client.stats();
    let roles: Vec<_> = stats.connections.iter().map(|connection| connection.role).collect();
    assert_eq!(roles, [ConnectionRole::Shared, ConnectionRole::Subscriber]);
    for connection in &stats.connections {
        assert!(connection.address.ends_with(&emulator.address().port().to_string()));
        assert!(connection.lease_left.unwrap() > Duration::from_secs(10), "{connection:?}");
        assert_eq!(connection.reauths, 1);
    }
    assert_eq!(stats.reauths, 2);
    drop(subscriber);
    let deadline = Instant::now() + Duration::from_secs(10);
    while client.stats().connections.len() > 1 {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
