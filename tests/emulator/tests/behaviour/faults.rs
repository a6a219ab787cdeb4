//! Each fault, in-process.

use crate::support::{
    Client, Draft, NOAUTH, Value, WRONGPASS, config, encode, logged_in, start, token_hash, until,
};
use keyrotor_emulator::{Closed, Config, Error, Refuse, Switches};
use std::time::Duration;

fn pong() -> Value {
    Value::Simple("PONG".into())
}

#[tokio::test]
async fn refusals_can_be_counted_or_aimed() {
    let emulator = start(config()).await;
    let faults = emulator.faults();
    assert!(matches!(faults.refuse(Refuse { current: true, ..Refuse::default() }), Err(Error::Fault { .. })));
    let mut client = Client::connect(&emulator).await;
    let token = Draft::new(0).sign();
    faults.refuse(Refuse { count: Some(1), ..Refuse::default() }).expect("a fault");
    assert_eq!(client.call(&["AUTH", "app", &token]).await, Value::error(WRONGPASS));
    client.login(0).await;
    faults.refuse(Refuse { current: true, ..Refuse::default() }).expect("a fault");
    assert_eq!(client.call(&["AUTH", "app", &token]).await, Value::error(WRONGPASS));
    client.login(1).await;
    let aimed = Refuse { token_sha256: Some(token_hash(&token).to_uppercase()), ..Refuse::default() };
    faults.refuse(aimed).expect("a fault");
    assert_eq!(client.call(&["AUTH", "app", &token]).await, Value::error(WRONGPASS));
    faults.clear();
    client.login(0).await;
    assert_eq!(emulator.record().logins[0].reason, Some("fault-refuse"));
}

#[tokio::test]
async fn connections_can_be_killed() {
    let (emulator, mut one) = logged_in(config()).await;
    let mut two = Client::connect(&emulator).await;
    two.login(0).await;
    assert_eq!(emulator.faults().kill(Some(1)), 1);
    assert!(one.is_closed().await);
    assert_eq!(two.call(&["PING"]).await, pong());
    assert_eq!((emulator.faults().kill(None), emulator.faults().kill(Some(99))), (1, 0));
    assert!(two.is_closed().await);
    let killed = |record: &keyrotor_emulator::Record| {
        record.connections.iter().all(|connection| connection.why == Some(Closed::Killed))
    };
    until(&emulator, killed).await;
}

#[tokio::test]
async fn logins_can_be_forgotten() {
    let (emulator, mut client) = logged_in(config()).await;
    assert_eq!(emulator.faults().forget(None), 1);
    let mut pipeline = encode(&["SET", "a", &"x".repeat(100_000)]);
    pipeline.extend(b"PING\r\n");
    pipeline.extend(encode(&["HELLO", "3"]));
    pipeline.extend(encode(&["AUTH", "app", "bad"]));
    pipeline.extend(encode(&["GET", "a"]));
    let replies = client.pipeline(&pipeline, 5).await;
    let Value::Error(hello) = &replies[2] else { panic!("{replies:?}") };
    assert!(hello.starts_with("NOAUTH HELLO must"), "{hello}");
    assert_eq!([&replies[0], &replies[1], &replies[4]], [&Value::error(NOAUTH); 3]);
    assert_eq!(replies[3], Value::error(WRONGPASS));
    client.login(1).await;
    assert_eq!(client.call(&["GET", "a"]).await, Value::Null);
    assert_eq!(emulator.record().connections[0].commands_refused, 4);
}

#[tokio::test]
async fn replies_can_be_held_back() {
    let (emulator, mut client) = logged_in(config()).await;
    emulator.faults().stall(Duration::from_millis(700));
    client.send(b"PING\r\n").await;
    assert!(client.is_silent(300).await);
    assert_eq!(client.reply().await, pong());
    emulator.faults().stall(Duration::from_secs(60));
    client.send(b"PING\r\n").await;
    assert!(client.is_silent(100).await);
    emulator.faults().clear();
    assert_eq!(client.reply().await, pong());
}

#[tokio::test]
async fn outages_have_the_services_words() {
    let (emulator, mut old) = logged_in(config()).await;
    let faults = emulator.faults();
    let token = Draft::new(1).sign();
    let first = Value::error("ERR service is not available");
    let mut new = Client::connect(&emulator).await;
    faults.unavailable(None);
    assert_eq!(new.call(&["AUTH", "app", &token]).await, first);
    assert_eq!(new.call(&["PING"]).await, Value::error(NOAUTH));
    assert_eq!(old.call(&["AUTH", "app", &token]).await, Value::ok());
    faults.clear();
    faults.throttle(None);
    assert_eq!(new.call(&["HELLO", "3", "AUTH", "app", &token]).await, first);
    let throttled = Value::error("ERR Exceeded limit of IAM Authentication requests");
    assert_eq!(old.call(&["HELLO", "3", "AUTH", "app", &token]).await, throttled);
    faults.throttle(Some(Duration::ZERO));
    faults.iam_outage(None);
    assert_eq!(new.call(&["AUTH", "app", &token]).await, first);
    let outage = Value::error("ERR IAM Authentication service is not available");
    assert_eq!(old.call(&["AUTH", "app", &token]).await, outage);
    assert_eq!(old.call(&["PING"]).await, pong());
    faults.clear();
    assert_eq!(new.call(&["AUTH", "app", &token]).await, Value::ok());
    let reasons: Vec<_> = emulator.record().logins.iter().filter_map(|login| login.reason).collect();
    assert_eq!(reasons, ["unavailable", "throttled", "throttled", "iam-outage", "iam-outage"]);
}

#[tokio::test]
async fn a_switch_ends_the_services_words_with_a_full_stop() {
    let switches = Switches { full_stop: true, ..Switches::default() };
    let (emulator, mut client) = logged_in(Config { switches, ..config() }).await;
    emulator.faults().throttle(None);
    let text = Value::error("ERR Exceeded limit of IAM Authentication requests.");
    assert_eq!(client.call(&["AUTH", "app", "x"]).await, text);
}

#[tokio::test]
async fn new_connections_can_be_turned_away() {
    let (emulator, mut old) = logged_in(config()).await;
    emulator.faults().close_listener();
    assert!(Client::try_connect(&emulator).await.is_err());
    assert_eq!(old.call(&["PING"]).await, pong());
    emulator.faults().open_listener();
    Client::connect(&emulator).await.login(0).await;
}

#[tokio::test]
async fn the_backend_can_be_restarted() {
    let (emulator, mut old) = logged_in(config()).await;
    assert_eq!(old.call(&["SET", "a", "1"]).await, Value::ok());
    let mut stranger = Client::connect(&emulator).await;
    assert_eq!(stranger.call(&["PING"]).await, Value::error(NOAUTH));
    emulator.faults().restart_backend().await.expect("a restart");
    assert!(old.is_closed().await && stranger.is_closed().await);
    let mut new = Client::connect(&emulator).await;
    new.login(0).await;
    assert_eq!(new.call(&["GET", "a"]).await, Value::Null);
    let record = until(&emulator, |record| record.connections.len() == 3).await;
    assert_eq!(record.connections[0].why, Some(Closed::Backend));
}
