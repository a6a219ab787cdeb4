//! The endpoints, and the environments that lead SDKs to them.

use serde::{Deserialize, Serialize};

/// `Endpoint` hands out keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Endpoint {
    /// The instance metadata service, version 2.
    Imds,
    /// The container agent of ECS.
    Ecs,
    /// The EKS Pod Identity agent.
    PodIdentity,
    /// The Security Token Service.
    Sts,
    /// The access portal of IAM Identity Center, of which `AWS_ENDPOINT_URL_SSO` is the address.
    Sso,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Imds, Self::Ecs, Self::PodIdentity, Self::Sts, Self::Sso];

    /// The endpoint that answers this path, if there is one.
    pub(super) fn of(path: &str) -> Option<Self> {
        match path {
            "/" => Some(Self::Sts),
            "/federation/credentials" => Some(Self::Sso),
            "/v1/credentials" => Some(Self::PodIdentity),
            _ if path.starts_with("/v2/credentials") => Some(Self::Ecs),
            _ if path.starts_with("/latest/") => Some(Self::Imds),
            _ => None,
        }
    }
}

/// `Provider` is a way in which an SDK finds keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Provider {
    /// Instance metadata.
    Imds,
    /// A container of ECS. The agent's own address cannot be moved, so this is the documented full URI.
    Ecs,
    /// EKS Pod Identity, with its token file.
    PodIdentity,
    /// A role for the service account, with its token file.
    WebIdentity,
    /// STS over HTTP, beside keys from elsewhere.
    Sts,
    /// STS over HTTPS, beside keys from elsewhere.
    StsHttps,
}

impl Provider {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Imds, Self::Ecs, Self::PodIdentity, Self::WebIdentity, Self::Sts, Self::StsHttps];
}
