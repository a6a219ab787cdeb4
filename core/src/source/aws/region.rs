//! Which region a token is signed for. A wrong one is refused like any wrong password, so it is never guessed.

use keyrotor_proto::Code;

use crate::error::{Error, Result};
use crate::identity::Identity;

/// Where the region is taken from.
#[derive(Debug, Clone)]
pub(crate) enum Region {
    /// Said in the request.
    Explicit(String),
    /// `AWS_REGION`, `AWS_DEFAULT_REGION`, then the region of this profile, or of the one in use.
    FromSurroundings {
        /// The profile named in the request.
        profile: Option<String>,
        /// The request's field, for the error.
        field: &'static str,
    },
}

impl Region {
    /// The region, where the request says it.
    pub(crate) fn explicit(&self) -> Option<String> {
        match self {
            Self::Explicit(region) => Some(region.clone()),
            Self::FromSurroundings { .. } => None,
        }
    }

    /// Two that may come out differently are not the same. The surroundings are looked at when a token is first
    /// signed; what they are now tells those apart that were made before and after a change.
    pub(crate) fn part_of(&self, identity: Identity) -> Identity {
        match self {
            Self::Explicit(region) => identity.and("region", region),
            Self::FromSurroundings { profile, .. } => identity
                .and_maybe("region of the profile", profile.as_deref())
                .and_maybe("AWS_PROFILE", std::env::var("AWS_PROFILE").ok())
                .and_maybe("region around", from_environment()),
        }
    }

    pub(crate) async fn resolve(&self) -> Result<String> {
        let (profile, field) = match self {
            Self::Explicit(region) => return Ok(region.clone()),
            Self::FromSurroundings { profile, field } => (profile.as_deref(), *field),
        };
        if let Some(region) = from_environment() {
            return Ok(region);
        }
        from_profile(profile).await.ok_or_else(|| {
            Error::config(
                Code::ConfigMissing,
                field,
                "no region: set it here, in AWS_REGION or AWS_DEFAULT_REGION, or in the profile",
            )
        })
    }
}

pub(super) fn from_environment() -> Option<String> {
    ["AWS_REGION", "AWS_DEFAULT_REGION"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .map(|region| region.trim().to_owned())
        .find(|region| !region.is_empty())
}

#[cfg(feature = "aws-chain")]
async fn from_profile(profile: Option<&str>) -> Option<String> {
    super::chain::profile_region(profile).await
}

#[cfg(not(feature = "aws-chain"))]
#[expect(clippy::unused_async, reason = "the other form reads files")]
async fn from_profile(_profile: Option<&str>) -> Option<String> {
    None
}
