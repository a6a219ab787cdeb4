//! AWS's default credential chain, link by link, so that an empty chain can say why each link had nothing.

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

use super::failure::{NONE_FOUND, causes};
use super::{http, region};
use crate::identity::Identity;

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

    /// The profile in use and the variables that choose among the links. Of files it is the paths that count, since
    /// each question reads them anew.
    pub(crate) fn identity(&self) -> Identity {
        Identity::of("chain")
            .and_maybe("profile", self.profile.as_deref())
            .and_maybe("region", self.region.as_deref())
            .and_secret("environment", surroundings())
    }

    async fn walk(&self) -> Result<Credentials, CredentialsError> {
        let mut refusals = Refusals::default();
        if self.profile.is_none() {
            let environment = EnvironmentVariableCredentialsProvider::new();
            if let Some(keys) = refusals.note("environment", environment.provide_credentials().await)? {
                return Ok(keys);
            }
        }
        let config = self.config(self.region().await);
        let mut profile = ProfileFileCredentialsProvider::builder().configure(&config);
        if let Some(name) = &self.profile {
            profile = profile.profile_name(name);
        }
        let profile = profile.build().provide_credentials().await;
        if let Some(keys) = refusals.note(&format!("profile `{}`", self.profile_name()), profile)? {
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

    /// The profile that is asked, as AWS's tools choose it.
    fn profile_name(&self) -> String {
        let chosen = self.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok());
        chosen.filter(|name| !name.is_empty()).unwrap_or_else(|| "default".to_owned())
    }

    /// Where STS is asked; without one it cannot be.
    async fn region(&self) -> Option<String> {
        if let Some(region) =
            self.region.clone().filter(|region| !region.is_empty()).or_else(region::from_environment)
        {
            return Some(region);
        }
        profile_region(self.profile.as_deref()).await
    }

    fn config(&self, region: Option<String>) -> ProviderConfig {
        ProviderConfig::default()
            .with_http_client(http::client())
            .with_region(region.map(aws_types::region::Region::new))
            .with_behavior_version(Some(BehaviorVersion::latest()))
    }
}

/// Every variable that any link of the chain looks at, as it is now.
fn surroundings() -> Vec<u8> {
    let mut variables: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| {
            let name = name.to_string_lossy();
            name.starts_with("AWS_") || name == "HOME" || name == "USERPROFILE"
        })
        .collect();
    variables.sort();
    let lines = variables
        .iter()
        .flat_map(|(name, value)| [name.as_encoded_bytes(), b"=", value.as_encoded_bytes(), b"\0"].concat());
    lines.collect()
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.walk())
    }
}

const ADVICE: &str = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a profile that has keys (run `aws sso login` for one of SSO), or give \
                      this machine a role";

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
                let reason = causes(&error).unwrap_or_else(|| "it has none".to_owned());
                self.0.push(format!("{link}: {reason}"));
                Ok(None)
            }
            Err(error) => {
                let reason = causes(&error).unwrap_or_else(|| error.to_string());
                self.0.push(format!("{link} failed: {reason}"));
                let text = format!("{}. {ADVICE}", self.0.join("; "));
                Err(match error {
                    CredentialsError::InvalidConfiguration(_) => {
                        CredentialsError::invalid_configuration(text)
                    }
                    _ => CredentialsError::provider_error(text),
                })
            }
        }
    }

    fn into_error(self) -> CredentialsError {
        CredentialsError::not_loaded(format!(
            "{NONE_FOUND}. Each link of the chain was asked: {}. {ADVICE}",
            self.0.join("; ")
        ))
    }
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
