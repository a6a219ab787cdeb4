//! From messages to what runs. Every default of a request lives in this folder, and in
//! [`TokenRefreshConfig`](crate::TokenRefreshConfig).

#[cfg(feature = "client")]
mod cluster;
#[cfg(feature = "client")]
mod connection;
mod credentials;
mod refresh;

#[cfg(feature = "client")]
pub(crate) use cluster::{ClusterSettings, Layout};
#[cfg(feature = "client")]
pub(crate) use connection::{Address, IdentityCheck, Retry, Settings, Subscriptions, Tls, connection};
#[cfg(feature = "client")]
pub(crate) use credentials::Lease;
pub(crate) use credentials::{Login, login};

use keyrotor_proto::{Code, Duration as ProtoDuration, TokenManagerRequest};

use crate::callbacks::Callbacks;
use crate::error::{Error, Result};

/// The login that a [`TokenManagerRequest`] asks for.
pub(crate) fn token_manager(request: TokenManagerRequest, callbacks: &Callbacks) -> Result<Login> {
    let path = "authentication_info";
    let info = request.authentication_info.ok_or_else(|| credentials::no_credentials(path))?;
    let refresh = refresh::refresh(request.refresh.unwrap_or_default(), request.lazy_refresh)?;
    login(info, refresh, callbacks, path)
}

pub(crate) fn missing(field: impl Into<String>, advice: &str) -> Error {
    Error::config(Code::ConfigMissing, field, advice)
}

pub(crate) fn invalid(field: impl Into<String>, message: impl std::fmt::Display) -> Error {
    Error::config(Code::ConfigInvalid, field, message)
}

pub(crate) fn conflict(field: impl Into<String>, message: &str) -> Error {
    Error::config(Code::ConfigConflict, field, message)
}

/// Known, and not part of this build.
#[cfg(all(feature = "aws", not(feature = "aws-chain")))]
pub(crate) fn unsupported_here(field: impl Into<String>, advice: &str) -> Error {
    Error::config(Code::ConfigUnsupported, field, advice)
}

pub(crate) fn unsupported(field: impl Into<String>) -> Error {
    Error::config(Code::ConfigUnsupported, field, "keyrotor does not support this yet; leave it out")
}

/// A duration that is not negative.
pub(crate) fn duration(value: ProtoDuration, field: &str) -> Result<std::time::Duration> {
    let parts = u64::try_from(value.seconds).ok().zip(u32::try_from(value.nanos).ok());
    match parts {
        Some((seconds, nanos)) if nanos < 1_000_000_000 => Ok(std::time::Duration::new(seconds, nanos)),
        _ => Err(invalid(field, "must not be negative")),
    }
}

#[cfg(test)]
mod tests;
