//! AWS's credential endpoints: instance metadata (IMDSv2), ECS, EKS Pod Identity, STS and the SSO portal.
//!
//! They hand out temporary keys that all fronts of the run know, so that a token signed with such a key is judged for
//! real: it is refused when the key has expired or was taken away. AWS's SDKs find them by the variables of
//! [`Credentials::environment`].
//!
//! - **IMDSv2**: the token is wanted and expires. Version 1 is not played; there is no hop limit.
//! - **ECS**: SDKs go to a fixed address for `AWS_CONTAINER_CREDENTIALS_RELATIVE_URI`, which cannot be moved; the full
//!   URI, its documented form for everything else, leads here to the same path.
//! - **EKS Pod Identity**: the agent takes the newest token of the file only, so a client that does not read the file
//!   again is refused once it was rewritten.
//! - **STS**: `AssumeRole`, `AssumeRoleWithWebIdentity` and `GetCallerIdentity` over HTTP, and over HTTPS with a
//!   certificate of the run's authority. The caller's signature is verified. Every known key may assume every
//!   configured role; a role may want an external id. Policies, tags and MFA are not looked at.
//!
//! - **SSO**: `GetRoleCredentials` of the access portal, for whoever brings the configured access token, with every
//!   configured role of the account. Its address belongs into `AWS_ENDPOINT_URL_SSO`; the token, into the cache that
//!   `aws sso login` would have written.
//!
//! The machine's endpoints give the same key until three quarters of its life are over.
//!
//! # Faults
//! In-process by [`Credentials::faults`]; over the [control API](crate::control) as below. `endpoint` is `imds`,
//! `ecs`, `pod-identity`, `sts` or `sso`, and left out for all of them. `count` and `milliseconds` say when a fault ends by
//! itself; `count` counts requests, of which IMDS needs three for a key.
//!
//! ```sh
//! curl -d '{"milliseconds": 500}' $C/credentials/faults/slow                   # answers come later
//! curl -d '{"endpoint": "imds", "status": 503}' $C/credentials/faults/failing  # … with this status; 500 if left out
//! curl -d '{"endpoint": "sts", "count": 2}' $C/credentials/faults/throttling   # Throttling from STS, 429 elsewhere
//! curl -d '{"milliseconds": 2000}' $C/credentials/faults/gone                  # closed without an answer
//! curl -d '{"seconds": 5}' $C/credentials/faults/life                          # keys made from now on; null ends it
//! curl -d '{"seconds": 600}' $C/credentials/faults/lie                         # Expiration is stated so much later
//! curl -d '{"endpoint": "ecs"}' $C/credentials/faults/rotate-keys              # old keys count no longer
//! curl -X POST $C/credentials/faults/rotate-token-files                        # new tokens of the service account
//! curl -X POST $C/credentials/faults/clear                                     # ends all of these
//! ```
//!
//! `GET /record` has a list `credentials` of [`Asked`].

mod config;
mod container;
mod desk;
mod endpoint;
mod faults;
mod imds;
mod issuer;
mod oidc;
mod panel;
mod projected;
mod record;
mod sso;
mod sts;

pub use crate::trouble::Limit;
pub use config::{Config, Role};
pub use endpoint::{Endpoint, Provider};
pub use faults::Faults;
pub use record::{Asked, Verdict};

use crate::authority::{Leaf, SERVER_NAME};
use crate::control::Panel;
use crate::shared::{Shared, bind};
use crate::{Error, http};
use desk::Desk;
use panel::CredentialsPanel;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// `Credentials` plays the endpoints, on the runtime that started it. Dropping it closes them and removes their files.
pub struct Credentials {
    desk: Arc<Desk>,
    address: SocketAddr,
    https: SocketAddr,
    ca: PathBuf,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
    /// Rewrites the token files.
    keeper: JoinHandle<()>,
}

impl Credentials {
    /// Starts among the other fronts of a run.
    pub(crate) async fn start(config: Config, shared: Shared) -> Result<Self, Error> {
        let config = config.checked()?;
        let (plain, address) = bind("credentials", config.listen).await?;
        let (secure, https) = bind("credentials over HTTPS", config.listen_https).await?;
        let tls = TlsAcceptor::from(shared.authority.server(&Leaf::default())?);
        let ca = shared.authority.ca().to_owned();
        let desk = Arc::new(Desk::new(config, shared)?);
        let (stop, stopped) = watch::channel(false);
        let kept = Arc::clone(&desk);
        let tasks = vec![
            tokio::spawn(serve(Arc::clone(&desk), plain, None, stopped.clone())),
            tokio::spawn(serve(Arc::clone(&desk), secure, Some(tls), stopped)),
        ];
        let keeper = tokio::spawn(async move { kept.projected.keep().await });
        Ok(Self { desk, address, https, ca, stop, tasks, keeper })
    }

    /// Its part of the control API.
    pub(crate) fn panel(&self) -> Arc<dyn Panel> {
        Arc::new(CredentialsPanel::new(Arc::clone(&self.desk)))
    }

    /// Where all endpoints listen for HTTP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where STS listens for HTTPS, with a certificate for `localhost` and the loopback addresses.
    #[must_use]
    pub fn https_address(&self) -> SocketAddr {
        self.https
    }

    /// The ARNs of the roles. The first is that of the instance, the container and the pod.
    #[must_use]
    pub fn roles(&self) -> Vec<String> {
        let config = &self.desk.config;
        config.roles.iter().map(|role| config.role_arn(&role.name)).collect()
    }

    /// The private key, in PEM, of the identity provider that signs the service account's tokens (ES256), so that
    /// others can sign what STS must refuse. The file lives as long as this.
    #[must_use]
    pub fn oidc_key_path(&self) -> PathBuf {
        self.desk.projected.oidc_key()
    }

    /// The variables by which AWS's SDKs find keys here in this way and in no other, provided that no keys and profiles
    /// of their own come before it. Those of STS stand beside others.
    #[must_use]
    pub fn environment(&self, provider: Provider) -> BTreeMap<&'static str, String> {
        let region = &self.desk.config.region;
        let mut variables =
            BTreeMap::from([("AWS_REGION", region.clone()), ("AWS_DEFAULT_REGION", region.clone())]);
        let path = |path: PathBuf| path.display().to_string();
        let projected = &self.desk.projected;
        let sts = ("AWS_ENDPOINT_URL_STS", self.url(""));
        match provider {
            Provider::Imds => variables.extend([("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.url("/"))]),
            Provider::Ecs => {
                variables.extend([("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.url(&container::ecs_path()))])
            }
            Provider::PodIdentity => variables.extend([
                ("AWS_CONTAINER_CREDENTIALS_FULL_URI", self.url("/v1/credentials")),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", path(projected.pod_file())),
            ]),
            Provider::WebIdentity => variables.extend([
                sts,
                ("AWS_ROLE_ARN", self.desk.config.role_arn(self.desk.config.machine_role())),
                ("AWS_ROLE_SESSION_NAME", "app".to_owned()),
                ("AWS_WEB_IDENTITY_TOKEN_FILE", path(projected.web_file())),
            ]),
            Provider::Sts => variables.extend([sts]),
            Provider::StsHttps => {
                let url = format!("https://{SERVER_NAME}:{}", self.https.port());
                let ca = path(self.ca.clone());
                variables.extend([
                    ("AWS_CA_BUNDLE", ca.clone()),
                    ("AWS_ENDPOINT_URL_STS", url),
                    ("NODE_EXTRA_CA_CERTS", ca.clone()),
                    ("SSL_CERT_FILE", ca),
                ]);
            }
        }
        if matches!(provider, Provider::Ecs | Provider::PodIdentity | Provider::WebIdentity) {
            variables.insert("AWS_EC2_METADATA_DISABLED", "true".to_owned());
        }
        variables
    }

    /// The variables of all ways.
    #[must_use]
    pub fn environments(&self) -> BTreeMap<Provider, BTreeMap<&'static str, String>> {
        Provider::ALL.into_iter().map(|way| (way, self.environment(way))).collect()
    }

    /// What was asked so far, the newest 10,000 requests.
    #[must_use]
    pub fn record(&self) -> Vec<Asked> {
        self.desk.log.all()
    }

    /// A handle to break things with.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.desk))
    }

    /// Closes all connections and listeners.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        self.keeper.abort();
        for task in self.tasks.drain(..) {
            // A task that panicked has ended too.
            let _ = task.await;
        }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn serve(
    desk: Arc<Desk>,
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    stop: watch::Receiver<bool>,
) {
    let answer = move |call| {
        let desk = Arc::clone(&desk);
        async move { desk.answer(&call).await }
    };
    http::serve(listener, tls, stop, answer).await;
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        self.tasks.iter().chain([&self.keeper]).for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests;
