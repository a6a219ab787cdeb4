//! Pools whose connections log in with a manager's tokens, against RDS and DSQL fronts that check each token, with a real
//! PostgreSQL behind them.
#![cfg(all(feature = "deadpool-postgres", feature = "aws"))]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

use std::process::Command;
use std::time::Duration;

use deadpool_postgres::tokio_postgres::config::SslMode;
use deadpool_postgres::tokio_postgres::{Config, NoTls};
use deadpool_postgres::{Client, Connect, Hook, Manager, ManagerConfig, Pool, PoolError};
use keyrotor::postgres::{DSQL_LONGEST_AGE, RustlsConnect, TokenConnect, retire_after, token_error};
use keyrotor::{
    BoxFuture, Code, Error, Fetch, Fetched, Format, Source, SourceError, TokenManager, TokenRefreshConfig,
};
use keyrotor_emulator::rds::{DsqlConfig, Rds, RdsConfig};
use keyrotor_emulator::{AccessKey, Cloud, CloudConfig, Refuse};
use serde_json::{Value, json};

const REGION: &str = "eu-west-1";
const KEY: &str = "AKIDEXAMPLE";
const SECRET: &str = "made-up";

struct Setup {
    cloud: Cloud,
    tokens: TokenManager,
}

/// A front that plays RDS, and a manager of its tokens.
async fn rds() -> Setup {
    let rds = RdsConfig { region: REGION.into(), users: vec!["app".into()], ..RdsConfig::default() };
    let cloud = cloud(CloudConfig { rds: Some(rds), ..CloudConfig::default() }).await;
    let port = cloud.rds().unwrap().address().port();
    let tokens = tokens("rdsCredentials", json!({"host": "localhost", "port": port, "username": "app"}));
    Setup { cloud, tokens }
}

/// A front that plays DSQL with sessions as long as this.
async fn dsql(session: Duration) -> Setup {
    let dsql = DsqlConfig { region: REGION.into(), session_limit: Some(session), ..DsqlConfig::default() };
    let cloud = cloud(CloudConfig { dsql: Some(dsql), ..CloudConfig::default() }).await;
    Setup { cloud, tokens: tokens("dsqlCredentials", json!({"host": "localhost", "admin": true})) }
}

async fn cloud(config: CloudConfig) -> Cloud {
    let key = AccessKey { id: KEY.into(), secret: SECRET.into(), ..AccessKey::default() };
    Cloud::start(CloudConfig { keys: vec![key], ..config }).await.unwrap()
}

fn tokens(kind: &str, mut credentials: Value) -> TokenManager {
    let common = json!({"region": REGION, "accessKey": {"accessKeyId": KEY, "secretAccessKey": SECRET}});
    credentials.as_object_mut().unwrap().extend(common.as_object().unwrap().clone());
    let request = json!({"authenticationInfo": {kind: credentials}});
    TokenManager::from_request(request.to_string().as_bytes(), Format::Json).unwrap()
}

impl Setup {
    fn front(&self) -> &Rds {
        self.cloud.rds().or_else(|| self.cloud.dsql()).unwrap()
    }

    /// How a client reaches it. Its user is not the one that may log in.
    fn config(&self) -> Config {
        let mut config = Config::new();
        config.host("localhost").hostaddr([127, 0, 0, 1].into()).port(self.front().address().port());
        config.user("nobody").dbname("postgres");
        config
    }

    fn tls(&self) -> RustlsConnect {
        RustlsConnect::with_roots(&[std::fs::read(self.front().ca_path()).unwrap()]).unwrap()
    }

    fn connect(&self) -> TokenConnect<RustlsConnect> {
        TokenConnect::new(self.tokens.clone(), self.tls())
    }

    fn pool(&self, connect: impl Connect + 'static, hook: Option<Hook>) -> Pool {
        pool(self.config(), connect, hook)
    }

    fn counts(&self) -> (u64, u64) {
        let totals = self.front().record().totals;
        (totals.logins_accepted, totals.logins_refused)
    }

    fn rejected(&self) -> u64 {
        self.tokens.status().counts.unwrap().rejected
    }
}

fn pool(config: Config, connect: impl Connect + 'static, hook: Option<Hook>) -> Pool {
    let pool = Pool::builder(Manager::from_connect(config, connect, ManagerConfig::default())).max_size(1);
    match hook {
        Some(hook) => pool.pre_recycle(hook).build().unwrap(),
        None => pool.build().unwrap(),
    }
}

/// The user, and the server's process.
async fn session(client: &Client) -> (String, i32) {
    let row = client.query_one("SELECT current_user::text, pg_backend_pid()", &[]).await.unwrap();
    (row.get(0), row.get(1))
}

async fn refusal(pool: &Pool) -> deadpool_postgres::tokio_postgres::Error {
    match pool.get().await.err().unwrap() {
        PoolError::Backend(error) => error,
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn s01_each_new_connection_logs_in_with_the_token_of_then() {
    let it = rds().await;
    let pool = it.pool(it.connect(), Some(retire_after(Duration::ZERO)));
    let (user, mut last) = session(&pool.get().await.unwrap()).await;
    assert_eq!(user, "app", "the token's user");
    for _ in 0..3 {
        it.tokens.refresh().await.unwrap();
        let (_, process) = session(&pool.get().await.unwrap()).await;
        assert_ne!(std::mem::replace(&mut last, process), process, "a new connection");
    }
    assert_eq!((it.counts(), it.rejected()), ((4, 0), 0));
    assert!(it.front().record().logins.iter().all(|login| login.tls.is_some()));
}

#[tokio::test]
async fn s01_a_connection_is_kept_until_it_is_too_old() {
    let it = rds().await;
    let pool = it.pool(it.connect(), Some(retire_after(DSQL_LONGEST_AGE)));
    let first = session(&pool.get().await.unwrap()).await;
    assert_eq!(session(&pool.get().await.unwrap()).await, first);
    assert!(DSQL_LONGEST_AGE < Duration::from_secs(3600));
}

#[tokio::test]
async fn s01_a_pool_leaves_dsqls_sessions_before_they_are_ended() {
    let limit = Duration::from_secs(3);
    let it = dsql(limit).await;
    let retire = retire_after(limit / 3);
    let pool = it.pool(it.connect(), Some(retire));
    let end = std::time::Instant::now() + 3 * limit;
    let mut processes = std::collections::BTreeSet::new();
    while std::time::Instant::now() < end {
        let (user, process) = session(&pool.get().await.unwrap()).await;
        assert_eq!(user, "admin");
        processes.insert(process);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(processes.len() >= 4, "{processes:?}");
    assert_eq!(it.front().record().totals.session_limit_cuts, 0);
}

#[tokio::test]
async fn t09_a_refused_token_is_replaced_and_the_next_one_tried_at_once() {
    let it = rds().await;
    it.front().faults().refuse(Refuse { count: Some(1), ..Refuse::default() }).unwrap();
    session(&it.pool(it.connect(), None).get().await.unwrap()).await;
    assert_eq!((it.counts(), it.rejected(), it.tokens.status().generation), ((1, 1), 1, 2));
}

#[tokio::test]
async fn t09_a_user_that_is_always_refused_gets_the_servers_words_and_is_paced() {
    let it = rds().await;
    it.front().faults().refuse(Refuse { count: None, ..Refuse::default() }).unwrap();
    let pool = it.pool(it.connect(), None);
    let error = refusal(&pool).await;
    assert_eq!(error.code().unwrap().code(), "28000");
    assert_eq!(it.counts(), (0, 2), "one more token, and no more");
    let error = refusal(&pool).await;
    let paced = token_error(&error).unwrap();
    assert_eq!(paced.code(), Code::AuthRefused);
    assert!(paced.server_text().unwrap().contains("PAM authentication failed"), "{paced}");
    assert_eq!(it.counts(), (0, 2), "nobody was asked");
}

/// A source that has nothing.
struct Nothing;

impl Source for Nothing {
    fn name(&self) -> &str {
        "nothing"
    }

    fn fetch<'a>(&'a self, _: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        let error = Error::new(Code::CredentialsNotFound, "scripted: no keys");
        Box::pin(async { Err(SourceError::Permanent(error)) })
    }
}

#[tokio::test]
async fn c02_t15_without_a_token_nobody_is_asked_and_the_reason_is_there() {
    let it = rds().await;
    let nothing = TokenManager::new(Nothing, TokenRefreshConfig::default()).unwrap();
    let error = refusal(&it.pool(TokenConnect::new(nothing, it.tls()), None)).await;
    let reason = token_error(&error).unwrap();
    assert_eq!((reason.code(), reason.message()), (Code::CredentialsNotFound, "scripted: no keys"));
    assert_eq!(it.front().record().totals.connections, 0);
}

#[tokio::test]
async fn c02_a_token_never_travels_in_the_clear_or_to_a_stranger() {
    let it = rds().await;
    let mut plain = it.config();
    plain.ssl_mode(SslMode::Disable);
    let _encrypted =
        pool(plain.clone(), it.connect(), None).get().await.expect("TLS although it was disabled");
    let error = refusal(&pool(plain, it.connect().allow_plaintext(), None)).await;
    assert!(error.as_db_error().is_some(), "the server itself wants TLS: {error}");
    assert_eq!(it.rejected(), 0, "which says nothing about the token");
    refusal(&it.pool(TokenConnect::new(it.tokens.clone(), NoTls), None)).await;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let stranger = TokenConnect::new(it.tokens.clone(), RustlsConnect::with_roots(&[other]).unwrap());
    let error = refusal(&it.pool(stranger, None)).await;
    assert!(error.to_string().contains("TLS"), "{error}");
    let error = RustlsConnect::with_roots(&["no pem"]).unwrap_err();
    assert_eq!(error.code(), Code::ConfigInvalid);
}

#[tokio::test]
async fn t17_what_connects_shows_no_token() {
    let it = rds().await;
    let token = it.tokens.token_async().await.unwrap();
    let connect = it.connect();
    let shown = format!("{connect:?} {:?}", it.pool(connect.clone(), None));
    assert!(shown.contains("rds-iam") && !shown.contains(token.expose()), "{shown}");
}

#[cfg(feature = "aws-chain")]
#[tokio::test]
async fn s01_the_example_logs_in() {
    let it = rds().await;
    let test = std::env::current_exe().unwrap();
    let example = test.parent().unwrap().parent().unwrap().join("examples/rds_pool");
    let mut program = Command::new(example);
    program
        .args(["localhost", &it.front().address().port().to_string(), "app", REGION, "postgres"])
        .arg(it.front().ca_path())
        .env("AWS_ACCESS_KEY_ID", KEY)
        .env("AWS_SECRET_ACCESS_KEY", SECRET)
        .env_remove("AWS_SESSION_TOKEN");
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "logged in as app\n");
}
