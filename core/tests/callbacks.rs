//! S04: a client whose logins a function of the host gives.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use keyrotor::{Callback, Callbacks, Client, Fetched, Format, TokenManager, cmd};
use keyrotor_emulator::{Emulator, Refuse};
use serde_json::{Value, json};

/// Gives tokens that this emulator takes, and counts how many.
fn signing(emulator: &Emulator) -> (Callbacks, Arc<AtomicU32>) {
    let info = support::request(emulator, json!({}))["authenticationInfo"].clone();
    let request = json!({"authenticationInfo": info}).to_string();
    let signer = TokenManager::from_request(request.as_bytes(), Format::Json).unwrap();
    let calls = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&calls);
    let callback = Callback::future(move |fetch: keyrotor::Fetch| {
        let signer = signer.clone();
        counting.fetch_add(1, SeqCst);
        Box::pin(async move {
            let token = signer.refresh().await.map_err(keyrotor::SourceError::Transient)?;
            let fetched = Fetched::new(&*token.user, token.secret.expose(), fetch.now);
            Ok(fetched.expires_at(token.expires_at.unwrap()))
        })
    });
    (Callbacks::new().with_credentials("vault", callback), calls)
}

async fn connect(emulator: &Emulator, callbacks: &Callbacks, more: Value) -> keyrotor::Result<Client> {
    let mut patch =
        json!({"authenticationInfo": {"iamCredentials": null, "callbackCredentials": {"name": "vault"}}});
    for (name, value) in more.as_object().unwrap() {
        patch[name] = value.clone();
    }
    let request = support::request(emulator, patch);
    Client::from_request_with(request.to_string().as_bytes(), Format::Json, callbacks).await
}

#[tokio::test]
async fn s04_c01_a_client_logs_in_with_what_a_function_gives() {
    let emulator = support::emulator(&[]).await;
    let (callbacks, calls) = signing(&emulator);
    let client = connect(&emulator, &callbacks, json!({"verifyIdentity": true})).await.unwrap();
    client.execute(&cmd("PING")).await.unwrap();
    assert_eq!(calls.load(SeqCst), 1);
    assert_eq!(client.status().unwrap().source, "callback");
    let error = connect(&emulator, &Callbacks::new(), json!({})).await.unwrap_err();
    assert_eq!(error.field(), Some("authentication_info.callback_credentials.name"));
}

#[tokio::test]
async fn s04_c06_where_the_server_refuses_its_token_the_function_is_asked_again() {
    let emulator = support::emulator(&[]).await;
    let (callbacks, calls) = signing(&emulator);
    let client = connect(&emulator, &callbacks, json!({})).await.unwrap();
    emulator.faults().refuse(Refuse { current: true, ..Refuse::default() }).unwrap();
    emulator.faults().kill(None);
    let deadline = Instant::now() + Duration::from_secs(30);
    while client.execute(&cmd("PING")).await.is_err() {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(calls.load(SeqCst), 2);
}
