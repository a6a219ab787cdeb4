//! Login tokens for AWS: ElastiCache, MemoryDB, RDS, DSQL. Signed locally with whatever AWS keys there are.

mod called;
#[cfg(feature = "aws-chain")]
mod chain;
mod explain;
mod failure;
#[cfg(feature = "aws-chain")]
mod http;
mod keys;
mod region;
mod renewal;
#[cfg(feature = "aws-chain")]
mod role;
mod sigv4;
mod target;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

pub use aws_credential_types::Credentials as AwsKeys;
pub use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
pub use explain::{TokenExplanation, explain};
pub use target::Target;

pub(crate) use called::KeySource;
#[cfg(feature = "aws-chain")]
pub(crate) use chain::Chain;
pub(crate) use failure::provider_error;
#[cfg(feature = "aws-chain")]
pub(crate) use http::may_be_asked;
pub(crate) use keys::{KeyCache, fixed_identity};
pub(crate) use region::Region;
#[cfg(feature = "aws-chain")]
pub(crate) use role::{Assumed, Role};

use crate::clock::BoxFuture;
use crate::error::Error;
use crate::identity::Identity;
use crate::skew;
use crate::source::{Fetch, Fetched, Source, SourceError};

/// How far back a token may be dated so that it differs from another of the same second. SigV4 dates have a
/// resolution of one second: two tokens signed within one are the same bytes.
const BACKDATE_SECONDS: u64 = 2;

/// Makes login tokens for one AWS target.
pub struct AwsSource {
    /// Tells it from others that sign with the same keys.
    number: u64,
    target: Target,
    user: Arc<str>,
    life: Duration,
    region: Region,
    resolved_region: OnceLock<String>,
    keys: Arc<KeyCache>,
    warnings: Vec<String>,
}

impl AwsSource {
    pub(crate) fn new(
        target: Target,
        user: Arc<str>,
        life: Duration,
        region: Region,
        keys: Arc<KeyCache>,
    ) -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        let number = LAST.fetch_add(1, Relaxed) + 1;
        let warnings = target.doubts();
        let resolved_region = region.explicit().map(OnceLock::from).unwrap_or_default();
        Self { number, target, user, life, region, resolved_region, keys, warnings }
    }

    async fn region(&self) -> Result<&str, SourceError> {
        if let Some(region) = self.resolved_region.get() {
            return Ok(region);
        }
        let region =
            self.region.resolve().await.map_err(|e| SourceError::Permanent(e.with_source(self.name())))?;
        Ok(self.resolved_region.get_or_init(|| region))
    }

    fn sign(&self, region: &str, keys: &AwsKeys, fetch: &Fetch) -> Result<Fetched, SourceError> {
        let mut least_wrong: Option<(usize, Fetched)> = None;
        for at in dates(fetch) {
            let secret = self
                .target
                .sign(region, self.life, keys, at)
                .map_err(|error| SourceError::Permanent(error.with_source(self.name())))?;
            let fetched = Fetched {
                user: Arc::clone(&self.user),
                secret,
                issued_at: at,
                expires_at: Some(token_end(at, self.life, keys)),
                ask_again_at: None,
            };
            let Some(rank) = fetch.differs_from.iter().position(|other| other.secret == fetched.secret)
            else {
                return Ok(Fetched { ask_again_at: self.keys.renewal_by(self.number, fetch.now), ..fetched });
            };
            if least_wrong.as_ref().is_none_or(|(other, _)| rank >= *other) {
                least_wrong = Some((rank, fetched));
            }
        }
        least_wrong
            .map(|(_, fetched)| fetched)
            .ok_or_else(|| SourceError::Permanent(Error::internal("the clock stands before 1970")))
    }
}

/// When the answer may be dated. A second in which one was dated that it is to differ from comes last: by the same
/// keys it would be the same.
fn dates(fetch: &Fetch) -> Vec<SystemTime> {
    let is_taken = |at: &SystemTime| {
        let second = sigv4::whole_seconds(*at);
        fetch.differs_from.iter().any(|other| sigv4::whole_seconds(other.issued_at) == second)
    };
    let dates = (0..=BACKDATE_SECONDS).filter_map(|back| fetch.now.checked_sub(Duration::from_secs(back)));
    let mut dates: Vec<_> = dates.collect();
    dates.sort_by_key(is_taken);
    dates
}

/// A token dies with the credentials that signed it.
fn token_end(signed_at: SystemTime, life: Duration, keys: &AwsKeys) -> SystemTime {
    // The signed date has whole seconds, so the token's life counts from the start of one.
    let end = sigv4::whole_seconds(signed_at) + life;
    keys.expiry().map_or(end, |keys_end| keys_end.min(end))
}

impl Source for AwsSource {
    fn name(&self) -> &str {
        self.target.source_name()
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            let region = self.region().await?;
            let keys = self.keys.resolve(fetch.now, self.life, self.name()).await?;
            self.sign(region, &keys, &fetch)
        })
    }

    fn fetch_now(&self, fetch: &Fetch) -> Option<Result<Fetched, SourceError>> {
        let region = self.resolved_region.get()?;
        let keys = if fetch.is_forced {
            self.keys.not_due(fetch.now, self.life)
        } else {
            self.keys.cached(fetch.now, self.life)
        };
        Some(self.sign(region, &keys?, fetch))
    }

    fn invalidate(&self) {
        self.keys.doubt();
    }

    fn identity(&self) -> Option<Identity> {
        let identity = Identity::of(self.name())
            .and("resource", self.target.resource())
            .and("user", &self.user)
            .and("life", self.life.as_secs())
            .and_that_of("keys", self.keys.identity());
        Some(self.region.part_of(identity))
    }

    fn target(&self) -> &str {
        self.target.resource_name()
    }

    fn token_life(&self) -> Option<Duration> {
        Some(self.life)
    }

    fn warnings(&self) -> Vec<String> {
        self.warnings.iter().cloned().chain(skew::warning()).collect()
    }
}

#[cfg(test)]
mod fleet;
#[cfg(test)]
mod tests;
