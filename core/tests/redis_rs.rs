//! The redis crate's own connections, with a manager as their provider, against an emulator that checks each token.
#![cfg(feature = "redis-provider")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant};

use futures_util::{FutureExt, StreamExt};
use keyrotor::redis_rs::{AuthenticatedClient, WithCredentialsProvider};
use keyrotor::{
    BoxFuture, Code, Error, Fetch, Fetched, Format, Source, SourceError, TokenManager, TokenRefreshConfig,
};
use keyrotor_emulator::{Emulator, LoginCommand, Record};
use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::{RedisResult, StreamingCredentialsProvider, TlsCertificates};
use serde_json::json;

fn manager(emulator: &Emulator) -> TokenManager {
    let request = support::request(emulator, json!({}));
    let request = json!({"authenticationInfo": request["authenticationInfo"]});
    TokenManager::from_request(request.to_string().as_bytes(), Format::Json).unwrap()
}

fn client(emulator: &Emulator, protocol: &str) -> redis::Client {
    let address = format!("rediss://localhost:{}/?protocol={protocol}", emulator.address().port());
    let root_cert = Some(std::fs::read(emulator.ca_path()).unwrap());
    redis::Client::build_with_tls(address, TlsCertificates { client_tls: None, root_cert }).unwrap()
}

async fn whoami(connection: &mut impl ConnectionLike) -> RedisResult<String> {
    redis::cmd("ACL").arg("WHOAMI").query_async(connection).await
}

async fn until(emulator: &Emulator, holds: impl Fn(&Record) -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !holds(&emulator.record()) {
        assert!(Instant::now() < deadline, "never seen: {:#?}", emulator.record().totals);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// SigV4 dates have whole seconds, and a manager dates a token back rather than repeat one.
async fn rotate(manager: &TokenManager) {
    manager.refresh().await.unwrap();
}

#[tokio::test]
async fn c01_c18_a_multiplexed_connection_logs_in_again_with_each_new_token() {
    for (protocol, first) in [("resp3", LoginCommand::Hello), ("resp2", LoginCommand::Auth)] {
        let emulator = support::emulator(&[]).await;
        let manager = manager(&emulator);
        let client: AuthenticatedClient =
            client(&emulator, protocol).with_credentials_provider(manager.clone());
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        whoami(&mut connection).await.unwrap();
        assert_eq!(emulator.record().logins.first().unwrap().command, first);
        // The redis crate subscribes twice, so the second login of a connection carries the token of the first.
        until(&emulator, |record| record.totals.logins_accepted == 2).await;
        for rotations in 1..=3 {
            rotate(&manager).await;
            until(&emulator, |record| record.totals.logins_accepted == 2 + rotations).await;
            whoami(&mut connection).await.unwrap();
        }
        let record = emulator.record();
        assert_eq!((record.totals.connections, record.totals.logins_refused), (1, 0));
        let last = record.logins.last().unwrap();
        assert_ne!(last.token_sha256, record.logins.first().unwrap().token_sha256);
    }
}

#[tokio::test]
async fn c05_a_new_connection_after_a_kill_carries_the_newest_token() {
    let emulator = support::emulator(&[]).await;
    let manager = manager(&emulator);
    let client = client(&emulator, "resp3").with_credentials_provider(manager.clone());
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    whoami(&mut connection).await.unwrap();
    emulator.faults().kill(None);
    rotate(&manager).await;
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    whoami(&mut connection).await.unwrap();
    assert_eq!(emulator.record().totals.logins_refused, 0);
}

#[tokio::test]
async fn c05_a_connection_manager_comes_back_after_a_kill() {
    let emulator = support::emulator(&[]).await;
    let manager = manager(&emulator);
    manager.credential_async().await.unwrap();
    let config = ConnectionManagerConfig::new().set_credentials_provider(manager.clone());
    let client = client(&emulator, "resp3");
    let mut connection = ConnectionManager::new_with_config(client, config).await.unwrap();
    whoami(&mut connection).await.unwrap();
    rotate(&manager).await;
    emulator.faults().kill(None);
    let deadline = Instant::now() + Duration::from_secs(10);
    // The commands that meet the dead connection fail; the crate dials again behind them.
    while whoami(&mut connection).await.is_err() {
        assert!(Instant::now() < deadline, "it does not come back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(emulator.record().totals.logins_refused, 0);
}

/// A source that a test rules.
#[derive(Clone, Default)]
struct Scripted {
    calls: Arc<AtomicU32>,
    fails: Arc<AtomicBool>,
    repeats: Arc<AtomicBool>,
    slow: Option<Duration>,
}

impl Source for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            let call = self.calls.fetch_add(1, SeqCst);
            if let Some(slow) = self.slow {
                tokio::time::sleep(slow).await;
            }
            if self.fails.load(SeqCst) {
                let error = Error::new(Code::CredentialsNotFound, "scripted: no keys");
                return Err(SourceError::Permanent(error));
            }
            let secret = if self.repeats.load(SeqCst) { "same".to_owned() } else { format!("token-{call}") };
            Ok(Fetched::new("app", secret, fetch.now).expires_at(fetch.now + Duration::from_secs(900)))
        })
    }
}

fn scripted(source: &Scripted) -> TokenManager {
    TokenManager::new(source.clone(), TokenRefreshConfig::default()).unwrap()
}

#[tokio::test]
async fn t19_a_stream_begins_with_the_current_token_and_gives_the_latest_of_many() {
    let manager = scripted(&Scripted::default());
    let mut stream = manager.subscribe_credentials();
    assert_eq!(stream.next().await.unwrap().unwrap().password(), "token-0");
    for _ in 0..3 {
        rotate(&manager).await;
    }
    // The news comes on a thread of its own: what was told meanwhile may be there, what was passed over is not.
    let mut told = Vec::new();
    while told.last().is_none_or(|last| last != "token-3") {
        told.push(stream.next().await.unwrap().unwrap().password().to_owned());
    }
    assert!(told.is_sorted() && told.len() <= 3, "{told:?}");
    assert!(stream.next().now_or_never().is_none());
}

#[tokio::test]
async fn t19_a_secret_that_did_not_change_is_not_sent_again() {
    let source = Scripted::default();
    source.repeats.store(true, SeqCst);
    let manager = scripted(&source);
    let mut stream = manager.subscribe_credentials();
    assert_eq!(stream.next().await.unwrap().unwrap().password(), "same");
    rotate(&manager).await;
    assert!(stream.next().now_or_never().is_none());
    source.repeats.store(false, SeqCst);
    rotate(&manager).await;
    assert_eq!(stream.next().await.unwrap().unwrap().password(), "token-2");
}

#[tokio::test]
async fn t15_t19_a_stream_says_once_why_there_is_no_token_and_goes_on() {
    let source = Scripted::default();
    source.fails.store(true, SeqCst);
    let manager = scripted(&source);
    let mut stream = manager.subscribe_credentials();
    let error = stream.next().await.unwrap().err().unwrap();
    assert_eq!(error.kind(), redis::ErrorKind::AuthenticationFailed);
    assert!(error.to_string().contains("credentials-not-found: scripted: no keys"), "{error}");
    source.fails.store(false, SeqCst);
    assert!(stream.next().await.unwrap().unwrap().password().starts_with("token-"));
    source.fails.store(true, SeqCst);
    manager.refresh().await.unwrap_err();
    assert!(stream.next().now_or_never().is_none(), "no error while a usable token exists");
}

#[tokio::test]
async fn t16_a_slow_source_is_not_called_a_connection_timeout() {
    let emulator = support::emulator(&[]).await;
    let refresh = TokenRefreshConfig { source_timeout: Duration::from_millis(1200), ..Default::default() };
    let slow = Scripted { slow: Some(Duration::from_secs(60)), ..Scripted::default() };
    let manager = TokenManager::new(slow, refresh).unwrap();
    let client = client(&emulator, "resp3").with_credentials_provider(manager);
    let error = client.get_multiplexed_async_connection().await.err().unwrap();
    assert!(error.to_string().contains("credentials-timeout") && !error.is_timeout(), "{error}");
    assert_eq!(emulator.record().totals.connections, 0, "C02: nobody was dialled");
}

#[tokio::test]
async fn t18_a_stream_keeps_its_manager_and_falls_silent_with_close() {
    let manager = scripted(&Scripted::default());
    let mut stream = manager.subscribe_credentials();
    stream.next().await.unwrap().unwrap();
    let kept = manager.clone();
    drop(manager);
    rotate(&kept).await;
    stream.next().await.unwrap().unwrap();
    kept.close();
    assert!(stream.next().now_or_never().is_none(), "an end would be taken for a failed login");
    let error = kept.subscribe_credentials().next().await.unwrap().err().unwrap();
    assert!(error.to_string().contains("closed"), "{error}");
}

/// `subscribe` of the trait, which a manager's own hides.
trait Credentials {
    fn subscribe_credentials(&self) -> CredentialStream;
}

type CredentialStream =
    std::pin::Pin<Box<dyn futures_util::Stream<Item = RedisResult<redis::BasicAuth>> + Send>>;

impl Credentials for TokenManager {
    fn subscribe_credentials(&self) -> CredentialStream {
        StreamingCredentialsProvider::subscribe(self)
    }
}
