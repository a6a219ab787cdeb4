//! Credentials from a function of the host.

use keyrotor_proto::Code;

use crate::callbacks::CredentialsCallback;
use crate::clock::BoxFuture;
use crate::error::Error;
use crate::identity::Identity;
use crate::source::{Fetch, Fetched, Source, SourceError};

/// Asks a function of the host. Whether its secrets end is the function's word; those without an end are asked for
/// again only when somebody wants a new one.
pub(crate) struct Called {
    name: String,
    callback: CredentialsCallback,
}

const SOURCE: &str = "callback";

impl Called {
    pub(crate) fn new(name: String, callback: CredentialsCallback) -> Self {
        Self { name, callback }
    }

    fn failed(&self, error: Error) -> Error {
        let told = format!("Failed to refresh IAM token: the callback `{}`: {}", self.name, error.message());
        error.told(told).with_source(SOURCE)
    }
}

impl Source for Called {
    fn name(&self) -> &str {
        SOURCE
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            let fetched =
                self.callback.call(fetch).await.map_err(|error| error.map(|error| self.failed(error)))?;
            if fetched.secret.is_empty() {
                let nothing = Error::new(Code::CredentialsFetchFailed, "it gave an empty secret");
                return Err(SourceError::Transient(self.failed(nothing)));
            }
            Ok(fetched)
        })
    }

    fn identity(&self) -> Option<Identity> {
        Some(Identity::of(SOURCE).and("name", &self.name).and("function", self.callback.identity()))
    }

    fn target(&self) -> &str {
        &self.name
    }
}
