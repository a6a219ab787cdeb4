//! Credentials from a place that keyrotor does not know: here a file of JSON that somebody rewrites, such as an agent of
//! a vault. `custom_source FILE`, with `{"user": "app", "password": "…", "lives_for_seconds": 3600}` in the file.
//!
//! The manager does the rest: it refreshes in time, shares one fetch among all who wait, tries again for ever, and never
//! hands out what has expired.
#![allow(clippy::print_stdout, reason = "a program")]

use std::path::PathBuf;
use std::time::Duration;

use keyrotor::{
    BoxFuture, Code, Error, Fetch, Fetched, Source, SourceError, TokenManager, TokenRefreshConfig,
};

/// A file that is read anew for each credential.
struct File(PathBuf);

impl File {
    async fn read(&self, fetch: &Fetch) -> Result<Fetched, SourceError> {
        // A file that is away for a moment may be back in the next one.
        let text = tokio::fs::read_to_string(&self.0).await.map_err(|error| self.transient(&error))?;
        let value: serde_json::Value = serde_json::from_str(&text).map_err(|_| self.malformed())?;
        let user = value.get("user").and_then(|user| user.as_str()).ok_or_else(|| self.malformed())?;
        let password =
            value.get("password").and_then(|text| text.as_str()).ok_or_else(|| self.malformed())?;
        let fetched = Fetched::new(user, password, fetch.now);
        Ok(match value.get("lives_for_seconds").and_then(|seconds| seconds.as_u64()) {
            Some(seconds) => fetched.expires_at(fetch.now + Duration::from_secs(seconds)),
            None => fetched,
        })
    }

    fn transient(&self, error: &std::io::Error) -> SourceError {
        let message = format!("{} cannot be read: {error}", self.0.display());
        SourceError::Transient(Error::new(Code::CredentialsFetchFailed, message))
    }

    /// Says nothing of what stands in the file: it may be a secret.
    fn malformed(&self) -> SourceError {
        let message = format!("{} does not hold a user and a password", self.0.display());
        SourceError::Permanent(Error::new(Code::CredentialsFetchFailed, message))
    }
}

impl Source for File {
    fn name(&self) -> &str {
        "file"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move { self.read(&fetch).await })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: custom_source FILE")?;
    let manager = TokenManager::new(File(file.into()), TokenRefreshConfig::default())?;
    let credential = manager.credential_async().await?;
    println!("{} logs in with {} characters", credential.user, credential.secret.expose().len());
    println!("{:?}", manager);
    Ok(())
}
