//! Which endpoint a path belongs to.

use crate::entra::faults::EntraEndpoint;

/// The path of the App Service endpoint.
pub(super) const APP_SERVICE: &str = "/msi/token";
/// The path of the IMDS endpoint, below the address that stands for `169.254.169.254`.
pub(super) const IMDS: &str = "/metadata/identity/oauth2/token";
/// The path of the workload identities' issuer.
pub(super) const WORKLOAD: &str = "/workload";

/// `Route` is an endpoint, with the tenant where its path names one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token(String),
    Configuration(String),
    Keys,
    Instance,
    AppService,
    Imds,
    WorkloadConfiguration,
    WorkloadKeys,
    Unknown,
}

impl Route {
    /// Managed identities are served without TLS only, as on the platform.
    pub(super) fn of(path: &str, secure: bool) -> Self {
        // MSAL for Node ends the IMDS path with one.
        let path = path.strip_suffix('/').unwrap_or(path);
        match path {
            APP_SERVICE if !secure => return Self::AppService,
            IMDS if !secure => return Self::Imds,
            "/common/discovery/instance" => return Self::Instance,
            _ => {}
        }
        let parts: Vec<_> = path.split('/').skip(1).collect();
        match parts.as_slice() {
            ["workload", ".well-known", "openid-configuration"] => Self::WorkloadConfiguration,
            ["workload", "keys"] => Self::WorkloadKeys,
            [tenant, "oauth2", "v2.0", "token"] => Self::Token((*tenant).to_owned()),
            [tenant, "v2.0", ".well-known", "openid-configuration"] => {
                Self::Configuration((*tenant).to_owned())
            }
            [_, "discovery", "v2.0", "keys"] => Self::Keys,
            _ => Self::Unknown,
        }
    }

    /// The name in the record.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Token(_) => "token",
            Self::AppService => "app-service",
            Self::Imds => "imds",
            Self::Configuration(_) | Self::Keys | Self::Instance => "discovery",
            Self::WorkloadConfiguration | Self::WorkloadKeys => "workload",
            Self::Unknown => "unknown",
        }
    }

    /// Whose faults it meets, if any.
    pub(super) fn endpoint(&self) -> Option<EntraEndpoint> {
        match self {
            Self::Token(_) => Some(EntraEndpoint::Token),
            Self::AppService => Some(EntraEndpoint::AppService),
            Self::Imds => Some(EntraEndpoint::Imds),
            Self::Configuration(_) | Self::Keys | Self::Instance => Some(EntraEndpoint::Discovery),
            Self::WorkloadConfiguration | Self::WorkloadKeys | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_find_their_endpoint() {
        for (path, secure, route) in [
            ("/t/oauth2/v2.0/token", true, Route::Token("t".into())),
            ("/t/oauth2/v2.0/token", false, Route::Token("t".into())),
            ("/t/v2.0/.well-known/openid-configuration", true, Route::Configuration("t".into())),
            ("/common/discovery/v2.0/keys", true, Route::Keys),
            ("/common/discovery/instance", true, Route::Instance),
            (APP_SERVICE, false, Route::AppService),
            (APP_SERVICE, true, Route::Unknown),
            (IMDS, false, Route::Imds),
            ("/metadata/identity/oauth2/token/", false, Route::Imds),
            (IMDS, true, Route::Unknown),
            ("/workload/keys", true, Route::WorkloadKeys),
            ("/workload/.well-known/openid-configuration", true, Route::WorkloadConfiguration),
            ("/t/oauth2/token", true, Route::Unknown),
            ("", true, Route::Unknown),
        ] {
            assert_eq!(Route::of(path, secure), route, "{path}");
        }
    }
}
