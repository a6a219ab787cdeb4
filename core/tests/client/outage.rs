//! Connections are dropped, logins are refused, forgotten or impossible; failed connects leave nothing behind.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use keyrotor::{Batch, Code, Value, cmd};
use keyrotor_emulator::Refuse;
use serde_json::json;
use socket2::{Domain, Socket, Type};

use crate::load::{hashes, recovery, refused, traffic};
use crate::support;

#[tokio::test]
async fn c05_everything_dropped_while_the_token_is_dead() {
    let emulator = support::emulator(&["--token-life", "5"]).await;
    let client = support::client(&emulator, support::lives(5, 43_200)).await;
    emulator.faults().close_listener();
    emulator.faults().kill(None);
    tokio::time::sleep(Duration::from_secs(6)).await;
    emulator.faults().open_listener();
    let took = recovery(&client).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(refused(&emulator) <= 1);
}

#[tokio::test]
async fn c06_exactly_the_cached_token_is_refused() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().refuse(Refuse { current: true, ..Refuse::default() }).unwrap();
    emulator.faults().kill(None);
    let took = recovery(&client).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(refused(&emulator), 1);
    let hashes = hashes(&emulator);
    assert_eq!(hashes.len(), 3);
    assert_eq!(hashes[0], hashes[1], "the cached token was refused");
    assert_ne!(hashes[1], hashes[2], "the second AUTH carries another");
}

/// Under refresh the source signs one token after the other within a second.
#[tokio::test]
async fn c06_a_forced_login_that_is_refused_tries_the_next_token() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for round in 1..=10 {
        for _ in 0..round % 3 {
            client.refresh().await.unwrap();
        }
        emulator.faults().refuse(Refuse { count: Some(1), ..Refuse::default() }).unwrap();
        client.reauthenticate_now().await.unwrap();
        client.execute(&cmd("PING")).await.unwrap();
        assert_eq!(refused(&emulator), round);
    }
    let logins = emulator.record().logins;
    for pair in logins.windows(2).filter(|pair| pair[0].reason.is_some()) {
        assert_ne!(pair[0].token_sha256, pair[1].token_sha256, "the next one carries another");
    }
    assert_eq!(emulator.record().totals.connections, 1);
}

#[tokio::test]
async fn t09_after_two_refusals_a_forced_login_is_held_back() {
    let emulator = support::emulator(&[]).await;
    let retry = json!({"refresh": {"retry": {"jitterPercentage": 0}}});
    let client = support::client(&emulator, retry).await;
    emulator.faults().refuse(Refuse { count: Some(2), ..Refuse::default() }).unwrap();
    let start = Instant::now();
    for _ in 0..2 {
        let error = client.reauthenticate_now().await.unwrap_err();
        assert_eq!(error.code(), Code::AuthRefused);
    }
    assert_eq!(refused(&emulator), 2, "the second call sent nothing");
    while client.reauthenticate_now().await.is_err() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(refused(&emulator), 2);
}

#[tokio::test]
async fn t09_a_permanently_refused_identity_sends_at_most_ten_logins_in_thirty_seconds() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().refuse(Refuse::default()).unwrap();
    emulator.faults().kill(None);
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        let _ = client.execute(&cmd("PING")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!((3..=10).contains(&refused(&emulator)), "{}", refused(&emulator));
    let error = client.execute(&cmd("PING")).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused);
}

#[tokio::test]
async fn s01_a_refusal_names_the_odd_name_first() {
    let emulator = support::emulator(&[]).await;
    let patch = json!({"authenticationInfo": {"iamCredentials": {"clusterName": "my-cluster.abc.cache.amazonaws.com"}}});
    let error = support::connect(&support::request(&emulator, patch)).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused);
    assert!(error.message().contains("looks like an endpoint"), "{error}");
}

#[tokio::test]
async fn c07_a_forgotten_login_is_healed_under_load() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for _ in 0..20 {
        emulator.faults().forget(None);
        let failures = traffic(&client, 0, Duration::from_millis(30)).await;
        assert!(failures.is_empty(), "{failures:?}");
    }
    assert_eq!(emulator.record().totals.connections, 1);
}

#[tokio::test]
async fn c07_a_login_that_was_forgotten_in_an_outage_is_made_when_it_is_over() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().iam_outage(None);
    emulator.faults().forget(None);
    let error = client.execute(&cmd("PING")).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthUnavailable);
    emulator.faults().clear();
    // Nothing but these commands asks for a login: the lease has hours left.
    let mut outcome = Err(error);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        outcome = client.execute(&cmd("PING")).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome.unwrap();
    assert_eq!(emulator.record().totals.connections, 1);
}

#[tokio::test]
async fn c07_a_transaction_is_healed_too() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for round in 1..=3 {
        emulator.faults().forget(None);
        let mut transaction = Batch::atomic();
        transaction.add(cmd("INCR").arg("counter").clone()).unwrap();
        transaction.add(cmd("GET").arg("counter").clone()).unwrap();
        let replies = client.execute_batch(&transaction).await.unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::Int(round));
    }
    assert_eq!(emulator.record().totals.connections, 1);
}

#[tokio::test]
async fn c12_an_outage_of_logins_fails_fast_with_the_servers_text_and_heals() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().unavailable(None);
    emulator.faults().kill(None);
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..20 {
        let start = Instant::now();
        let error = client.execute(&cmd("PING")).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
        assert_eq!((error.code(), error.retryable()), (Code::AuthUnavailable, true));
        assert_eq!(error.server_text(), Some("ERR service is not available"));
    }
    emulator.faults().clear();
    let took = recovery(&client).await;
    assert!(took < Duration::from_millis(1200), "{took:?}");
}

/// Which takes no connection: its queue is full.
fn deaf_listener() -> (Socket, Vec<std::net::TcpStream>, u16) {
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap().as_socket().unwrap();
    let mut queue = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        queue.push(stream);
    }
    (listener, queue, address.port())
}

#[tokio::test]
async fn c12_whoever_dials_a_deaf_server_holds_up_nobody_who_wants_to_log_in_elsewhere() {
    let emulator = support::emulator(&[]).await;
    let (_listener, _queue, deaf) = deaf_listener();
    // The same servers, and so the same turns to log in; each begins with its first.
    let request = |ports: [u16; 2], patch| {
        let addresses = ports.map(|port| json!({"host": "localhost", "port": port}));
        let mut patch: serde_json::Value = patch;
        patch["addresses"] = json!(addresses);
        patch["connectionTimeout"] = json!(60_000);
        support::request(&emulator, patch)
    };
    let port = emulator.address().port();
    let healthy = support::connect(&request([port, deaf], json!({}))).await.unwrap();
    emulator.faults().unavailable(None);
    emulator.faults().kill(None);
    let mut deaf_first = Vec::new();
    for _ in 0..5 {
        let client = support::connect(&request([deaf, port], json!({"lazyConnect": true}))).await.unwrap();
        // Which is told why there is no login, while it goes on trying.
        client.execute(&cmd("PING")).await.unwrap_err();
        deaf_first.push(client);
    }
    // Turn after turn: one of the five has one.
    tokio::time::sleep(Duration::from_secs(3)).await;
    emulator.faults().clear();
    let took = recovery(&healthy).await;
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[tokio::test]
async fn c13_a_failed_connect_leaves_nothing_behind() {
    let emulator = support::emulator(&[]).await;
    emulator.faults().refuse(Refuse::default()).unwrap();
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let request = support::request(&emulator, json!({}));
    support::connect(&request).await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let record = emulator.record();
    assert!(
        record.connections.iter().all(|connection| connection.closed.is_some()),
        "{:?}",
        record.connections
    );
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}

/// A password's login is refused by the real server itself.
#[tokio::test]
async fn c13_a_refused_password_leaves_nothing_behind() {
    let emulator = support::emulator(&[]).await;
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let password = json!({"username": "iam-user-01", "password": "no token"});
    let patch = json!({"authenticationInfo": {"iamCredentials": null, "serverCredentials": password}});
    let error = support::connect(&support::request(&emulator, patch)).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let record = emulator.record();
    assert!(
        record.connections.iter().all(|connection| connection.closed.is_some()),
        "{:?}",
        record.connections
    );
    assert_eq!(refused(&emulator), 1, "a password that was refused is not sent again");
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}
