//! The `oneof` of credentials, made into a source.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::authentication_info::Credentials;
use keyrotor_proto::{AuthenticationInfo, CallbackCredentials, ServerCredentials};

use super::missing;
use crate::callbacks::Callbacks;
use crate::error::{Error, Result};
use crate::manager::TokenRefreshConfig;
use crate::secret::Secret;
use crate::source::Source;
use crate::source::callback::Called;
use crate::source::fixed::Fixed;

/// How somebody logs in.
pub(crate) struct Login {
    pub(crate) source: Arc<dyn Source>,
    pub(crate) refresh: TokenRefreshConfig,
    /// The request's field for the interval, for errors about it.
    pub(crate) interval_field: &'static str,
    pub(crate) lease: Lease,
    /// Whether what is sent is a cloud token, which must not travel in the clear.
    pub(crate) is_token: bool,
    /// A password that can be changed.
    #[cfg_attr(not(feature = "client"), allow(dead_code, reason = "clients change it"))]
    pub(crate) password: Option<Fixed>,
}

/// How long the server honours a login.
#[cfg_attr(
    not(all(feature = "aws", feature = "azure")),
    allow(dead_code, reason = "each cloud has a kind of its own")
)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lease {
    /// For as long as the connection lasts.
    Forever,
    /// For this long after the last login: AWS's caches.
    For(Duration),
    /// To the end of the token that was sent: Azure's caches.
    WithToken,
}

/// Checks the credentials that stand at `path` and makes them a source. No I/O.
pub(crate) fn login(
    info: AuthenticationInfo,
    refresh: TokenRefreshConfig,
    callbacks: &Callbacks,
    path: &str,
) -> Result<Login> {
    match info.credentials.ok_or_else(|| no_credentials(path))? {
        Credentials::ServerCredentials(credentials) => password(credentials, refresh, path),
        #[cfg(feature = "aws")]
        Credentials::IamCredentials(credentials) => aws::iam(credentials, refresh, callbacks),
        #[cfg(feature = "aws")]
        Credentials::RdsCredentials(credentials) => aws::rds(credentials, refresh, callbacks),
        #[cfg(feature = "aws")]
        Credentials::DsqlCredentials(credentials) => aws::dsql(credentials, refresh, callbacks),
        #[cfg(not(feature = "aws"))]
        Credentials::IamCredentials(_) | Credentials::RdsCredentials(_) | Credentials::DsqlCredentials(_) => {
            Err(Error::config(
                keyrotor_proto::Code::ConfigUnsupported,
                path,
                "this build of keyrotor has no AWS tokens; build it with the feature `aws-chain`",
            ))
        }
        #[cfg(feature = "azure")]
        Credentials::EntraCredentials(credentials) => entra::entra(credentials, refresh),
        #[cfg(not(feature = "azure"))]
        Credentials::EntraCredentials(_) => Err(Error::config(
            keyrotor_proto::Code::ConfigUnsupported,
            format!("{path}.entra_credentials"),
            "this build of keyrotor has no Entra tokens; build it with the feature `azure`",
        )),
        Credentials::CallbackCredentials(credentials) => called(credentials, refresh, callbacks, path),
    }
}

pub(super) fn no_credentials(path: &str) -> Error {
    missing(
        path,
        "no credentials: set exactly one of server_credentials, iam_credentials, rds_credentials, dsql_credentials, \
         entra_credentials, callback_credentials",
    )
}

fn password(credentials: ServerCredentials, refresh: TokenRefreshConfig, path: &str) -> Result<Login> {
    if credentials.password.is_empty() {
        return Err(missing(format!("{path}.server_credentials.password"), "set the password of this user"));
    }
    let password = Fixed::new(credentials.username, Secret::new(credentials.password));
    Ok(Login {
        source: Arc::new(password.clone()),
        refresh,
        interval_field: "refresh",
        lease: Lease::Forever,
        is_token: false,
        password: Some(password),
    })
}

/// What a function of the host gives may be a token as well as a password, so it is guarded like a token.
fn called(
    credentials: CallbackCredentials,
    refresh: TokenRefreshConfig,
    callbacks: &Callbacks,
    path: &str,
) -> Result<Login> {
    let field = format!("{path}.callback_credentials.name");
    if credentials.name.is_empty() {
        return Err(missing(field, "set the name under which the function is handed over"));
    }
    let callback = callbacks.credentials(&credentials.name, &field)?;
    Ok(Login {
        source: Arc::new(Called::new(credentials.name, callback)),
        refresh,
        interval_field: "refresh",
        lease: Lease::Forever,
        is_token: true,
        password: None,
    })
}

#[cfg(feature = "aws")]
mod aws;
#[cfg(feature = "azure")]
mod entra;
