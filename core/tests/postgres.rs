//! Pools whose connections log in with a manager's tokens, against a real PostgreSQL over TLS.
#![cfg(feature = "deadpool-postgres")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests, against a real server"
)]

#[path = "support/postgres.rs"]
mod server;

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use deadpool_postgres::tokio_postgres::NoTls;
use deadpool_postgres::tokio_postgres::config::SslMode;
use deadpool_postgres::{Client, Connect, Hook, Manager, ManagerConfig, Pool, PoolError};
use keyrotor::postgres::{DSQL_LONGEST_AGE, RustlsConnect, TokenConnect, retire_after, token_error};
use keyrotor::{
    BoxFuture, Code, Error, Fetch, Fetched, Source, SourceError, TokenManager, TokenRefreshConfig,
};
use server::Postgres;

/// Hands out what a test says.
#[derive(Clone, Default)]
struct Scripted {
    secret: Arc<Mutex<Option<String>>>,
    calls: Arc<AtomicU32>,
}

impl Scripted {
    fn gives(&self, secret: &str) {
        *self.secret.lock().unwrap() = Some(secret.to_owned());
    }
}

impl Source for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        self.calls.fetch_add(1, SeqCst);
        let secret = self.secret.lock().unwrap().clone();
        Box::pin(async move {
            let none = || SourceError::Permanent(Error::new(Code::CredentialsNotFound, "scripted: no keys"));
            let secret = secret.ok_or_else(none)?;
            Ok(Fetched::new("app", secret, fetch.now).expires_at(fetch.now + Duration::from_secs(900)))
        })
    }
}

struct Setup {
    postgres: Postgres,
    source: Scripted,
    tokens: TokenManager,
}

/// A server and a source that agree on the first token.
async fn setup() -> Setup {
    let source = Scripted::default();
    source.gives("token-1");
    let postgres = Postgres::start().await;
    postgres.password("token-1").await;
    let tokens = TokenManager::new(source.clone(), TokenRefreshConfig::default()).unwrap();
    Setup { postgres, source, tokens }
}

impl Setup {
    fn connect(&self) -> TokenConnect<RustlsConnect> {
        let tls = RustlsConnect::with_roots(&[&self.postgres.authority]).unwrap();
        TokenConnect::new(self.tokens.clone(), tls)
    }

    fn pool(&self, connect: impl Connect + 'static, hook: Option<Hook>) -> Pool {
        let manager = Manager::from_connect(self.postgres.config(), connect, ManagerConfig::default());
        let pool = Pool::builder(manager).max_size(1);
        match hook {
            Some(hook) => pool.pre_recycle(hook).build().unwrap(),
            None => pool.build().unwrap(),
        }
    }
}

/// The user, whether TLS is on, and the server's process.
async fn session(client: &Client) -> (String, bool, i32) {
    let sql = "SELECT current_user::text, ssl, pid FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = client.query_one(sql, &[]).await.unwrap();
    (row.get(0), row.get(1), row.get(2))
}

fn pg_error(error: PoolError) -> deadpool_postgres::tokio_postgres::Error {
    match error {
        PoolError::Backend(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn s01_each_new_connection_logs_in_with_the_token_of_then() {
    let it = setup().await;
    let pool = it.pool(it.connect(), Some(retire_after(Duration::ZERO)));
    let first = session(&pool.get().await.unwrap()).await;
    assert_eq!((first.0.as_str(), first.1), ("app", true), "the token's user, over TLS");
    for round in 2..=4 {
        let token = format!("token-{round}");
        it.source.gives(&token);
        it.postgres.password(&token).await;
        it.tokens.refresh().await.unwrap();
        assert_ne!(session(&pool.get().await.unwrap()).await.2, first.2);
    }
    assert_eq!(it.tokens.status().counts.unwrap().rejected, 0);
}

#[tokio::test]
async fn s01_a_connection_is_kept_until_it_is_too_old() {
    let it = setup().await;
    let pool = it.pool(it.connect(), Some(retire_after(DSQL_LONGEST_AGE)));
    let first = session(&pool.get().await.unwrap()).await;
    assert_eq!(session(&pool.get().await.unwrap()).await.2, first.2);
    assert!(DSQL_LONGEST_AGE < Duration::from_secs(3600));
    assert_eq!(it.source.calls.load(SeqCst), 1);
}

#[tokio::test]
async fn t09_a_refused_token_is_replaced_and_the_next_one_tried_at_once() {
    let it = setup().await;
    let pool = it.pool(it.connect(), None);
    it.tokens.credential_async().await.unwrap();
    it.postgres.password("token-2").await;
    it.source.gives("token-2");
    session(&pool.get().await.unwrap()).await;
    let status = it.tokens.status();
    assert_eq!((status.counts.unwrap().rejected, status.generation), (1, 2));
}

#[tokio::test]
async fn t09_a_user_that_is_always_refused_gets_the_servers_words() {
    let it = setup().await;
    it.postgres.password("another").await;
    let pool = it.pool(it.connect(), None);
    let error = pg_error(pool.get().await.unwrap_err());
    assert_eq!(error.code().unwrap().code(), "28P01");
    assert_eq!(it.source.calls.load(SeqCst), 2, "one more token, and no more");
    let error = pg_error(pool.get().await.unwrap_err());
    let paced = token_error(&error).unwrap();
    assert_eq!(paced.code(), Code::AuthRefused);
    assert!(paced.server_text().unwrap().contains("password authentication failed"), "{paced}");
    assert_eq!(it.source.calls.load(SeqCst), 2, "a refused identity is paced");
}

#[tokio::test]
async fn c02_t15_without_a_token_nobody_is_asked_and_the_reason_is_there() {
    let it = setup().await;
    *it.source.secret.lock().unwrap() = None;
    let error = pg_error(it.pool(it.connect(), None).get().await.unwrap_err());
    let reason = token_error(&error).unwrap();
    assert_eq!((reason.code(), reason.message()), (Code::CredentialsNotFound, "scripted: no keys"));
}

#[tokio::test]
async fn c02_a_token_never_travels_in_the_clear_or_to_a_stranger() {
    let it = setup().await;
    let mut plain = it.postgres.config();
    plain.ssl_mode(SslMode::Disable);
    let pool = |connect: TokenConnect<RustlsConnect>| {
        let manager = Manager::from_connect(plain.clone(), connect, ManagerConfig::default());
        Pool::builder(manager).max_size(1).build().unwrap()
    };
    assert!(session(&pool(it.connect()).get().await.unwrap()).await.1, "TLS although it was disabled");
    let error = pg_error(pool(it.connect().allow_plaintext()).get().await.unwrap_err());
    assert!(error.to_string().contains("db error"), "the server itself wants TLS: {error}");
    assert_eq!(it.tokens.status().counts.unwrap().rejected, 0, "which says nothing about the token");
    let without = TokenConnect::new(it.tokens.clone(), NoTls);
    pg_error(it.pool(without, None).get().await.unwrap_err());
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let stranger = TokenConnect::new(it.tokens.clone(), RustlsConnect::with_roots(&[other]).unwrap());
    let error = pg_error(it.pool(stranger, None).get().await.unwrap_err());
    assert!(error.to_string().contains("TLS"), "{error}");
    let error = RustlsConnect::with_roots(&["no pem"]).unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[tokio::test]
async fn t17_what_connects_shows_no_token() {
    let it = setup().await;
    it.tokens.credential_async().await.unwrap();
    let connect = it.connect();
    assert!(!format!("{connect:?} {:?}", it.pool(connect.clone(), None)).contains("token-1"));
}
