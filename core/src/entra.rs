//! Microsoft Entra ID for Azure Managed Redis and Azure Cache for Redis, under the names that users of redis-rs know.
//!
//! Without the redis crate, [`manager`](EntraIdCredentialsProvider::manager) gives the tokens:
//!
//! ```
//! # include!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/guide.rs"));
//! # #[tokio::main]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if guide::has_run() { return Ok(()) }
//! let provider = keyrotor::entra::EntraIdCredentialsProvider::new_default()?;
//! let credential = provider.manager()?.credential_async().await?;
//! let (user, password) = (&credential.user, credential.secret.expose());
//! # let mut redis = redis::Client::open(std::env::var("REDIS_URL")?)?.get_multiplexed_async_connection().await?;
//! # redis::cmd("AUTH").arg(&**user).arg(password).exec_async(&mut redis).await?;
//! # Ok(()) }
//! ```
//!
//! Behind it is a [`TokenManager`], with all that it promises: it never stops refreshing, hands out no expired token,
//! and logs nobody in as `default`. The user name is the token's `oid`. Azure's caches speak TLS only, and close a
//! connection when the token that it logged in with ends. What the redis crate makes of new tokens
//! is told by the module `redis_rs` (feature `redis-provider`); keyrotor's own client takes the same credentials as
//! `entra_credentials` of a request.
//!
//! # Which one
//!
//! | | for |
//! |---|---|
//! | [`new_default`](EntraIdCredentialsProvider::new_default) | whatever the environment says, as Microsoft's own tools read it |
//! | [`new_system_assigned_managed_identity`](EntraIdCredentialsProvider::new_system_assigned_managed_identity), [`new_user_assigned_managed_identity`](EntraIdCredentialsProvider::new_user_assigned_managed_identity) | programs on Azure |
//! | [`new_client_certificate`](EntraIdCredentialsProvider::new_client_certificate), [`new_client_secret`](EntraIdCredentialsProvider::new_client_secret) | service principals elsewhere |
//!
//! Managed identities are cached by the platform: until it renews a token by itself, a refresh gives the same one again.
//! `status` of [`manager`](EntraIdCredentialsProvider::manager) has a warning then, and the platform is asked less.
#![cfg_attr(feature = "redis-provider", doc = include_str!("entra/guide.md"))]

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keyrotor_proto::authentication_info::Credentials;
use keyrotor_proto::entra_credentials::Method;
use keyrotor_proto::user_assigned_managed_identity::Identity;
use keyrotor_proto::{
    AuthenticationInfo, ClientCertificate, EntraCredentials, SystemAssignedManagedIdentity,
    TokenManagerRequest, UserAssignedManagedIdentity,
};

#[cfg(feature = "redis-provider")]
pub use crate::redis_rs::{AuthenticatedClient, WithCredentialsProvider};

use crate::callbacks::Callbacks;
use crate::config;
use crate::error::Result;
use crate::manager::TokenManager;
use crate::source::Source;
#[cfg(feature = "azure-identity")]
use crate::source::entra::{EntraSource, Flow, REDIS_SCOPE};

/// Keeps tokens of one Entra identity fresh.
///
/// Nothing runs and nothing is read before the first use, or [`start`](Self::start): only environment variables, by the
/// constructor. It may be used from any thread; dropping it, and every connection made with it, ends the refreshing.
pub struct EntraIdCredentialsProvider {
    source: Arc<dyn Source>,
    manager: OnceLock<Result<TokenManager>>,
}

impl std::fmt::Debug for EntraIdCredentialsProvider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("EntraIdCredentialsProvider")
            .field("source", &self.source.name())
            .finish_non_exhaustive()
    }
}

/// A certificate that the application has registered, and its RSA key, not encrypted. `Debug` shows neither.
#[derive(Clone)]
pub struct ClientCertificateConfig {
    /// `-----BEGIN CERTIFICATE-----`; of several the first one counts.
    pub certificate_pem: String,
    /// `-----BEGIN PRIVATE KEY-----`, or `RSA PRIVATE KEY`. Empty: it stands in `certificate_pem`.
    pub private_key_pem: String,
}

impl std::fmt::Debug for ClientCertificateConfig {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ClientCertificateConfig { *** }")
    }
}

/// When tokens are refreshed.
#[derive(Debug, Clone, PartialEq)]
pub struct TokenRefreshConfig {
    /// Share of a token's life after which it is refreshed: between 0 and 1, default 0.75. Never later than 3 minutes
    /// before its end, where its life allows.
    pub expiration_refresh_ratio: f64,
    /// How a failing source is asked again.
    pub retry_config: RetryConfig,
}

/// How a failing source is asked again. It never stops: after `max_attempts` whoever waits gets the error.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// Attempts that a waiting caller sits through. Default 3.
    pub max_attempts: u32,
    /// The first delay. Default 200 ms.
    pub initial_delay: Duration,
    /// The longest delay. Default 30 s.
    pub max_delay: Duration,
    /// What each delay grows by. Default 2.
    pub backoff_multiplier: f64,
    /// A delay varies by this share of it to both sides, 0 to 1: 0.1 is a tenth. Default 0.5.
    pub jitter_percentage: f64,
}

impl Default for TokenRefreshConfig {
    fn default() -> Self {
        let ratio = crate::TokenRefreshConfig::default().ratio;
        Self { expiration_refresh_ratio: ratio, retry_config: RetryConfig::default() }
    }
}

impl Default for RetryConfig {
    fn default() -> Self {
        let retry = crate::RetryConfig::default();
        Self {
            max_attempts: retry.max_attempts,
            initial_delay: retry.initial_delay,
            max_delay: retry.max_delay,
            backoff_multiplier: retry.backoff_multiplier,
            jitter_percentage: 0.5,
        }
    }
}

impl From<RetryConfig> for TokenRefreshConfig {
    fn from(retry_config: RetryConfig) -> Self {
        Self { retry_config, ..Self::default() }
    }
}

impl From<TokenRefreshConfig> for crate::TokenRefreshConfig {
    fn from(config: TokenRefreshConfig) -> Self {
        let retry = config.retry_config;
        Self {
            ratio: config.expiration_refresh_ratio,
            retry: crate::RetryConfig {
                max_attempts: retry.max_attempts,
                initial_delay: retry.initial_delay,
                max_delay: retry.max_delay,
                backoff_multiplier: retry.backoff_multiplier,
                jitter_percentage: Some(percent(retry.jitter_percentage)),
            },
            ..Self::default()
        }
    }
}

/// Of a share. One that is out of bounds stays so, and is refused with the rest of the policy.
fn percent(share: f64) -> u32 {
    if (0.0..=1.0).contains(&share) { (share * 100.0).round() as u32 } else { u32::MAX }
}

impl EntraIdCredentialsProvider {
    /// What the environment says: the first of `AZURE_CLIENT_SECRET`, `AZURE_CLIENT_CERTIFICATE_PATH` and
    /// `AZURE_FEDERATED_TOKEN_FILE` that is set, with `AZURE_TENANT_ID` and `AZURE_CLIENT_ID`; else a managed identity,
    /// that of `AZURE_CLIENT_ID` where it is set.
    ///
    /// # Errors
    /// [`Code::ConfigMissing`](crate::Code::ConfigMissing) where the environment says the half of it.
    pub fn new_default() -> Result<Self> {
        Self::new(EntraCredentials::default())
    }

    /// A service principal and its secret.
    ///
    /// # Errors
    /// A `config-*` error about what is empty or malformed.
    pub fn new_client_secret(
        tenant_id: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: impl Into<String>,
    ) -> Result<Self> {
        Self::of_application(tenant_id.into(), client_id.into(), Method::ClientSecret(client_secret.into()))
    }

    /// A service principal and its certificate.
    ///
    /// # Errors
    /// A `config-*` error about what is empty or malformed, or that key and certificate are not a pair.
    pub fn new_client_certificate(
        tenant_id: impl Into<String>,
        client_id: impl Into<String>,
        certificate: ClientCertificateConfig,
    ) -> Result<Self> {
        let ClientCertificateConfig { certificate_pem, private_key_pem } = certificate;
        let certificate = ClientCertificate { certificate_pem, private_key_pem };
        Self::of_application(tenant_id.into(), client_id.into(), Method::ClientCertificate(certificate))
    }

    /// The identity of the machine or application that this runs on.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`](crate::Code::ConfigInvalid) on a platform that is not known, such as Azure Arc.
    pub fn new_system_assigned_managed_identity() -> Result<Self> {
        let method = Method::SystemAssignedManagedIdentity(SystemAssignedManagedIdentity {});
        Self::new(EntraCredentials { method: Some(method), ..EntraCredentials::default() })
    }

    /// An identity that was assigned to it, by its client id.
    ///
    /// # Errors
    /// As [`new_system_assigned_managed_identity`](Self::new_system_assigned_managed_identity).
    pub fn new_user_assigned_managed_identity(client_id: impl Into<String>) -> Result<Self> {
        let identity = UserAssignedManagedIdentity { identity: Some(Identity::ClientId(client_id.into())) };
        let method = Method::UserAssignedManagedIdentity(identity);
        Self::new(EntraCredentials { method: Some(method), ..EntraCredentials::default() })
    }

    fn of_application(tenant_id: String, client_id: String, method: Method) -> Result<Self> {
        Self::new(EntraCredentials {
            tenant_id: Some(tenant_id),
            client_id: Some(client_id),
            method: Some(method),
            ..EntraCredentials::default()
        })
    }

    /// Any other [`EntraCredentials`]: workload identity from a file of your own, a user-assigned identity by object or
    /// resource id, another scope, user or login server.
    ///
    /// # Errors
    /// A `config-*` error with the path of the field that is wrong.
    pub fn new(credentials: EntraCredentials) -> Result<Self> {
        let credentials = Some(Credentials::EntraCredentials(credentials));
        let authentication_info = Some(AuthenticationInfo { credentials });
        let request = TokenManagerRequest { authentication_info, ..TokenManagerRequest::default() };
        let login = config::token_manager(request, &Callbacks::new())?;
        Ok(Self { source: login.source, manager: OnceLock::new() })
    }

    /// Whoever is logged in with the Azure CLI, else with the Azure Developer CLI. For a developer's machine.
    ///
    /// azure_identity, which asks them, keeps a token until 5 minutes before its end and knows no other refresh: the
    /// ratio has no effect, and `refresh()` gives the same token again, with a warning in `status`.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`](crate::Code::ConfigInvalid) where azure_identity refuses to be made.
    #[cfg(feature = "azure-identity")]
    pub fn new_developer_tools() -> Result<Self> {
        let tools = azure_identity::DeveloperToolsCredential::new(None)
            .map_err(|error| crate::Error::new(crate::Code::ConfigInvalid, error.to_string()))?;
        Ok(Self::new_with_credential(tools, REDIS_SCOPE))
    }

    /// Tokens of any `TokenCredential`, for this scope. Those of azure_identity keep a token until 5 minutes before its
    /// end, as [`new_developer_tools`](Self::new_developer_tools) says.
    #[cfg(feature = "azure-identity")]
    pub fn new_with_credential(
        credential: Arc<dyn azure_core::credentials::TokenCredential>,
        scope: impl Into<String>,
    ) -> Self {
        let source = EntraSource::new(Flow::Credential(credential), scope.into(), None);
        Self { source: Arc::new(source), manager: OnceLock::new() }
    }

    /// Begins with the first fetch. Whoever uses a provider that was not started starts it with the defaults; a second
    /// start changes nothing. A policy out of bounds becomes the error of each use, and is logged.
    pub fn start(&mut self, config: impl Into<TokenRefreshConfig>) {
        let config = config.into();
        let started = self.manager.get_or_init(|| self.make(config.into()));
        if let Err(error) = started.as_ref().map_err(Clone::clone).and_then(TokenManager::start) {
            tracing::error!("the Entra credentials provider does not start: {error}");
        }
    }

    /// The manager behind it: its token, status, events and more.
    ///
    /// # Errors
    /// [`Code::ConfigInvalid`](crate::Code::ConfigInvalid) for a policy out of bounds.
    pub fn manager(&self) -> Result<&TokenManager> {
        let made = self.manager.get_or_init(|| self.make(TokenRefreshConfig::default().into()));
        made.as_ref().map_err(Clone::clone)
    }

    fn make(&self, refresh: crate::TokenRefreshConfig) -> Result<TokenManager> {
        TokenManager::with_source(Arc::clone(&self.source), refresh, "refresh")
    }
}

#[cfg(feature = "redis-provider")]
impl redis::StreamingCredentialsProvider for EntraIdCredentialsProvider {
    fn subscribe(&self) -> crate::redis_rs::Credentials {
        match self.manager() {
            Ok(manager) => redis::StreamingCredentialsProvider::subscribe(manager),
            Err(error) => crate::redis_rs::no_credentials(error),
        }
    }
}

#[cfg(test)]
mod tests;
