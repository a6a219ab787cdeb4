//! The AWS keys that sign: asked for once for all who sign with them, kept for as long as they are good for a whole
//! token.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use keyrotor_proto::Code;
use tokio::sync::Mutex;

use super::failure::source_error;
use super::renewal;
use crate::error::Error;
use crate::identity::Identity;
use crate::manager::schedule::{self, Dice};
use crate::process::PerProcess;
use crate::registry::Registry;
use crate::source::SourceError;
use crate::telemetry;

/// Keys behind refused tokens are dropped at most this often, however many identities they sign for.
const DOUBT_EVERY: Duration = Duration::from_secs(30);
/// A provider whose keys are too short for a whole token is asked again after this, or a quarter of what they had.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(10);

static CACHES: Registry<Identity, KeyCache> = Registry::new();

/// A provider of keys, with its last answer; or keys that were handed over.
pub(crate) struct KeyCache {
    identity: Identity,
    provider: Option<SharedCredentialsProvider>,
    cached: ArcSwapOption<Cached>,
    /// Whoever asks the provider holds it.
    asking: PerProcess<Mutex<()>>,
    /// How often the provider was asked, and how it failed the last time.
    asked: AtomicU64,
    failure: ArcSwapOption<Failure>,
    /// A server refused what these keys signed.
    is_doubted: AtomicBool,
    /// Seconds since 1970.
    doubted_at: AtomicU64,
    dice: Dice,
}

pub(super) struct Cached {
    keys: Credentials,
    at: SystemTime,
    /// When the provider is asked for the next ones, though these are still good.
    renew_at: Option<SystemTime>,
    /// The signer that comes at that moment; 0 for none yet.
    renewed_by: AtomicU64,
}

struct Failure {
    asked: u64,
    error: SourceError,
}

impl KeyCache {
    /// The cache of this provider; `identity` says which one it is.
    pub(crate) fn of(identity: &Identity, provider: impl FnOnce() -> SharedCredentialsProvider) -> Arc<Self> {
        CACHES.get_or_make(identity, || {
            Arc::new(Self::new(identity.clone(), Some(provider()), None, schedule::random))
        })
    }

    /// Keys that stay what they are, good for a token from the first call on.
    pub(crate) fn fixed(keys: Credentials) -> Arc<Self> {
        let identity = fixed_identity(&keys);
        Arc::new(Self::new(identity, None, Some(Cached::new(keys, UNIX_EPOCH, None)), schedule::random))
    }

    pub(super) fn new(
        identity: Identity,
        provider: Option<SharedCredentialsProvider>,
        cached: Option<Cached>,
        dice: Dice,
    ) -> Self {
        Self {
            identity,
            provider,
            cached: ArcSwapOption::from(cached.map(Arc::new)),
            asking: PerProcess::new(),
            asked: AtomicU64::new(0),
            failure: ArcSwapOption::empty(),
            is_doubted: AtomicBool::new(false),
            doubted_at: AtomicU64::new(0),
            dice,
        }
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The cached keys, if they outlive a whole token signed now, or if their provider had no longer ones a moment
    /// ago. Keys that state no end are asked for again after one token's life, so that a changed file or environment
    /// is seen.
    pub(crate) fn cached(&self, now: SystemTime, life: Duration) -> Option<Credentials> {
        let cached = self.cached.load();
        let cached = cached.as_ref()?;
        if self.provider.is_none() {
            return Some(cached.keys.clone());
        }
        if self.is_doubted.load(Relaxed) && self.may_drop(now) {
            return None;
        }
        let age = now.duration_since(cached.at).ok()?;
        let is_good = match cached.keys.expiry() {
            None => age <= life,
            Some(end) => end >= now + life || (end > now && age < cached.is_fresh_for()),
        };
        is_good.then(|| cached.keys.clone())
    }

    /// When the next keys are asked for. Told to the first signer who wants to know, by its number: one that comes at
    /// that moment is enough for all who sign with them, who else would all come at once.
    pub(crate) fn renewal_by(&self, signer: u64, now: SystemTime) -> Option<SystemTime> {
        let cached = self.cached.load();
        let cached = cached.as_ref()?;
        let renew_at = cached.renew_at.filter(|at| *at > now)?;
        let before = cached.renewed_by.compare_exchange(0, signer, Relaxed, Relaxed);
        let is_mine = before.map_or_else(|other| other == signer, |_| true);
        is_mine.then_some(renew_at)
    }

    /// The [`cached`](Self::cached) keys while it is not their time.
    pub(crate) fn not_due(&self, now: SystemTime, life: Duration) -> Option<Credentials> {
        let cached = self.cached.load();
        let is_due = cached.as_ref().is_some_and(|cached| cached.renew_at.is_some_and(|at| at <= now));
        if is_due { None } else { self.cached(now, life) }
    }

    /// The cached keys, or new ones where their time has come. Keys too short for a whole token are used only where
    /// the provider has no longer ones.
    pub(crate) async fn resolve(
        &self,
        now: SystemTime,
        life: Duration,
        source: &str,
    ) -> Result<Credentials, SourceError> {
        let asked = self.asked.load(Relaxed);
        if let Some(keys) = self.not_due(now, life) {
            return Ok(keys);
        }
        let Some(provider) = &self.provider else {
            return Err(source_error(&CredentialsError::not_loaded_no_source(), source));
        };
        let each = self.asking.get(Mutex::default);
        let _one_asks = each.value.lock().await;
        if let Some(keys) = self.not_due(now, life) {
            return Ok(keys);
        }
        // Whoever waited while somebody else asked shares the outcome.
        if let Some(failure) = self.failure.load().as_ref().filter(|failure| failure.asked > asked) {
            return Err(failure.error.clone());
        }
        self.ask(provider, now, life, source).await
    }

    async fn ask(
        &self,
        provider: &SharedCredentialsProvider,
        now: SystemTime,
        life: Duration,
        source: &str,
    ) -> Result<Credentials, SourceError> {
        if self.is_doubted.swap(false, Relaxed) {
            self.doubted_at.store(seconds(now), Relaxed);
            self.cached.store(None);
        }
        let answer = provider.provide_credentials().await;
        let asked = self.asked.fetch_add(1, Relaxed) + 1;
        let error = match answer {
            Ok(keys) if !is_over(&keys, now) => {
                telemetry::keys_fetched(source, keys.expiry());
                let renew_at = self.renewal(&keys, now, life);
                self.cached.store(Some(Arc::new(Cached::new(keys.clone(), now, renew_at))));
                return Ok(keys);
            }
            Ok(_) => SourceError::Transient(over_when_given(source)),
            Err(error) => {
                if let Some(keys) = self.kept(now) {
                    tracing::warn!(
                        source,
                        %error,
                        "no new AWS credentials; signing with the old ones while they last"
                    );
                    return Ok(keys);
                }
                source_error(&error, source)
            }
        };
        self.failure.store(Some(Arc::new(Failure { asked, error: error.clone() })));
        Err(error)
    }

    /// The server refused a token: the keys behind it may be dead, whatever their expiry says.
    pub(crate) fn doubt(&self) {
        self.is_doubted.store(true, Relaxed);
    }

    fn may_drop(&self, now: SystemTime) -> bool {
        let since = seconds(now).abs_diff(self.doubted_at.load(Relaxed));
        let may = since >= DOUBT_EVERY.as_secs();
        if !may {
            self.is_doubted.store(false, Relaxed);
        }
        may
    }

    fn renewal(&self, keys: &Credentials, now: SystemTime, life: Duration) -> Option<SystemTime> {
        let span = keys.expiry()?.duration_since(now + life).ok()?;
        let is_first = self.cached.load().is_none();
        Some(now + renewal::renewal_delay(span, is_first, self.dice)?)
    }

    /// The old keys, where they are still valid. The provider is left alone for a while.
    fn kept(&self, now: SystemTime) -> Option<Credentials> {
        let cached = self.cached.load_full().filter(|cached| !is_over(&cached.keys, now))?;
        let left = cached.keys.expiry().and_then(|end| end.duration_since(now).ok());
        let renew_at = left.map(|left| now + renewal::next_try(left, self.dice));
        self.cached.store(Some(Arc::new(Cached::new(cached.keys.clone(), cached.at, renew_at))));
        Some(cached.keys.clone())
    }
}

impl Cached {
    fn new(keys: Credentials, at: SystemTime, renew_at: Option<SystemTime>) -> Self {
        Self { keys, at, renew_at, renewed_by: AtomicU64::new(0) }
    }

    /// How long nobody asks whether there are longer ones.
    fn is_fresh_for(&self) -> Duration {
        let left = self.keys.expiry().and_then(|end| end.duration_since(self.at).ok()).unwrap_or_default();
        ASK_AGAIN_AFTER.min(left / 4)
    }
}

impl Drop for KeyCache {
    fn drop(&mut self) {
        if self.provider.is_some() {
            CACHES.forget(&self.identity);
        }
    }
}

/// Explicit keys, by their hash.
pub(crate) fn fixed_identity(keys: &Credentials) -> Identity {
    let secret = format!("{}\n{}", keys.secret_access_key(), keys.session_token().unwrap_or_default());
    Identity::of("keys").and("id", keys.access_key_id()).and_secret("secret", secret)
}

fn is_over(keys: &Credentials, now: SystemTime) -> bool {
    keys.expiry().is_some_and(|end| end <= now)
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

fn over_when_given(source: &str) -> Error {
    Error::new(
        Code::CredentialsFetchFailed,
        "Failed to refresh IAM token: the AWS credentials had already expired when they were handed out; look at the \
         clock of this machine and at the provider of the credentials",
    )
    .with_source(source)
}
