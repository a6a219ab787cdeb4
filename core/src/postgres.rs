//! Tokens for deadpool-postgres: each new connection to RDS, Aurora or DSQL logs in with one that is valid then.
//!
//! ```no_run
//! use deadpool_postgres::{Manager, ManagerConfig, Pool};
//! use keyrotor::postgres::{RustlsConnect, TokenConnect};
//! use keyrotor::{Format, TokenManager};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let host = "my-db.abc.eu-west-1.rds.amazonaws.com";
//! let tokens = TokenManager::from_request(
//!     br#"{"authenticationInfo": {"rdsCredentials": {"region": "eu-west-1", "port": 5432, "username": "app",
//!         "host": "my-db.abc.eu-west-1.rds.amazonaws.com"}}}"#,
//!     Format::Json,
//! )?;
//! let authority = std::fs::read("global-bundle.pem")?;
//! let connect = TokenConnect::new(tokens, RustlsConnect::with_roots(&[authority])?);
//!
//! let mut database = deadpool_postgres::tokio_postgres::Config::new();
//! database.host(host).port(5432).dbname("app");
//! let manager = Manager::from_connect(database, connect, ManagerConfig::default());
//! let pool = Pool::builder(manager).build()?;
//! let row = pool.get().await?.query_one("SELECT current_user", &[]).await?;
//! # let _ = row; Ok(()) }
//! ```
//!
//! Databases look at a token only when a connection begins, so that established ones outlive it. A pool's maximal age
//! does not cure expired tokens, and none is needed for RDS and Aurora. DSQL ends each session after 60 minutes: give
//! its pool [`retire_after`]`(`[`DSQL_LONGEST_AGE`]`)`.

mod broken;
mod rustls_stream;

use std::time::Duration;

use deadpool_postgres::tokio_postgres::config::SslMode;
use deadpool_postgres::tokio_postgres::error::SqlState;
use deadpool_postgres::tokio_postgres::tls::{MakeTlsConnect, TlsConnect, TlsStream};
use deadpool_postgres::tokio_postgres::{Client, Config, Connection, Error as PgError, Socket};
use deadpool_postgres::{Connect, Hook, HookError};
use keyrotor_proto::Code;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;

pub use rustls_stream::{Handshake, RustlsConnect, RustlsStream};

use crate::clock::BoxFuture;
use crate::credential::Credential;
use crate::error::Error;
use crate::manager::TokenManager;

/// How old a connection to DSQL may be when it is taken from the pool: its session ends after 60 minutes, and whoever
/// takes it wants to use it for a while.
pub const DSQL_LONGEST_AGE: Duration = Duration::from_secs(55 * 60);
/// Connections that were made together are retired over this share of their age, so that they are not made together
/// again.
const SPREAD: f64 = 0.1;

type Connected = Result<(Client, JoinHandle<()>), PgError>;

/// Makes connections that log in with a manager's token. User and password of the pool's configuration are replaced,
/// the user only where the token is for one. Clones share the manager.
///
/// A token never travels without TLS: whatever `ssl_mode` the configuration has, it is required, unless
/// [`allow_plaintext`](Self::allow_plaintext) says otherwise. Where the server refuses a token, the manager is told,
/// and the next one is tried once.
#[derive(Clone)]
pub struct TokenConnect<T> {
    manager: TokenManager,
    tls: T,
    allows_plaintext: bool,
}

impl<T> TokenConnect<T> {
    /// Connections with this manager's tokens over this TLS: [`RustlsConnect`], or another crate's.
    pub fn new(manager: TokenManager, tls: T) -> Self {
        Self { manager, tls, allows_plaintext: false }
    }

    /// Leaves `ssl_mode` to the configuration: for a tunnel that encrypts, and for tests.
    #[must_use]
    pub fn allow_plaintext(mut self) -> Self {
        self.allows_plaintext = true;
        self
    }
}

impl<T> std::fmt::Debug for TokenConnect<T> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("TokenConnect").field("manager", &self.manager).finish_non_exhaustive()
    }
}

impl<T> Connect for TokenConnect<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    fn connect(&self, database: &Config) -> BoxFuture<'_, Connected> {
        let database = database.clone();
        Box::pin(async move {
            match self.connect_once(&database).await {
                Err(error) if is_refusal(&error) => self.connect_once(&database).await,
                connected => connected,
            }
        })
    }
}

impl<T> TokenConnect<T>
where
    T: MakeTlsConnect<Socket> + Clone + Send + Sync + 'static,
    T::Stream: Send + Sync,
    T::TlsConnect: Send + Sync,
    <T::TlsConnect as TlsConnect<Socket>>::Future: Send,
{
    async fn connect_once(&self, database: &Config) -> Connected {
        let credential = match self.manager.credential_async().await {
            Ok(credential) => credential,
            Err(error) => return broken::connect(error).await,
        };
        let connected = self.log_in(database.clone(), &credential).await;
        match &connected {
            Ok(_) => self.manager.accept(credential.generation),
            Err(error) if is_refusal(error) => {
                self.manager.reject_with(credential.generation, &refused(error));
            }
            Err(_) => {}
        }
        connected
    }

    async fn log_in(&self, mut database: Config, credential: &Credential) -> Connected {
        if !credential.user.is_empty() {
            database.user(&*credential.user);
        }
        database.password(credential.secret.expose());
        if !self.allows_plaintext {
            database.ssl_mode(SslMode::Require);
        }
        let (client, connection) = database.connect(self.tls.clone()).await?;
        Ok((client, drive(connection)))
    }
}

/// Runs the connection, as deadpool-postgres does for its own.
fn drive<S, T>(connection: Connection<S, T>) -> JoinHandle<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: TlsStream + Unpin + Send + 'static,
{
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!("a database connection ended: {error}");
        }
    })
}

/// Whether the server did not like the token. RDS says 28000, `PAM authentication failed`, to any bad token;
/// PostgreSQL 28P01 to a wrong password.
fn is_refusal(error: &PgError) -> bool {
    let Some(error) = error.as_db_error() else { return false };
    // Its own rules turned the connection away before it looked at the password.
    let by_rule = error.message().contains("pg_hba.conf");
    let codes = [&SqlState::INVALID_AUTHORIZATION_SPECIFICATION, &SqlState::INVALID_PASSWORD];
    codes.contains(&error.code()) && !by_rule
}

fn refused(error: &PgError) -> Error {
    let text = error.as_db_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    let message = format!("the database refused user and token: {text}");
    Error::new(Code::AuthRefused, message).with_server_text(text)
}

/// Why there was no token, where that is why there is no connection.
#[must_use]
pub fn token_error(error: &PgError) -> Option<&Error> {
    let cause = std::error::Error::source(error)?;
    cause.downcast_ref::<std::io::Error>()?.get_ref()?.downcast_ref::<Error>()
}

/// A `pre_recycle` hook that does not hand out connections older than this: a new one is made in their place. It is a
/// tenth earlier for some, so that those that were made together are not retired together.
pub fn retire_after(age: Duration) -> Hook {
    Hook::sync_fn(move |_, metrics| {
        let limit = age.mul_f64(1.0 - SPREAD * rand::random::<f64>());
        if metrics.age() < limit { Ok(()) } else { Err(HookError::message("the connection is too old")) }
    })
}
