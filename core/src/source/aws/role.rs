//! A role that is assumed before anything is signed.

use aws_config::BehaviorVersion;
use aws_config::sts::AssumeRoleProvider;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};

use super::http;
use super::region::Region;
use crate::identity::Identity;

/// As CloudTrail shows who assumed the role.
const SESSION_NAME: &str = "keyrotor";

/// What a request says of the role.
#[derive(Debug, Clone)]
pub(crate) struct Role {
    pub(crate) arn: String,
    pub(crate) external_id: Option<String>,
    /// Of STS. Unset: the region's own, or what the surroundings say.
    pub(crate) endpoint: Option<String>,
}

impl Role {
    pub(crate) fn identity(&self, base: &Identity) -> Identity {
        Identity::of("role")
            .and("arn", &self.arn)
            .and_maybe("external_id", self.external_id.as_deref())
            .and_maybe("endpoint", self.endpoint.as_deref())
            .and_that_of("base", base)
    }
}

/// Asks STS, signing with other keys.
#[derive(Debug)]
pub(crate) struct Assumed {
    pub(crate) role: Role,
    pub(crate) region: Region,
    pub(crate) base: SharedCredentialsProvider,
}

impl Assumed {
    async fn assume(&self) -> Result<Credentials, CredentialsError> {
        // Asked here, so that a failure is told as what it is and not as one of STS.
        let base = self.base.provide_credentials().await?;
        let region = self.region.resolve().await.map_err(CredentialsError::invalid_configuration)?;
        let region = aws_types::region::Region::new(region);
        let timeouts =
            aws_config::timeout::TimeoutConfig::builder().connect_timeout(http::CONNECT_TIMEOUT).build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(http::client())
            .timeout_config(timeouts)
            .credentials_provider(base);
        if let Some(endpoint) = &self.role.endpoint {
            // A stand-in has no FIPS twin, and the SDK refuses to guess one.
            loader = loader.endpoint_url(endpoint).use_fips(false);
        }
        let mut role = AssumeRoleProvider::builder(&self.role.arn).session_name(SESSION_NAME).region(region);
        if let Some(id) = &self.role.external_id {
            role = role.external_id(id);
        }
        let provider = role.configure(&loader.load().await).build().await;
        provider.provide_credentials().await
    }
}

impl ProvideCredentials for Assumed {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.assume())
    }
}
