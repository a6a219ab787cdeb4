//! The AWS keys that sign, kept for as long as they are good for a whole token.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwapOption;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use keyrotor_proto::Code;

use crate::error::Error;
use crate::source::SourceError;
use crate::telemetry;

/// A provider of keys, with its last answer; or keys that were handed over.
pub(crate) struct KeyCache {
    provider: Option<SharedCredentialsProvider>,
    cached: ArcSwapOption<Cached>,
}

struct Cached {
    keys: Credentials,
    at: SystemTime,
}

impl KeyCache {
    pub(crate) fn new(provider: SharedCredentialsProvider) -> Self {
        Self { provider: Some(provider), cached: ArcSwapOption::empty() }
    }

    /// Keys that stay what they are, good for a token from the first call on.
    pub(crate) fn fixed(keys: Credentials) -> Self {
        Self { provider: None, cached: ArcSwapOption::from_pointee(Cached { keys, at: UNIX_EPOCH }) }
    }

    /// The cached keys, if they outlive a whole token signed now. Keys that state no end are asked for again
    /// after one token's life, so that a changed file or environment is seen.
    pub(crate) fn cached(&self, now: SystemTime, life: Duration) -> Option<Credentials> {
        let cached = self.cached.load();
        let cached = cached.as_ref()?;
        if self.provider.is_none() {
            return Some(cached.keys.clone());
        }
        let good_until = cached.keys.expiry().unwrap_or(cached.at + 2 * life);
        let read_before_now = cached.at <= now;
        (read_before_now && good_until >= now + life).then(|| cached.keys.clone())
    }

    /// The cached keys, or new ones. Keys too short for a whole token are used only where the provider has no
    /// longer ones.
    pub(crate) async fn resolve(
        &self,
        now: SystemTime,
        life: Duration,
        source: &str,
    ) -> Result<Credentials, SourceError> {
        if let Some(keys) = self.cached(now, life) {
            return Ok(keys);
        }
        let Some(provider) = &self.provider else {
            return Err(source_error(CredentialsError::not_loaded_no_source(), source));
        };
        match provider.provide_credentials().await {
            Ok(keys) if is_over(&keys, now) => Err(SourceError::Transient(
                Error::new(
                    Code::CredentialsFetchFailed,
                    "Failed to refresh IAM token: the AWS credentials had already expired when they were handed out; \
                     look at the clock of this machine and at the provider of the credentials",
                )
                .with_source(source),
            )),
            Ok(keys) => {
                telemetry::keys_fetched(source, keys.expiry());
                self.cached.store(Some(Arc::new(Cached { keys: keys.clone(), at: now })));
                Ok(keys)
            }
            Err(error) => match self.still_valid(now) {
                Some(keys) => {
                    tracing::warn!(source, %error, "no new AWS credentials; signing with the old ones while they last");
                    Ok(keys)
                }
                None => Err(source_error(error, source)),
            },
        }
    }

    /// The server refused a token: the keys behind it may be dead, whatever their expiry says.
    pub(crate) fn forget(&self) {
        if self.provider.is_some() {
            self.cached.store(None);
        }
    }

    fn still_valid(&self, now: SystemTime) -> Option<Credentials> {
        let cached = self.cached.load();
        cached.as_ref().filter(|cached| !is_over(&cached.keys, now)).map(|cached| cached.keys.clone())
    }
}

fn is_over(keys: &Credentials, now: SystemTime) -> bool {
    keys.expiry().is_some_and(|end| end <= now)
}

fn source_error(error: CredentialsError, source: &str) -> SourceError {
    // The SDK's own words for the kind of failure only stand in front of what it is.
    let text = causes(&error).unwrap_or_else(|| error.to_string());
    let failed = |code| Error::new(code, format!("Failed to refresh IAM token: {text}")).with_source(source);
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            SourceError::Permanent(Error::new(Code::CredentialsNotFound, text).with_source(source))
        }
        CredentialsError::InvalidConfiguration(_) => {
            SourceError::Permanent(failed(Code::CredentialsFetchFailed))
        }
        CredentialsError::ProviderTimedOut(_) => SourceError::Transient(failed(Code::CredentialsTimeout)),
        _ => SourceError::Transient(failed(Code::CredentialsFetchFailed)),
    }
}

/// What is behind an error, innermost last; `None` where nothing is.
pub(crate) fn causes(error: &dyn std::error::Error) -> Option<String> {
    let mut text: Option<String> = None;
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        text = Some(match text {
            Some(text) if text.contains(&part) => text,
            Some(text) => format!("{text}: {part}"),
            None => part,
        });
        cause = error.source();
    }
    text
}
