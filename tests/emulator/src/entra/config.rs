//! What the Entra front is told at its start.

use crate::Error;
use crate::config::{loopback, wire};
use crate::entra::certificate::Certificate;
use serde::Deserialize;
use std::collections::HashSet;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The shortest life that scaling may make of a token.
const SHORTEST_SCALED_LIFE: f64 = 5.0;
/// The shortest life that Entra gives an application's token.
const SHORTEST_LIFE: f64 = 3600.0;

/// `EntraConfig` says which tenant, applications and managed identities there are.
///
/// In a file: the section `entra` of a [`CloudConfig`](crate::CloudConfig), with the same names. At least one
/// application or managed identity must be given.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EntraConfig {
    /// Where the authority listens, with TLS. Default `127.0.0.1:0`, a free port.
    pub listen: SocketAddr,
    /// Where the same endpoints and the managed identities' are served without TLS; loopback only. Default
    /// `127.0.0.1:0`.
    pub listen_http: SocketAddr,
    /// Where an HTTP proxy listens that leads `login.microsoftonline.com` here, for clients that insist on that
    /// name; loopback only. Default `127.0.0.1:0`.
    pub listen_proxy: SocketAddr,
    /// The tenant's id. Default `11111111-2222-3333-4444-555555555555`.
    pub tenant: String,
    /// The applications that may ask for tokens.
    pub applications: Vec<Application>,
    /// The identities of the machine, for the endpoints of App Service and IMDS.
    pub managed_identities: Vec<ManagedIdentity>,
    /// What `X-IDENTITY-HEADER` must say at the App Service endpoint. Default: made up at each start.
    pub identity_header: Option<String>,
    /// Divides the lives of tokens. Default 1, at most 720.
    pub time_scale: f64,
    /// The life of each token in real time; wins over the scale. Default: 60 to 90 minutes at random, 24 hours for
    /// managed identities.
    #[serde(deserialize_with = "wire::seconds")]
    pub token_life: Option<Duration>,
    /// The form of access tokens: 1 or 2, which the resource chooses in the cloud. Default 1, as for Redis.
    pub token_version: u8,
    /// Managed identities get the same token again until a tenth of its life is left, as on the platform. Default
    /// yes.
    pub managed_identities_repeat: bool,
}

/// `Application` is an app registration with its service principal.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The application's id.
    pub client_id: String,
    /// The service principal's id: the `oid` of its tokens, and its user name in Redis.
    pub object_id: String,
    /// Client secrets.
    #[serde(default)]
    pub secrets: Vec<String>,
    /// Certificates in PEM, without their keys.
    #[serde(default)]
    pub certificates: Vec<String>,
    /// Subjects of the emulator's own issuer whose assertions count as this application's. The first one's
    /// assertion is kept in a file.
    #[serde(default)]
    pub federated_subjects: Vec<String>,
}

/// `ManagedIdentity` is an identity that the machine can use without a secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManagedIdentity {
    /// The identity's client id.
    pub client_id: String,
    /// The identity's object id: the `oid` of its tokens, and its user name in Redis.
    pub object_id: String,
    /// The Azure resource id of a user-assigned identity.
    #[serde(default)]
    pub resource_id: Option<String>,
    /// Whether it is the machine's own: the one for requests that name none.
    #[serde(default)]
    pub system_assigned: bool,
}

impl Default for EntraConfig {
    fn default() -> Self {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: free,
            listen_http: free,
            listen_proxy: free,
            tenant: "11111111-2222-3333-4444-555555555555".into(),
            applications: Vec::new(),
            managed_identities: Vec::new(),
            identity_header: None,
            time_scale: 1.0,
            token_life: None,
            token_version: 1,
            managed_identities_repeat: true,
        }
    }
}

impl EntraConfig {
    /// How long a token lives that would live `usual` in the cloud.
    pub(super) fn life(&self, usual: Duration) -> Duration {
        let scaled = (usual.as_secs_f64() / self.time_scale).max(SHORTEST_SCALED_LIFE);
        self.token_life.unwrap_or(Duration::try_from_secs_f64(scaled).unwrap_or(usual))
    }

    /// Checks what the types cannot.
    pub(super) fn checked(self) -> Result<Self, Error> {
        let wrong = |field, problem: &str| Err(Error::Config { field, problem: problem.to_owned() });
        if self.applications.is_empty() && self.managed_identities.is_empty() {
            return wrong("entra", "needs at least one of `applications` and `managed_identities`");
        }
        let of_applications = self.applications.iter().map(|app| (&app.client_id, &app.object_id));
        let of_identities =
            self.managed_identities.iter().map(|identity| (&identity.client_id, &identity.object_id));
        let ids: Vec<_> =
            of_applications.chain(of_identities).flat_map(|(client, object)| [client, object]).collect();
        if ids.iter().any(|id| id.is_empty()) || ids.iter().collect::<HashSet<_>>().len() != ids.len() {
            return wrong("entra", "needs `client_id` and `object_id` of each identity, each only once");
        }
        if self.tenant.is_empty() || self.tenant.contains(['/', '?', '#']) {
            return wrong("tenant", "must be the tenant's id");
        }
        if !matches!(self.token_version, 1 | 2) {
            return wrong("token_version", "must be 1 or 2");
        }
        let most = SHORTEST_LIFE / SHORTEST_SCALED_LIFE;
        if !(self.time_scale > 0.0 && self.time_scale <= most) {
            return wrong("time_scale", &format!("must be above 0 and at most {most}"));
        }
        loopback("listen_http", Some(self.listen_http))?;
        loopback("listen_proxy", Some(self.listen_proxy))?;
        for pem in self.applications.iter().flat_map(|app| &app.certificates) {
            Certificate::from_pem(pem).map_err(|problem| Error::Config { field: "certificates", problem })?;
        }
        Ok(self)
    }
}

impl fmt::Debug for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Application")
            .field("client_id", &self.client_id)
            .field("object_id", &self.object_id)
            .field("certificates", &self.certificates.len())
            .field("federated_subjects", &self.federated_subjects)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn valid() -> EntraConfig {
        let app = Application {
            client_id: "c".into(),
            object_id: "o".into(),
            secrets: vec!["hush".into()],
            ..Application::default()
        };
        EntraConfig { applications: vec![app], identity_header: None, ..EntraConfig::default() }
    }

    #[test]
    fn what_cannot_work_is_named() {
        type Change = fn(&mut EntraConfig);
        let changes: [(&str, Change); 8] = [
            ("entra", |config| config.applications.clear()),
            ("entra", |config| config.applications[0].object_id.clear()),
            ("entra", |config| config.applications[0].object_id = "c".into()),
            ("tenant", |config| config.tenant.clear()),
            ("token_version", |config| config.token_version = 3),
            ("time_scale", |config| config.time_scale = 721.0),
            ("listen_http", |config| config.listen_http = ([0, 0, 0, 0], 0).into()),
            ("certificates", |config| config.applications[0].certificates.push("x".into())),
        ];
        for (name, change) in changes {
            let mut config = valid();
            change(&mut config);
            match config.checked() {
                Err(Error::Config { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn secrets_do_not_show() {
        let shown = format!("{:?}", valid().checked().expect("a valid config"));
        assert!(shown.contains("client_id") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn lives_are_scaled_but_never_too_short() {
        let hour = Duration::from_secs(3600);
        let scaled = EntraConfig { time_scale: 60.0, ..valid() };
        assert_eq!(scaled.life(hour), Duration::from_secs(60));
        assert_eq!(scaled.life(Duration::from_secs(60)), Duration::from_secs(5));
        let set = EntraConfig { token_life: Some(Duration::from_secs(3)), ..scaled };
        assert_eq!(set.life(hour), Duration::from_secs(3));
    }
}
