//! A password that never changes.

use std::sync::Arc;

use crate::clock::BoxFuture;
use crate::identity::Identity;
use crate::secret::Secret;
use crate::source::{Fetch, Fetched, Source, SourceError};

/// Hands out the same user and password for ever.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    user: Arc<str>,
    password: Secret,
}

impl Fixed {
    /// An empty user is the server's `default`.
    pub(crate) fn new(user: impl Into<Arc<str>>, password: Secret) -> Self {
        Self { user: user.into(), password }
    }
}

impl Source for Fixed {
    fn name(&self) -> &str {
        "password"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        let fetched = self.fetched(&fetch);
        Box::pin(async move { Ok(fetched) })
    }

    fn fetch_now(&self, fetch: &Fetch) -> Option<Result<Fetched, SourceError>> {
        Some(Ok(self.fetched(fetch)))
    }

    fn identity(&self) -> Option<Identity> {
        let password = self.password.expose();
        Some(Identity::of("password").and("user", &self.user).and_secret("password", password))
    }
}

impl Fixed {
    fn fetched(&self, fetch: &Fetch) -> Fetched {
        Fetched {
            user: Arc::clone(&self.user),
            secret: self.password.clone(),
            issued_at: fetch.now,
            expires_at: None,
            ask_again_at: None,
        }
    }
}
