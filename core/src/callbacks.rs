//! Functions of the host that give credentials.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use keyrotor_proto::Code;

use crate::clock::BoxFuture;
use crate::error::Error;
use crate::process::PerProcess;
use crate::runtime::Engine;
use crate::source::{Fetch, Fetched, SourceError};

type Call<Q, A> = Arc<dyn Fn(Q) -> BoxFuture<'static, Result<A, SourceError>> + Send + Sync>;

/// A function of the host, sync or async, that answers with credentials.
///
/// Clones are the same function: managers that use it, under the same user and settings, share its answers.
pub struct Callback<Q, A> {
    call: Call<Q, A>,
    identity: CallbackIdentity,
}

/// Gives user, secret and, if it likes, an end: for `callback_credentials`.
pub type CredentialsCallback = Callback<Fetch, Fetched>;

/// Gives the AWS keys that sign, when asked at this time of day: for `key_source`.
#[cfg(feature = "aws")]
pub type KeysCallback = Callback<std::time::SystemTime, crate::source::aws::AwsKeys>;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallbackIdentity {
    /// Counted here.
    Own(u64),
    /// Said by the host.
    Given(u64),
}

impl<Q: Send + 'static, A: Send + 'static> Callback<Q, A> {
    /// A function that may block. It runs on a thread of keyrotor's that is there for functions of the host, one
    /// call at a time; a call that outlasts the source's budget is not waited for, and the next one waits for it.
    pub fn blocking(function: impl Fn(Q) -> Result<A, SourceError> + Send + Sync + 'static) -> Self {
        let function = Arc::new(function);
        let one_at_a_time: Arc<PerProcess<Arc<tokio::sync::Mutex<()>>>> = Arc::new(PerProcess::new());
        Self::future(move |question| {
            let (function, one_at_a_time) = (Arc::clone(&function), Arc::clone(&one_at_a_time));
            Box::pin(async move {
                let turn = Arc::clone(&one_at_a_time.get(Arc::default).value).lock_owned().await;
                let engine = Engine::shared().map_err(SourceError::Transient)?;
                let answer = engine.foreign.run(move || {
                    let answer = function(question);
                    drop(turn);
                    answer
                });
                answer
                    .await
                    .unwrap_or_else(|_| Err(SourceError::Transient(Error::internal("a callback panicked"))))
            })
        })
    }

    /// A function that gives a future, which is polled on keyrotor's own thread and must not block it. The future is
    /// dropped when the source's budget is spent or the last manager that waits for it is closed.
    pub fn future(
        function: impl Fn(Q) -> BoxFuture<'static, Result<A, SourceError>> + Send + Sync + 'static,
    ) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Relaxed);
        Self { call: Arc::new(function), identity: CallbackIdentity::Own(number) }
    }

    /// The same function as others with this number, as a host tells its functions apart: by their address, say. The
    /// function must keep what the number stands for alive.
    #[must_use]
    pub fn identified_by(self, number: u64) -> Self {
        Self { identity: CallbackIdentity::Given(number), ..self }
    }

    pub(crate) fn call(&self, question: Q) -> BoxFuture<'static, Result<A, SourceError>> {
        (self.call)(question)
    }

    pub(crate) fn identity(&self) -> String {
        match self.identity {
            CallbackIdentity::Own(number) => format!("own {number}"),
            CallbackIdentity::Given(number) => format!("given {number}"),
        }
    }
}

impl<Q, A> Clone for Callback<Q, A> {
    fn clone(&self) -> Self {
        Self { call: Arc::clone(&self.call), identity: self.identity }
    }
}

impl<Q, A> fmt::Debug for Callback<Q, A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Callback").field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// The functions that are handed over beside a request, by the names that the request gives them.
///
/// ```
/// use std::time::Duration;
/// use keyrotor::{Callback, Callbacks, Fetched, Format, TokenManager};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), keyrotor::Error> {
/// let callbacks = Callbacks::new().with_credentials(
///     "vault",
///     Callback::blocking(|fetch: keyrotor::Fetch| {
///         let secret = "ask the vault here";
///         Ok(Fetched::new("app", secret, fetch.now).expires_at(fetch.now + Duration::from_secs(3600)))
///     }),
/// );
/// let request = br#"{"authenticationInfo": {"callbackCredentials": {"name": "vault"}}}"#;
/// let manager = TokenManager::from_request_with(request, Format::Json, &callbacks)?;
/// assert_eq!(manager.token_async().await?.expose(), "ask the vault here");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Callbacks {
    credentials: BTreeMap<String, CredentialsCallback>,
    #[cfg(feature = "aws")]
    keys: BTreeMap<String, crate::source::aws::KeySource>,
}

impl Callbacks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One for `callback_credentials`.
    #[must_use]
    pub fn with_credentials(mut self, name: impl Into<String>, callback: CredentialsCallback) -> Self {
        self.credentials.insert(name.into(), callback);
        self
    }

    /// One for `key_source`.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn with_keys(mut self, name: impl Into<String>, callback: KeysCallback) -> Self {
        self.keys.insert(name.into(), crate::source::aws::KeySource::from(callback));
        self
    }

    /// Any provider of the AWS SDK's, for `key_source`. Managers that are given clones of this map share its keys.
    #[cfg(feature = "aws")]
    #[must_use]
    pub fn with_key_provider(
        self,
        name: impl Into<String>,
        provider: impl crate::source::aws::ProvideCredentials + 'static,
    ) -> Self {
        let provider = Arc::new(provider);
        self.with_keys(
            name,
            Callback::future(move |_| {
                let provider = Arc::clone(&provider);
                Box::pin(async move {
                    provider
                        .provide_credentials()
                        .await
                        .map_err(|error| crate::source::aws::provider_error(&error))
                })
            }),
        )
    }

    pub(crate) fn credentials(&self, name: &str, field: &str) -> Result<CredentialsCallback, Error> {
        self.credentials.get(name).cloned().ok_or_else(|| unknown(name, field, self.credentials.keys()))
    }

    #[cfg(feature = "aws")]
    pub(crate) fn keys(&self, name: &str, field: &str) -> Result<crate::source::aws::KeySource, Error> {
        self.keys.get(name).cloned().ok_or_else(|| unknown(name, field, self.keys.keys()))
    }
}

fn unknown<'a>(name: &str, field: &str, known: impl Iterator<Item = &'a String>) -> Error {
    let known: Vec<&str> = known.map(String::as_str).collect();
    let known = if known.is_empty() { "none was".to_owned() } else { known.join(", ") };
    Error::config(
        Code::ConfigMissing,
        field,
        format!(
            "no function `{name}` was handed over beside the request ({known}); hand it over under this name"
        ),
    )
}
