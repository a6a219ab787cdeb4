//! A password, which changes only when somebody says so.

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::clock::BoxFuture;
use crate::secret::Secret;
use crate::source::{Fetch, Fetched, Source, SourceError};

/// Hands out the same user and password until it is given another one. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Fixed {
    user: Arc<str>,
    password: Arc<ArcSwap<Secret>>,
}

impl Fixed {
    /// An empty user is the server's `default`.
    pub(crate) fn new(user: impl Into<Arc<str>>, password: Secret) -> Self {
        Self { user: user.into(), password: Arc::new(ArcSwap::from_pointee(password)) }
    }

    /// The next fetch gives this one.
    #[cfg(feature = "client")]
    pub(crate) fn change(&self, password: Secret) {
        self.password.store(Arc::new(password));
    }

    fn fetched(&self, fetch: &Fetch) -> Fetched {
        Fetched {
            user: Arc::clone(&self.user),
            secret: Secret::clone(&self.password.load()),
            issued_at: fetch.now,
            expires_at: None,
            ask_again_at: None,
        }
    }
}

/// It shares with nobody: the password of one manager may be changed, and fetching it costs nothing.
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
}
