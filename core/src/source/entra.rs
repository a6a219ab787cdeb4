//! Tokens of Microsoft Entra ID: for Azure Managed Redis, Azure Cache for Redis, and whatever else takes them as a
//! password.
//!
//! Each flow is one HTTP call. Nothing is cached here, so a refresh really asks; where the platform itself gives the
//! same token again, `status` says so and it is asked more slowly.

mod answer;
mod application;
mod assertion;
mod claims;
#[cfg(feature = "azure-identity")]
mod credential;
mod endpoint;
mod environment;
mod managed;
mod repeats;

use std::sync::Arc;
use std::time::SystemTime;

pub(crate) use application::{Application, Proof};
pub(crate) use assertion::Certificate;
pub(crate) use endpoint::Endpoint;
pub(crate) use environment::Environment;
pub(crate) use managed::{Assigned, ManagedIdentity};

use answer::failed;
use keyrotor_proto::Code;
use repeats::Repeats;

use crate::clock::BoxFuture;
use crate::identity::Identity;
use crate::secret::Secret;
use crate::skew;
use crate::source::{Fetch, Fetched, Source, SourceError};

/// What Azure's caches want to see in a token: <https://learn.microsoft.com/azure/redis/entra-for-authentication>.
pub(crate) const REDIS_SCOPE: &str = "https://redis.azure.com/.default";

/// How a token is asked for.
#[derive(Debug)]
pub(crate) enum Flow {
    /// An application proves itself to the tenant's login server.
    Application(Application),
    /// The platform below this process vouches for it.
    Managed(ManagedIdentity),
    /// Somebody else's code.
    #[cfg(feature = "azure-identity")]
    Credential(Arc<dyn azure_core::credentials::TokenCredential>),
}

impl Flow {
    fn name(&self) -> &'static str {
        match self {
            Self::Application(application) => application.name(),
            Self::Managed(_) => managed::NAME,
            #[cfg(feature = "azure-identity")]
            Self::Credential(_) => credential::NAME,
        }
    }

    /// What tells this flow from others; `None` where only its author knows.
    fn part_of(&self, identity: Identity) -> Option<Identity> {
        match self {
            Self::Application(application) => Some(application.part_of(identity)),
            Self::Managed(managed) => Some(managed.part_of(identity)),
            #[cfg(feature = "azure-identity")]
            Self::Credential(_) => None,
        }
    }

    async fn ask(&self, scope: &str, now: SystemTime) -> Result<AccessToken, SourceError> {
        match self {
            Self::Application(application) => application.ask(scope, now).await,
            Self::Managed(identity) => identity.ask(scope, now).await,
            #[cfg(feature = "azure-identity")]
            Self::Credential(credential) => credential::ask(&**credential, scope).await,
        }
    }
}

/// A token and its end.
struct AccessToken {
    secret: Secret,
    expires_at: SystemTime,
}

/// Asks Entra for tokens of one identity and one scope.
#[derive(Debug)]
pub(crate) struct EntraSource {
    flow: Flow,
    scope: String,
    /// The name to log in with; unset: the token's `oid`.
    user: Option<Arc<str>>,
    repeats: Repeats,
}

impl EntraSource {
    pub(crate) fn new(flow: Flow, scope: String, user: Option<Arc<str>>) -> Self {
        Self { flow, scope, user, repeats: Repeats::default() }
    }

    async fn fetch_anew(&self, fetch: &Fetch) -> Result<Fetched, SourceError> {
        self.repeats.hold_off(fetch.now, self.name())?;
        let token = self.flow.ask(&self.scope, fetch.now).await?;
        let claims = claims::of(token.secret.expose());
        let user = self.user.clone().or(claims.object_id).ok_or_else(|| self.nobody())?;
        let issued_at = claims.issued_at.map_or(fetch.now, |at| at.min(fetch.now));
        let expires_at = Some(token.expires_at);
        let fetched = Fetched { user, secret: token.secret, issued_at, expires_at, ask_again_at: None };
        self.repeats.note(fetch, &fetched, token.expires_at);
        Ok(fetched)
    }

    /// The servers know users by object id; `default` would be somebody else.
    fn nobody(&self) -> SourceError {
        let text = "the token has no claim `oid`, so it does not say whom it logs in; set username";
        SourceError::Permanent(failed(Code::CredentialsFetchFailed, self.name(), text))
    }
}

impl Source for EntraSource {
    fn name(&self) -> &str {
        self.flow.name()
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move { self.fetch_anew(&fetch).await })
    }

    fn identity(&self) -> Option<Identity> {
        let identity = self.flow.part_of(Identity::of(self.name()))?;
        Some(identity.and("scope", &self.scope).and_maybe("user", self.user.as_ref()))
    }

    fn target(&self) -> &str {
        &self.scope
    }

    fn warnings(&self) -> Vec<String> {
        self.repeats.warning().into_iter().chain(skew::warning()).collect()
    }
}

#[cfg(test)]
mod tests;
