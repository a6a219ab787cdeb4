//! What the record holds, and what it never does.

use crate::support::{Client, Draft, Value, config, logged_in, start, token_hash, until};
use keyrotor_emulator::{Closed, LoginCommand, Outcome};

#[tokio::test]
async fn logins_are_described() {
    let (emulator, mut client) = logged_in(config()).await;
    client.call(&["CLIENT", "SETNAME", "worker-1"]).await;
    let token = Draft { temporary: true, ..Draft::new(7) }.sign();
    let reply = client.call(&["HELLO", "3", "AUTH", "app", &token]).await;
    assert!(matches!(reply, Value::Map(_)));
    let record = emulator.record();
    let login = &record.logins[1];
    assert_eq!(login.token_sha256, token_hash(&token));
    assert_eq!((login.command, login.outcome), (LoginCommand::Hello, Outcome::Accepted));
    assert_eq!(login.access_key.as_deref(), Some("ASIDEXAMPLE"));
    assert_eq!(login.date.as_deref(), Some("20250615T123407Z"));
    assert_eq!((login.client_name.as_deref(), login.user.as_str()), (Some("worker-1"), "app"));
    assert_eq!((login.connection, login.relogin, login.reason), (1, true, None));
    assert!(login.time.starts_with("2025-06-15T12:3"), "{}", login.time);
    let lease = login.lease_left_seconds.expect("a lease");
    assert!((43_190.0..=43_200.0).contains(&lease), "{lease}");
    assert_eq!(login.peer_port, record.connections[0].peer_port);
}

#[tokio::test]
async fn connections_are_described() {
    let (emulator, mut client) = logged_in(config()).await;
    client.call(&["CLIENT", "SETNAME", "worker-1"]).await;
    client.login(1).await;
    drop(client);
    let record = until(&emulator, |record| record.connections[0].closed.is_some()).await;
    let connection = &record.connections[0];
    assert_eq!((connection.id, connection.why), (1, Some(Closed::Client)));
    assert_eq!(connection.client_name.as_deref(), Some("worker-1"));
    assert_eq!((connection.commands_forwarded, connection.commands_refused), (3, 0));
    assert_eq!((connection.logins, connection.relogins), (2, 1));
    assert_eq!((record.totals.connections, record.totals.commands), (1, 3));
}

#[tokio::test]
async fn no_token_is_written_down() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    let token = Draft::new(0).sign();
    for args in [
        &["AUTH", &token][..],
        &["AUTH", &token, &token],
        &["HELLO", "3", "AUTH", "app", &token, "SETNAME", &token],
        &["CLIENT", "SETNAME", &token],
    ] {
        client.call(args).await;
    }
    let text = serde_json::to_string(&emulator.record()).expect("JSON") + &format!("{:?}", emulator.record());
    let (_, signature) = token.rsplit_once('=').expect("a signature");
    assert!(!text.contains(signature) && !text.contains("X-Amz"), "{text}");
    assert_eq!(emulator.record().logins.len(), 3);
}

#[tokio::test]
async fn a_stop_is_written_down_by_its_connections() {
    let (emulator, mut client) = logged_in(config()).await;
    let ca = emulator.ca_path().to_owned();
    let faults = emulator.faults();
    emulator.stop().await;
    assert!(client.is_closed().await);
    assert!(!ca.exists());
    assert_eq!(faults.kill(None), 0);
}
