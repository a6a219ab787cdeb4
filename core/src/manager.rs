//! Keeps one identity's token fresh: when to fetch, what is current, who is told.

mod audience;
mod feed;
#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "the client stands at the gate"))]
mod gate;
mod handle;
mod held;
#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "the client stands at the gate"))]
mod line;
mod members;
mod news;
mod observer;
#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "the client stands at the gate"))]
mod pace;
mod policy;
#[cfg_attr(not(feature = "client"), allow(dead_code, reason = "the client stands at the gate"))]
mod refusal;
mod round;
pub(crate) mod schedule;
mod state;
mod status;
mod subscribe;

use std::sync::Arc;

use keyrotor_proto::{Code, Format, Message, Status, TokenManagerRequest};
use zeroize::Zeroizing;

pub use observer::observe_events;
pub use policy::{RetryConfig, TokenRefreshConfig};
pub use subscribe::{EventStream, Subscription, SubscriptionHandle};

use crate::callbacks::Callbacks;
use crate::clock;
use crate::config;
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::host;
use crate::runtime::Engine;
use crate::secret::Secret;
use crate::source::Source;
use feed::{Demand, Feed};
#[cfg(feature = "client")]
pub(crate) use gate::{Attempt, LoginGate};
use handle::Handle;
use members::Policy;
pub(crate) use round::over_budget;

/// Keeps one identity's token fresh.
///
/// Nothing runs before the first use: no thread, no file, no network. From then on it refreshes in the
/// background, on the one thread that serves all managers of the process, and never stops trying.
///
/// Managers of one identity share its fetches; see [Sharing](crate#sharing).
///
/// Clones are handles to the same manager; it is closed by [`close`](Self::close) or when the last handle goes.
/// All methods may be called from any thread. Dropping a future of it cancels the waiting, never the fetch that
/// others may wait for.
///
/// ```no_run
/// # async fn example() -> Result<(), keyrotor::Error> {
/// use keyrotor::{Format, TokenManager};
///
/// let manager = TokenManager::from_request(
///     br#"{"authenticationInfo": {"iamCredentials":
///         {"clusterName": "my-cache", "username": "app", "region": "eu-west-1"}}}"#,
///     Format::Json,
/// )?;
/// let token = manager.token_async().await?;
/// # let _ = token; Ok(()) }
/// ```
#[derive(Clone)]
pub struct TokenManager {
    handle: Arc<Handle>,
}

impl TokenManager {
    /// A manager of this source's tokens. Where the source has an [`identity`](Source::identity), managers of
    /// that identity share its fetches.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`] where `config` is out of bounds; the message names them.
    pub fn new(source: impl Source, config: TokenRefreshConfig) -> Result<Self> {
        Self::with_source(Arc::new(source), config, "refresh.interval")
    }

    pub(crate) fn with_source(
        source: Arc<dyn Source>,
        config: TokenRefreshConfig,
        field: &str,
    ) -> Result<Self> {
        config.validate(source.token_life(), field)?;
        Ok(Self::of_feed(Feed::of(source, clock::system(), schedule::random), config))
    }

    fn of_feed(feed: Arc<Feed>, config: TokenRefreshConfig) -> Self {
        let is_lazy = config.is_lazy();
        Self { handle: Arc::new(Handle::new(feed, Policy { refresh: config, is_lazy })) }
    }

    /// A manager from the bytes or the JSON of a [`TokenManagerRequest`].
    ///
    /// # Errors
    /// A `config-*` error with the path of the field that is wrong.
    pub fn from_request(request: &[u8], format: Format) -> Result<Self> {
        Self::from_request_with(request, format, &Callbacks::new())
    }

    /// [`from_request`](Self::from_request) with the functions that the request names.
    ///
    /// # Errors
    /// As [`from_request`](Self::from_request); [`Code::ConfigMissing`] where a function is not among them.
    pub fn from_request_with(request: &[u8], format: Format, callbacks: &Callbacks) -> Result<Self> {
        Self::of_message(keyrotor_proto::decode(request, format)?, callbacks)
    }

    /// A manager from a message that the caller has built.
    ///
    /// # Errors
    /// As [`from_request`](Self::from_request).
    pub fn from_message(request: TokenManagerRequest) -> Result<Self> {
        Self::from_message_with(request, &Callbacks::new())
    }

    /// [`from_message`](Self::from_message) with the functions that the message names.
    ///
    /// # Errors
    /// As [`from_request_with`](Self::from_request_with).
    pub fn from_message_with(request: TokenManagerRequest, callbacks: &Callbacks) -> Result<Self> {
        // A message that was built in code is held to the same shape as one that was read.
        Self::from_request_with(&Zeroizing::new(request.encode_to_vec()), Format::Protobuf, callbacks)
    }

    fn of_message(request: TokenManagerRequest, callbacks: &Callbacks) -> Result<Self> {
        let login = config::token_manager(request, callbacks)?;
        Self::with_source(login.source, login.refresh, login.interval_field)
    }

    /// Begins with the first fetch, for whoever wants it done before the first call. Harmless when repeated.
    ///
    /// # Errors
    /// [`Code::Closed`].
    pub fn start(&self) -> Result<()> {
        self.handle.start()
    }

    /// The token, without waiting: a cached one, or one signed on the spot where the cloud's keys are at hand.
    /// A token past its refresh point is returned while its successor is fetched beside it.
    ///
    /// # Errors
    /// [`Code::CredentialsPending`] where one must be fetched first: the fetch is under way, and
    /// [`token_async`](Self::token_async) waits for it. Else the source's own error.
    pub fn token(&self) -> Result<Secret> {
        match self.handle.at_hand(|held| held.credential.secret.clone()) {
            Some(token) => Ok(token),
            None => Ok(self.credential()?.secret.clone()),
        }
    }

    /// Like [`token`](Self::token), waiting for a fetch where one is needed, at most for the source's budget.
    ///
    /// # Errors
    /// The source's error, shared by all who waited for the same fetch.
    pub async fn token_async(&self) -> Result<Secret> {
        Ok(self.credential_async().await?.secret.clone())
    }

    /// The token with its user, times and generation; otherwise like [`token`](Self::token).
    ///
    /// # Errors
    /// As [`token`](Self::token).
    pub fn credential(&self) -> Result<Arc<Credential>> {
        match self.handle.demand(false)? {
            Demand::Ready(credential) => Ok(credential),
            Demand::Wait(_) => self.handle.valid().ok_or_else(|| self.handle.pending()),
        }
    }

    /// The token with its user, times and generation; otherwise like [`token_async`](Self::token_async).
    ///
    /// # Errors
    /// As [`token_async`](Self::token_async).
    pub async fn credential_async(&self) -> Result<Arc<Credential>> {
        match self.handle.demand(true)? {
            Demand::Ready(credential) => Ok(credential),
            Demand::Wait(waiting) => self.handle.waited(waiting).await,
        }
    }

    /// The current credential where it is good enough, without asking for another; what is due is renewed beside it.
    /// For whoever would have to wait otherwise: it touches no lock.
    pub fn credential_at_hand(&self) -> Option<Arc<Credential>> {
        self.handle.at_hand(|held| Arc::clone(&held.credential))
    }

    /// Like [`credential_async`](Self::credential_async) for a thread that may block. `interrupted` is asked
    /// every 50 ms or so; its error ends the waiting.
    ///
    /// # Errors
    /// As [`credential_async`](Self::credential_async); on a thread that drives an event loop of tokio's, where
    /// nobody may block, as [`credential`](Self::credential).
    pub fn credential_blocking<E: From<Error>>(
        &self,
        interrupted: impl FnMut() -> Result<(), E>,
    ) -> Result<Arc<Credential>, E> {
        if host::on_event_loop() {
            return Ok(self.credential()?);
        }
        match self.handle.demand(true)? {
            Demand::Ready(credential) => Ok(credential),
            Demand::Wait(waiting) => Ok(host::wait(self.handle.waited(waiting), interrupted)??),
        }
    }

    /// Fetches a new token now, whatever the age of the current one; a fetch that is under way is joined. One that
    /// can be signed on the spot is ready at once. On failure the current token stays.
    ///
    /// # Errors
    /// The source's error.
    pub async fn refresh(&self) -> Result<Arc<Credential>> {
        // Whoever refreshes in a loop, and never has to wait, leaves time for others.
        tokio::task::coop::consume_budget().await;
        match self.handle.force()? {
            Demand::Ready(credential) => Ok(credential),
            Demand::Wait(waiting) => self.handle.outcome(waiting).await,
        }
    }

    /// Tells the manager that a server refused this generation: it is not handed out again, and neither are the
    /// cloud credentials behind it; a new one is fetched at once, later ones with growing pauses. Counts once
    /// per generation, and not at all for one that has been replaced already.
    pub fn reject(&self, generation: u64) {
        self.handle.reject(generation, None);
    }

    /// With what the server said.
    #[cfg(feature = "deadpool-postgres")]
    pub(crate) fn reject_with(&self, generation: u64, error: &Error) {
        self.handle.reject(generation, Some(error));
    }

    /// Tells the manager that a server took this generation, which ends the pauses after refusals.
    pub fn accept(&self, generation: u64) {
        self.handle.accept(generation);
    }

    /// The current credential at once, then each newer one. A slow reader sees the latest.
    ///
    /// # Errors
    /// [`Code::Closed`].
    pub fn subscribe(&self) -> Result<Subscription> {
        self.handle.subscribe()
    }

    /// Calls `callback` with the current credential, then with each newer one, one call at a time. All callbacks of
    /// the process share one thread, on which they may wait; one that does not return soon costs a thread for as long
    /// as that takes, and delays nobody. A panic is caught and logged. Dropping the handle ends it.
    ///
    /// # Errors
    /// [`Code::Closed`].
    pub fn subscribe_with(
        &self,
        callback: impl FnMut(&Arc<Credential>) + Send + 'static,
    ) -> Result<SubscriptionHandle> {
        let subscription = self.subscribe()?;
        Ok(subscription.drive(Engine::shared()?, callback))
    }

    /// What happens to the token, as it happens. A reader that falls behind misses the oldest.
    pub fn events(&self) -> EventStream {
        self.handle.listen()
    }

    /// How it stands, without touching anything.
    pub fn status(&self) -> Status {
        self.handle.status()
    }

    /// Ends the background work; whoever waits gets [`Code::Closed`]. Harmless when repeated.
    pub fn close(&self) {
        self.handle.close();
    }

    /// Tells which way the client of this manager logs in from now on: with the fallback password, because of this
    /// error, or with tokens. Said once, however often it is noted: as event, in `status`, log and metrics.
    pub(crate) fn note_fallback(&self, because: Option<&Error>) {
        self.handle.note_fallback(because);
    }

    pub(crate) fn emit(&self, kind: keyrotor_proto::EventKind, error: Option<&Error>) {
        self.handle.emit(kind, error);
    }
}

impl std::fmt::Debug for TokenManager {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let status = self.status();
        formatter
            .debug_struct("TokenManager")
            .field("source", &status.source)
            .field("state", &status.state().as_str_name())
            .field("generation", &status.generation)
            .finish_non_exhaustive()
    }
}

fn closed_error() -> Error {
    Error::closed("token manager")
}

pub(crate) fn pending_error(source: &str) -> Error {
    Error::new(
        Code::CredentialsPending,
        format!(
            "no token from {source} yet; it is being fetched. Wait for it with the async form of this call, or call \
             start() earlier"
        ),
    )
    .with_source(source)
}

#[cfg(test)]
mod tests;
