//! New tokens under load: nobody notices.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keyrotor::{Callback, Callbacks, Client, Code, Fetched, Format, TokenManager, cmd};
use serde_json::json;
use tokio::sync::Semaphore;

use crate::load::traffic;
use crate::support;

#[tokio::test]
async fn c18_forced_rotations_are_invisible() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"requestTimeout": 20_000})).await;
    let rotating = tokio::spawn({
        let client = client.clone();
        async move {
            for _ in 0..1000 {
                client.refresh().await.unwrap();
                client.reauthenticate_now().await.unwrap();
            }
        }
    });
    let start = Instant::now();
    while !rotating.is_finished() {
        let load = (0..4).map(|number| traffic(&client, number, Duration::from_millis(200)));
        let failures: Vec<_> = join_all(load).await.into_iter().flatten().collect();
        assert!(failures.is_empty(), "{failures:?}");
    }
    rotating.await.unwrap();
    let (took, stats, record) = (start.elapsed(), client.stats(), emulator.record());
    println!("1,000 rotations under {} commands took {} ms", stats.commands, took.as_millis());
    assert!(took < Duration::from_secs(100), "fewer than 10 a second: {took:?}");
    assert_eq!((record.totals.connections, stats.reconnects, stats.failures), (1, 0, 0));
    assert_eq!((record.totals.relogins, record.totals.logins_refused), (1000, 0));
    assert!(record.logins.windows(2).all(|pair| pair[0].token_sha256 != pair[1].token_sha256));
    assert!(client.status().unwrap().generation > 1000);
}

/// The replies of a connection keep their order: what is sent behind a login is answered behind it. But it is sent, and
/// runs, while the login's own reply is still to come.
#[tokio::test]
async fn c18_no_command_is_held_back_while_a_login_is_under_way() {
    let emulator = support::emulator(&[]).await;
    let patience = json!({"requestTimeout": 30_000, "connectionTimeout": 30_000});
    let client = support::client(&emulator, patience).await;
    client.execute(cmd("SET").arg("counter").arg(0)).await.unwrap();
    let forwarded = || emulator.record().connections[0].commands_forwarded;
    let before = forwarded();
    emulator.faults().stall(Duration::from_secs(60));
    let logging_in = tokio::spawn({
        let client = client.clone();
        async move { client.reauthenticate_now().await }
    });
    until(|| emulator.record().totals.relogins == 1).await;
    let commands: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.execute(cmd("INCR").arg("counter")).await })
        })
        .collect();
    until(|| forwarded() == before + 1 + 100).await;
    assert!(!logging_in.is_finished(), "its reply is held back");
    emulator.faults().clear();
    let mut counted = Vec::new();
    for command in commands {
        counted.push(command.await.unwrap().unwrap());
    }
    logging_in.await.unwrap().unwrap();
    counted.sort_by_key(|count| format!("{count:?}"));
    counted.dedup();
    assert_eq!(counted.len(), 100, "each ran once");
    assert_eq!(emulator.record().totals.connections, 1);
}

async fn until(holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(20), "it never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn c12_a_login_on_a_live_connection_has_a_time_of_its_own() {
    let emulator = support::emulator(&[]).await;
    let patience = json!({"requestTimeout": 30_000, "connectionTimeout": 300});
    let client = support::client(&emulator, patience).await;
    emulator.faults().stall(Duration::from_secs(60));
    let command = tokio::spawn({
        let client = client.clone();
        async move { client.execute(&cmd("PING")).await }
    });
    let error = client.reauthenticate_now().await.unwrap_err();
    assert_eq!(error.code(), Code::AuthTimeout);
    assert!(!command.is_finished(), "a command has the time of its request");
    emulator.faults().clear();
    command.await.unwrap().unwrap();
    client.reauthenticate_now().await.unwrap();
    assert_eq!(emulator.record().totals.connections, 1);
}

/// Gives a token at once, and the next ones when it is let.
fn slow_vault(signer: TokenManager, gate: Arc<Semaphore>) -> Callbacks {
    let callback = Callback::future(move |fetch: keyrotor::Fetch| {
        let (signer, gate) = (signer.clone(), Arc::clone(&gate));
        Box::pin(async move {
            gate.acquire().await.unwrap().forget();
            let token = signer.refresh().await.unwrap();
            Ok(Fetched::new(&*token.user, token.secret.expose(), fetch.now)
                .expires_at(token.expires_at.unwrap()))
        })
    });
    Callbacks::new().with_credentials("vault", callback)
}

#[tokio::test]
async fn c18_no_command_waits_for_a_login_that_waits_for_its_token() {
    let emulator = support::emulator(&[]).await;
    let info = support::request(&emulator, json!({}))["authenticationInfo"].clone();
    let signer = json!({"authenticationInfo": info}).to_string();
    let signer = TokenManager::from_request(signer.as_bytes(), Format::Json).unwrap();
    let gate = Arc::new(Semaphore::new(1));
    let credentials = json!({"iamCredentials": null, "callbackCredentials": {"name": "vault"}});
    let patch = json!({"authenticationInfo": credentials, "refresh": {"sourceTimeout": "60s"}});
    let request = support::request(&emulator, patch).to_string();
    let callbacks = slow_vault(signer, Arc::clone(&gate));
    let client = Client::from_request_with(request.as_bytes(), Format::Json, &callbacks).await.unwrap();
    let logging_in = tokio::spawn({
        let client = client.clone();
        async move { client.reauthenticate_now().await }
    });
    for number in 0..500 {
        client.execute(cmd("SET").arg("key").arg(number)).await.unwrap();
    }
    assert!(!logging_in.is_finished() && emulator.record().totals.relogins == 0);
    gate.add_permits(1);
    logging_in.await.unwrap().unwrap();
    assert_eq!(emulator.record().totals.relogins, 1);
}
