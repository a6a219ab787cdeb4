//! Where credentials come from.

#[cfg(feature = "aws")]
pub mod aws;
pub(crate) mod callback;
#[cfg(feature = "azure")]
pub(crate) mod entra;
pub(crate) mod fixed;

use std::sync::Arc;
use std::time::SystemTime;

use crate::clock::BoxFuture;
use crate::credential::Credential;
use crate::error::Error;
use crate::identity::Identity;
use crate::secret::Secret;

/// Answers one question: *make me a credential*. No cache of tokens, no retry, no timer: those are the
/// manager's.
///
/// ```
/// use std::time::Duration;
/// use keyrotor::{BoxFuture, Fetch, Fetched, Source, SourceError, TokenManager, TokenRefreshConfig};
///
/// struct Vault;
///
/// impl Source for Vault {
///     fn name(&self) -> &str {
///         "vault"
///     }
///     fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
///         Box::pin(async move {
///             let secret = "ask the vault here";
///             Ok(Fetched::new("app", secret, fetch.now).expires_at(fetch.now + Duration::from_secs(3600)))
///         })
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), keyrotor::Error> {
/// let manager = TokenManager::new(Vault, TokenRefreshConfig::default())?;
/// assert_eq!(manager.token_async().await?.expose(), "ask the vault here");
/// # Ok(()) }
/// ```
pub trait Source: Send + Sync + 'static {
    /// A short name for status, errors and logs: `elasticache-iam`.
    fn name(&self) -> &str;

    /// Makes a credential. Called by one task at a time, on keyrotor's own thread; it is cancelled when the
    /// source's budget is spent or the last manager that shares the source's identity is closed.
    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>>;

    /// Makes a credential without waiting, where nothing has to be asked for it: what it needs is cached and
    /// good enough. `None` sends the manager to [`fetch`](Self::fetch). Called on the thread that wants the
    /// token, by several at once perhaps, of whom the first wins; so it takes microseconds or returns `None`.
    /// Whoever [refreshes](crate::TokenManager::refresh) is sent there, too, by a failure, and by a secret that
    /// `fetch.differs_from` has.
    fn fetch_now(&self, fetch: &Fetch) -> Option<Result<Fetched, SourceError>> {
        let _ = fetch;
        None
    }

    /// Forgets what it cached to make credentials with: the server refused one of them.
    fn invalidate(&self) {}

    /// What makes two sources the same: managers of equal ones share one fetch and one credential. Asked once,
    /// when a manager is made. `None`, the default, shares with nobody.
    fn identity(&self) -> Option<Identity> {
        None
    }

    /// What the credential opens, as metrics and logs call it: the cluster's name, the database's host.
    fn target(&self) -> &str {
        ""
    }

    /// How long the tokens of this source live when nothing cuts them short; `None` where each answer says so.
    /// A manager refreshes tokens of a known life by an interval and all others by a ratio.
    fn token_life(&self) -> Option<std::time::Duration> {
        None
    }

    /// Doubts about the configuration, for `status`.
    fn warnings(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One question to a [`Source`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fetch {
    /// The time of day.
    pub now: SystemTime,
    /// Credentials that the answer must differ from: the current one, and those that a server refused lately. Where it
    /// cannot differ from all, the first matter most.
    pub differs_from: Vec<Arc<Credential>>,
    /// Somebody insists on a new one: what it is made of is to be renewed first, where that is due.
    #[cfg_attr(
        not(feature = "aws"),
        allow(dead_code, reason = "no other source of ours makes tokens of what ends")
    )]
    pub(crate) is_forced: bool,
}

impl Fetch {
    /// A question asked at this moment, with nothing to differ from.
    pub fn at(now: SystemTime) -> Self {
        Self { now, differs_from: Vec::new(), is_forced: false }
    }
}

/// One answer of a [`Source`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Fetched {
    /// The name to log in with.
    pub user: Arc<str>,
    /// The token or password.
    pub secret: Secret,
    /// When the secret was made.
    pub issued_at: SystemTime,
    /// When it ends; `None` for never.
    pub expires_at: Option<SystemTime>,
    /// When the source would be asked for the next one, where that is earlier than its manager would.
    pub(crate) ask_again_at: Option<SystemTime>,
}

impl Fetched {
    /// A secret that does not expire; [`expires_at`](Self::expires_at) gives it an end.
    pub fn new(user: impl Into<Arc<str>>, secret: impl Into<String>, issued_at: SystemTime) -> Self {
        Self {
            user: user.into(),
            secret: Secret::new(secret),
            issued_at,
            expires_at: None,
            ask_again_at: None,
        }
    }

    /// The same with an end.
    #[must_use]
    pub fn expires_at(mut self, at: SystemTime) -> Self {
        self.expires_at = Some(at);
        self
    }
}

/// Why a source had no credential. Every kind is tried again; the kind decides how soon, and whether callers
/// are made to wait for it.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SourceError {
    /// It may work in a moment.
    #[error("{0}")]
    Transient(Error),
    /// It asked to be left alone, for this long if it said so.
    #[error("{0}")]
    Throttled(Error, Option<std::time::Duration>),
    /// Nothing will change by asking again at once: no credentials, a wrong setting.
    #[error("{0}")]
    Permanent(Error),
}

impl SourceError {
    /// The same kind of failure, told otherwise.
    #[must_use]
    pub fn map(self, tell: impl FnOnce(Error) -> Error) -> Self {
        match self {
            Self::Transient(error) => Self::Transient(tell(error)),
            Self::Throttled(error, pause) => Self::Throttled(tell(error), pause),
            Self::Permanent(error) => Self::Permanent(tell(error)),
        }
    }

    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Transient(error) | Self::Throttled(error, _) | Self::Permanent(error) => error,
        }
    }
}
