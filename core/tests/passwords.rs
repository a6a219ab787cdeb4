//! C16: the password for where no token can be made, row by row; and a password that is changed.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

use keyrotor::{Callback, Callbacks, Client, Code, Error, Fetched, Format, SourceError, TokenManager, cmd};
use keyrotor_emulator::{Emulator, Outcome, Refuse};
use serde_json::{Value, json};

/// A source of tokens that can be switched off, and what stands in for a password: the emulator takes only what was
/// signed, so it is a token that somebody made before.
struct Vault {
    is_sealed: Arc<AtomicBool>,
    callbacks: Callbacks,
    password: String,
}

/// Of tokens that live so long.
fn signer(emulator: &Emulator, seconds: u32) -> TokenManager {
    let info = support::request(emulator, support::lives(seconds, 43_200))["authenticationInfo"].clone();
    let request = json!({"authenticationInfo": info}).to_string();
    TokenManager::from_request(request.as_bytes(), Format::Json).unwrap()
}

fn vault(emulator: &Emulator) -> Vault {
    let (signer, is_sealed) = (signer(emulator, 900), Arc::new(AtomicBool::new(true)));
    // Tokens of one second are the same bytes, and here the password must be told from them: it lives shorter.
    let password = self::signer(emulator, 800).token().unwrap().expose().to_owned();
    let sealed = Arc::clone(&is_sealed);
    let callback = Callback::future(move |fetch: keyrotor::Fetch| {
        let (signer, sealed) = (signer.clone(), Arc::clone(&sealed));
        Box::pin(async move {
            if sealed.load(SeqCst) {
                let error = Error::new(Code::CredentialsFetchFailed, "the vault is sealed");
                return Err(SourceError::Permanent(error));
            }
            let token = signer.refresh().await.map_err(SourceError::Transient)?;
            let fetched = Fetched::new(&*token.user, token.secret.expose(), fetch.now);
            Ok(fetched.expires_at(token.expires_at.unwrap()))
        })
    });
    Vault { is_sealed, callbacks: Callbacks::new().with_credentials("vault", callback), password }
}

impl Vault {
    async fn connect(&self, emulator: &Emulator, more: Value) -> keyrotor::Result<Client> {
        let mut patch = json!({
            "authenticationInfo": {"iamCredentials": null, "callbackCredentials": {"name": "vault"}},
            "fallbackCredentials": {"username": "iam-user-01", "password": self.password},
            "refresh": {"retry": {"maxAttempts": 1}},
        });
        for (name, value) in more.as_object().unwrap() {
            patch[name] = value.clone();
        }
        let request = support::request(emulator, patch);
        Client::from_request_with(request.to_string().as_bytes(), Format::Json, &self.callbacks).await
    }
}

fn accepted(emulator: &Emulator) -> Vec<String> {
    let logins = emulator.record().logins.into_iter();
    logins.filter(|login| login.outcome == Outcome::Accepted).map(|login| login.token_sha256).collect()
}

async fn ping(client: &Client) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while let Err(error) = client.execute(&cmd("PING")).await {
        assert!(Instant::now() < deadline, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn c16_where_no_token_can_be_made_the_password_logs_in_and_the_next_connection_tries_again() {
    let emulator = support::emulator(&[]).await;
    let vault = vault(&emulator);
    let client = vault.connect(&emulator, json!({})).await.unwrap();
    assert!(client.status().unwrap().fallback);
    // A login that the server forgot is made again the same way.
    emulator.faults().forget(None);
    client.execute(&cmd("PING")).await.unwrap();
    let by_password = accepted(&emulator);
    assert_eq!((by_password.len(), &by_password[0]), (2, &by_password[1]));

    vault.is_sealed.store(false, SeqCst);
    // A source that failed is asked again after a second.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    emulator.faults().kill(None);
    ping(&client).await;
    assert!(!client.status().unwrap().fallback);
    assert_ne!(accepted(&emulator).last(), by_password.last());
}

#[tokio::test]
async fn c16_after_the_server_refused_a_token_the_password_is_never_sent() {
    let emulator = support::emulator(&[]).await;
    let vault = vault(&emulator);
    vault.is_sealed.store(false, SeqCst);
    let client = vault.connect(&emulator, json!({})).await.unwrap();
    emulator.faults().refuse(Refuse::default()).unwrap();
    emulator.faults().kill(None);
    tokio::time::sleep(Duration::from_millis(300)).await;
    vault.is_sealed.store(true, SeqCst);
    tokio::time::sleep(Duration::from_secs(3)).await;
    let error = client.execute(&cmd("PING")).await.unwrap_err();
    assert!([Code::AuthRefused, Code::CredentialsFetchFailed].contains(&error.code()), "{error:?}");
    assert!(!client.status().unwrap().fallback);
    emulator.faults().clear();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(accepted(&emulator).len(), 1, "nothing but the first login");
}

#[tokio::test]
async fn c16_where_a_token_is_required_or_the_server_is_not_verified_the_password_is_ignored() {
    let emulator = support::emulator(&[]).await;
    let vault = vault(&emulator);
    let unverified = json!({"tlsMode": "InsecureTls", "rootCerts": null, "allowUnverifiedTls": true});
    for more in [json!({"requireIam": true}), unverified] {
        let error = vault.connect(&emulator, more).await.unwrap_err();
        assert_eq!(error.code(), Code::CredentialsFetchFailed, "{error}");
    }
    assert!(emulator.record().logins.is_empty());
}

#[tokio::test]
async fn c16_a_fallback_for_a_password_is_a_mistake() {
    let emulator = support::emulator(&[]).await;
    let password = json!({"username": "iam-user-01", "password": "one"});
    let patch = json!({
        "authenticationInfo": {"iamCredentials": null, "serverCredentials": password},
        "fallbackCredentials": password,
    });
    let error = support::connect(&support::request(&emulator, patch)).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::ConfigConflict, Some("fallback_credentials")));
}

#[tokio::test]
async fn a_password_that_stays_logs_a_live_connection_in_again() {
    let emulator = support::emulator(&[]).await;
    let password = signer(&emulator, 900).token().unwrap().expose().to_owned();
    let password = json!({"username": "iam-user-01", "password": password});
    let patch = json!({"authenticationInfo": {"iamCredentials": null, "serverCredentials": password}});
    let client = support::connect(&support::request(&emulator, patch)).await.unwrap();
    client.reauthenticate_now().await.unwrap();
    assert_eq!(accepted(&emulator).len(), 2);
    emulator.faults().forget(None);
    client.execute(&cmd("PING")).await.unwrap();
    assert_eq!((accepted(&emulator).len(), client.stats().reconnects), (3, 0));
}

#[tokio::test]
async fn a_password_can_be_changed_on_a_live_client() {
    let emulator = support::emulator(&[]).await;
    let signer = signer(&emulator, 900);
    let first = signer.token().unwrap().expose().to_owned();
    let second = signer.refresh().await.unwrap().secret.expose().to_owned();
    let password = json!({"username": "iam-user-01", "password": first});
    let patch = json!({"authenticationInfo": {"iamCredentials": null, "serverCredentials": password}});
    let request = support::request(&emulator, patch);
    let client = support::connect(&request).await.unwrap();
    let other = support::connect(&request).await.unwrap();
    client.update_password(second, true).await.unwrap();
    let hashes = accepted(&emulator);
    assert_eq!(hashes.len(), 3);
    assert_ne!(hashes[0], hashes[2]);
    emulator.faults().kill(None);
    ping(&client).await;
    ping(&other).await;
    assert_eq!(accepted(&emulator).len(), 5);
    assert_eq!(
        accepted(&emulator).iter().filter(|hash| **hash == hashes[0]).count(),
        3,
        "the other keeps its own"
    );
    let tokens = support::client(&emulator, json!({})).await;
    let error = tokens.update_password("x".to_owned(), false).await.unwrap_err();
    assert_eq!(error.code(), Code::ConfigConflict);
}
