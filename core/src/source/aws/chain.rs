//! AWS's default credential chain, link by link, so that an empty chain can say why each link had nothing.

use std::sync::OnceLock;

use aws_config::BehaviorVersion;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::credentials::EnvironmentVariableCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::SharedHttpClient;

use super::keys::chained;

/// The links of aws-config's `DefaultCredentialsChain`, in its order: environment, profile, web identity,
/// container (ECS, EKS Pod Identity), IMDSv2. With a profile named, that profile alone.
///
/// Each question walks anew, with files and environment read again; [`KeyCache`](super::KeyCache) caches.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    profile: Option<String>,
    region: Option<String>,
}

impl Chain {
    pub(crate) fn new(profile: Option<String>, region: Option<String>) -> Self {
        Self { profile, region }
    }

    async fn walk(&self) -> Result<Credentials, CredentialsError> {
        let mut refusals = Refusals::default();
        if self.profile.is_none() {
            let environment = EnvironmentVariableCredentialsProvider::new();
            if let Some(keys) = refusals.note("environment", environment.provide_credentials().await)? {
                return Ok(keys);
            }
        }
        let config = self.config();
        let mut profile = ProfileFileCredentialsProvider::builder().configure(&config);
        if let Some(name) = &self.profile {
            profile = profile.profile_name(name);
        }
        if let Some(keys) = refusals.note("profile", profile.build().provide_credentials().await)? {
            return Ok(keys);
        }
        if self.profile.is_some() {
            return Err(refusals.into_error());
        }
        let web_identity = WebIdentityTokenCredentialsProvider::builder().configure(&config).build();
        if let Some(keys) = refusals.note("web identity", web_identity.provide_credentials().await)? {
            return Ok(keys);
        }
        let container = EcsCredentialsProvider::builder().configure(&config).build();
        if let Some(keys) = refusals.note("container", container.provide_credentials().await)? {
            return Ok(keys);
        }
        let imds = ImdsCredentialsProvider::builder().configure(&config).build();
        if let Some(keys) = refusals.note("IMDS", imds.provide_credentials().await)? {
            return Ok(keys);
        }
        Err(refusals.into_error())
    }

    fn config(&self) -> ProviderConfig {
        ProviderConfig::default()
            .with_http_client(http_client())
            .with_region(self.region.clone().map(aws_types::region::Region::new))
            .with_behavior_version(Some(BehaviorVersion::latest()))
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.walk())
    }
}

/// Why each link so far had no keys.
#[derive(Default)]
struct Refusals(Vec<String>);

impl Refusals {
    /// Only a link that has no keys lets the next one try; one that fails ends the walk, as in the SDK.
    fn note(
        &mut self,
        link: &str,
        answer: Result<Credentials, CredentialsError>,
    ) -> Result<Option<Credentials>, CredentialsError> {
        match answer {
            Ok(keys) => Ok(Some(keys)),
            Err(error @ CredentialsError::CredentialsNotLoaded(_)) => {
                self.0.push(format!("{link}: {}", chained(&error)));
                Ok(None)
            }
            Err(error) => {
                tracing::debug!(link, %error, "a link of the credential chain failed");
                Err(error)
            }
        }
    }

    fn into_error(self) -> CredentialsError {
        CredentialsError::not_loaded(format!(
            "No AWS credentials provider found. Each link of the chain was asked: {}. Set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, a profile, or give this machine a role",
            self.0.join("; ")
        ))
    }
}

/// One client for the whole process, made when the first link needs the network.
fn http_client() -> SharedHttpClient {
    static CLIENT: OnceLock<SharedHttpClient> = OnceLock::new();
    CLIENT
        .get_or_init(|| Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https())
        .clone()
}

/// The region of the profile in use, from AWS's shared files.
pub(super) async fn profile_region(profile: Option<&str>) -> Option<String> {
    use aws_config::meta::region::ProvideRegion;
    let mut provider = aws_config::profile::region::Builder::default().configure(&ProviderConfig::default());
    if let Some(profile) = profile {
        provider = provider.profile_name(profile);
    }
    provider.build().region().await.map(|region| region.as_ref().to_owned())
}
