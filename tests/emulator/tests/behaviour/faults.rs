//! Each fault, in-process.

use crate::support::{
    Client, Draft, NOAUTH, Value, WRONGPASS, config, encode, logged_in, start, token_hash, until,
};
use keyrotor_emulator::{Certificate, Closed, Config, Error, Refuse, Switches};
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
async fn a_transaction_that_has_begun_is_run_before_its_login_is_forgotten() {
    let (emulator, mut client) = logged_in(config()).await;
    assert_eq!(client.call(&["MULTI"]).await, Value::ok());
    assert_eq!(emulator.faults().forget(None), 1);
    assert_eq!(client.call(&["INCR", "a"]).await, Value::Simple("QUEUED".into()));
    assert_eq!(client.call(&["EXEC"]).await, Value::List(vec![Value::Integer(1)]));
    assert_eq!(client.call(&["MULTI"]).await, Value::error(NOAUTH));
    assert_eq!(client.call(&["GET", "a"]).await, Value::error(NOAUTH));
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

#[tokio::test]
async fn replies_can_be_cut() {
    let (emulator, mut one) = logged_in(config()).await;
    let mut two = Client::connect(&emulator).await;
    two.login(0).await;
    let value = "x".repeat(100_000);
    one.call(&["SET", "v", &value]).await;
    emulator.faults().cut(70_000, 1);
    assert_eq!(one.call(&["PING"]).await, pong(), "shorter than that");
    one.send(&encode(&["GET", "v"])).await;
    let mut whole = format!("${}\r\n{value}\r\n", value.len()).into_bytes();
    whole.truncate(70_000);
    assert!(one.remainder().await == whole);
    assert_eq!(two.call(&["GET", "v"]).await, Value::bulk(&value), "one was asked for");
    emulator.faults().cut(0, 1);
    two.send(&encode(&["PING"])).await;
    assert!(two.remainder().await.is_empty());
    let record = until(&emulator, |record| record.connections.iter().all(|one| one.why.is_some())).await;
    assert!(record.connections.iter().all(|one| one.why == Some(Closed::Cut)));
}

#[tokio::test]
async fn logins_and_pushes_can_be_cut_too() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    let token = Draft::new(0).sign();
    emulator.faults().cut(3, 1);
    client.send(&encode(&["AUTH", "app", &token])).await;
    assert_eq!(client.remainder().await, b"+OK");
    let mut client = Client::connect(&emulator).await;
    client.call(&["HELLO", "3", "AUTH", "app", &token]).await;
    client.call(&["SUBSCRIBE", "news"]).await;
    emulator.faults().cut(20, 1);
    let mut other = Client::connect(&emulator).await;
    other.login(0).await;
    other.call(&["PUBLISH", "news", "good"]).await;
    assert_eq!(client.remainder().await, b">3\r\n$7\r\nmessage\r\n$4\r");
}

#[tokio::test]
async fn certificates_can_be_wrong() {
    let (emulator, mut old) = logged_in(config()).await;
    let faults = emulator.faults();
    for (kind, word) in [(Certificate::Expired, "expired"), (Certificate::OtherName, "not valid for name")] {
        faults.certificate(kind);
        let error = Client::try_connect(&emulator).await.err().expect("refused").to_string();
        assert!(error.contains(word), "{kind:?}: {error}");
    }
    assert_eq!(old.call(&["PING"]).await, pong(), "open connections stay");
    faults.certificate(Certificate::Good);
    Client::connect(&emulator).await.login(1).await;
    faults.certificate(Certificate::Expired);
    faults.clear();
    Client::connect(&emulator).await.login(1).await;
}

#[tokio::test]
async fn the_judging_clock_can_go_wrong() {
    let (emulator, mut client) = logged_in(config()).await;
    let token = Draft::new(1).sign();
    for (seconds, reply) in
        [(1000, Value::error(WRONGPASS)), (-1000, Value::error(WRONGPASS)), (0, Value::ok())]
    {
        emulator.faults().clock_skew(seconds);
        assert_eq!(client.call(&["AUTH", "app", &token]).await, reply, "{seconds}");
    }
    let reasons: Vec<_> = emulator.record().logins.iter().filter_map(|login| login.reason).collect();
    assert_eq!(reasons, ["expired", "future"]);
    emulator.faults().clock_skew(i64::MIN);
    emulator.faults().clear();
    client.login(2).await;
}

#[tokio::test]
async fn a_single_node_can_be_down_as_well() {
    let (emulator, mut client) = logged_in(config()).await;
    client.call(&["SET", "a", "1"]).await;
    let faults = emulator.faults();
    faults.down().await.expect("down");
    faults.down().await.expect("still down");
    assert!(client.is_closed().await);
    assert!(!emulator.nodes().await.expect("one")[0].up);
    assert!(Client::try_connect(&emulator).await.is_err());
    faults.up().await.expect("up");
    faults.up().await.expect("still up");
    let mut client = Client::connect(&emulator).await;
    client.login(0).await;
    assert_eq!(client.call(&["GET", "a"]).await, Value::Null, "its data are gone");
}
