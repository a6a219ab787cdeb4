//! Tokens for the `redis` crate (redis-rs): a [`TokenManager`] is a
//! [`StreamingCredentialsProvider`].
//!
//! ```no_run
//! use keyrotor::{Format, TokenManager};
//! use keyrotor::redis_rs::WithCredentialsProvider;
//!
//! # async fn example() -> redis::RedisResult<()> {
//! let manager = TokenManager::from_request(
//!     br#"{"authenticationInfo": {"iamCredentials":
//!         {"clusterName": "my-cache", "username": "app", "region": "eu-west-1"}}}"#,
//!     Format::Json,
//! )?;
//! let client = redis::Client::open("rediss://my-cache.example.com")?.with_credentials_provider(manager);
//! let mut connection = client.get_multiplexed_async_connection().await?;
//! redis::cmd("SET").arg("key").arg("value").exec_async(&mut connection).await?;
//! # Ok(()) }
//! ```
//!
//! A stream gives the current credential at once, then each newer one; several that came in between as the latest, and
//! no secret twice in a row. Only its first item may be an error: why there is no token at all. It never ends. It keeps
//! its manager open, and so does each connection that was made with it; [`TokenManager::close`] ends the refreshing for
//! all.
//!
//! # What the redis crate does with it, and does not
//!
//! Seen in its releases 1.8.1 and 2.0.0-rc.2:
//!
//! | defect of the crate | what helps |
//! |---|---|
//! | The wait for a token counts into the connection timeout, 1 s by default, and is then called `timed out`. | [`AuthenticatedClient`] waits before it dials. Elsewhere call [`TokenManager::credential_async`] first. |
//! | Each new connection logs in twice, since it subscribes twice. | Nothing; it is harmless. |
//! | **After one AUTH that fails, for whatever reason, a connection never logs in again.** A server that stalls for longer than the response timeout (500 ms by default) is enough, and so is a blocking command on the same connection. | Raise the response timeout, and give blocking commands a connection of their own. |
//! | **A `ConnectionManager` whose reconnect meets a refused login never connects again.** | Do not use it with tokens. |
//! | A command that is refused because the login lapsed (`NOAUTH`) leads to no new login. | Make a new connection. |
//! | AUTH may fall between MULTI and EXEC where they are sent one by one. | Send transactions as an atomic pipeline. |
//! | Synchronous connections, `bb8`, `r2d2`, `PubSub`, `Monitor` and Sentinel's discovery take no provider. | Set user and password from [`TokenManager::credential`] for each connection. |
//! | Nobody is told that a login was refused, so that the manager does not learn it. | Call [`TokenManager::reject`] with the generation in use when a connect fails with `WRONGPASS`. |
//!
//! The crate's cluster connections reconnect with a fresh token and come back after an outage. For everything else
//! [`Client`](crate::Client) has none of these, and logs in again before the server's own limit.

use std::pin::Pin;
use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use keyrotor_proto::Code;
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, BasicAuth, ErrorKind, RedisError, RedisResult, StreamingCredentialsProvider,
};

use crate::credential::Credential;
use crate::error::Error;
use crate::manager::{Subscription, TokenManager};

/// What a provider's `subscribe` gives.
pub(crate) type Credentials = Pin<Box<dyn Stream<Item = RedisResult<BasicAuth>> + Send + 'static>>;

impl StreamingCredentialsProvider for TokenManager {
    fn subscribe(&self) -> Credentials {
        credentials(self.clone())
    }
}

fn credentials(manager: TokenManager) -> Credentials {
    let reader = Reader { manager, has_asked: false, subscription: None, last: None };
    Box::pin(stream::unfold(reader, |mut reader| async move {
        let item = reader.next().await;
        Some((item, reader))
    }))
}

/// A stream for whoever subscribes to a manager that could not be made: the reason, and then silence.
#[cfg(feature = "azure")]
pub(crate) fn no_credentials(error: Error) -> Credentials {
    Box::pin(stream::once(async { Err(error.into()) }).chain(stream::pending()))
}

/// One reader of a manager.
struct Reader {
    manager: TokenManager,
    has_asked: bool,
    /// From the first item on, unless the manager was closed.
    subscription: Option<Subscription>,
    last: Option<Arc<Credential>>,
}

impl Reader {
    async fn next(&mut self) -> RedisResult<BasicAuth> {
        let next = if self.has_asked { self.newer().await } else { self.first().await? };
        let item = BasicAuth::new(next.user.to_string(), next.secret.expose().to_owned());
        self.last = Some(next);
        Ok(item)
    }

    /// A failing source is told apart from a slow network: a subscription alone would only be silent.
    async fn first(&mut self) -> Result<Arc<Credential>, Error> {
        let first = self.manager.credential_async().await;
        self.subscription = self.manager.subscribe().ok();
        self.has_asked = true;
        first
    }

    async fn newer(&mut self) -> Arc<Credential> {
        while let Some(subscription) = &mut self.subscription {
            match subscription.next().await {
                Some(next) if self.is_another(&next) => return next,
                Some(_) => {}
                None => self.subscription = None,
            }
        }
        // Closed. An end would be taken for a failed login.
        std::future::pending().await
    }

    fn is_another(&self, next: &Credential) -> bool {
        self.last.as_ref().is_none_or(|last| last.secret != next.secret)
    }
}

impl From<Error> for RedisError {
    /// With the error's code and words; the redis crate takes it for a login that failed, or a wrong setting.
    fn from(error: Error) -> Self {
        let kind = match error.code() {
            code if code.name().starts_with("config-") => ErrorKind::InvalidClientConfig,
            Code::ArgumentInvalid => ErrorKind::Client,
            _ => ErrorKind::AuthenticationFailed,
        };
        Self::from((kind, "no credentials", format!("{}: {error}", error.name())))
    }
}

/// Gives [`redis::Client`] credentials that change.
pub trait WithCredentialsProvider {
    /// The same client, whose connections log in with what the provider gives, now and after each change. User and
    /// password of its address are not used.
    fn with_credentials_provider(
        self,
        provider: impl StreamingCredentialsProvider + 'static,
    ) -> AuthenticatedClient;
}

impl WithCredentialsProvider for redis::Client {
    fn with_credentials_provider(
        self,
        provider: impl StreamingCredentialsProvider + 'static,
    ) -> AuthenticatedClient {
        AuthenticatedClient { client: self, provider: Provider(Arc::new(provider)) }
    }
}

/// One provider for many connections.
#[derive(Clone)]
struct Provider(Arc<dyn StreamingCredentialsProvider>);

impl StreamingCredentialsProvider for Provider {
    fn subscribe(&self) -> Credentials {
        self.0.subscribe()
    }
}

/// A [`redis::Client`] whose connections log in with a provider's credentials. Clones share both.
#[derive(Clone)]
pub struct AuthenticatedClient {
    client: redis::Client,
    provider: Provider,
}

impl AuthenticatedClient {
    /// A connection that logs in again with each new token, until one login fails: see [the module](self).
    ///
    /// # Errors
    /// The source's, before the server is dialled; then the redis crate's own.
    pub async fn get_multiplexed_async_connection(&self) -> RedisResult<MultiplexedConnection> {
        self.get_multiplexed_async_connection_with_config(&AsyncConnectionConfig::new()).await
    }

    /// The same with timeouts and more; a provider in `config` is replaced.
    ///
    /// # Errors
    /// As [`get_multiplexed_async_connection`](Self::get_multiplexed_async_connection).
    pub async fn get_multiplexed_async_connection_with_config(
        &self,
        config: &AsyncConnectionConfig,
    ) -> RedisResult<MultiplexedConnection> {
        // Before the dial, since the redis crate counts the wait into its connection timeout.
        if let Some(Err(error)) = self.provider.subscribe().next().await {
            return Err(error);
        }
        let config = config.clone().set_credentials_provider(self.provider.clone());
        self.client.get_multiplexed_async_connection_with_config(&config).await
    }

    /// The client without the provider.
    pub fn client(&self) -> &redis::Client {
        &self.client
    }
}

impl std::fmt::Debug for AuthenticatedClient {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("AuthenticatedClient").field("client", &self.client).finish_non_exhaustive()
    }
}
