//! Microsoft Entra ID: a tenant that gives applications and managed identities tokens, for real proofs only.
//!
//! | endpoint | what it checks |
//! | --- | --- |
//! | `POST /{tenant}/oauth2/v2.0/token` | client credentials: a client secret; an assertion signed by a registered certificate's key (RS256 or PS256; `x5t` or `x5t#S256`; `aud` = this endpoint, `iss` = `sub` = the application, `exp`, `nbf`); a workload identity's assertion (RS256, issuer, subject, audience, time) |
//! | `GET /{tenant}/v2.0/.well-known/openid-configuration`, `/{tenant}/discovery/v2.0/keys`, `/common/discovery/instance` | what MSAL asks first |
//! | `GET /msi/token` | App Service: `X-IDENTITY-HEADER`, `api-version=2019-08-01`; no TLS |
//! | `GET /metadata/identity/oauth2/token` | IMDS: `Metadata: true`, `api-version`; no TLS |
//! | `GET /workload/.well-known/openid-configuration`, `/workload/keys` | the issuer of workload identities' assertions, in place of a Kubernetes cluster; a valid assertion is kept in a file |
//!
//! Refusals have Entra's form, with its `AADSTS` numbers. Tokens are signed (RS256) with keys that are part of this
//! program and protect nothing; like Entra's they are dated back by five minutes.
//!
//! # How software that is not ours is led here
//! - `AZURE_AUTHORITY_HOST` names the authority to azure-identity (with `disable_instance_discovery`). It insists on
//!   TLS: trust [`Cloud::ca_path`](crate::Cloud::ca_path) by `SSL_CERT_FILE`, `REQUESTS_CA_BUNDLE` or
//!   `NODE_EXTRA_CA_CERTS`.
//! - `IDENTITY_ENDPOINT` and `IDENTITY_HEADER` name the App Service endpoint, `AZURE_POD_IDENTITY_AUTHORITY_HOST` the
//!   one that stands for IMDS, whose address is fixed otherwise.
//! - What insists on `login.microsoftonline.com` (redis-entraid's service principals) is led here by
//!   [`Entra::proxy_address`] as its HTTPS proxy; the certificate holds for that name too.
//!
//! [`Entra::environments`] has all of these.
//!
//! # What differs from the cloud
//! - A certificate's own dates are not judged, and an assertion may be used again within its life (MSAL does so).
//! - Only the client credentials flow is played: no people, no refresh tokens.
//! - There is one tenant, and no consent: each application gets a token for each known resource.
//!
//! # Faults
//! In-process by [`Entra::faults`]; over the [control API](crate::control) as below. `endpoint` is `token`,
//! `app-service`, `imds` or `discovery`, and left out for all of them. `count` and `milliseconds` say when a fault ends by
//! itself.
//!
//! ```sh
//! curl -d '{"endpoint": "imds", "milliseconds": 500}' $C/entra/faults/slow    # answers come later
//! curl -d '{"status": 503, "count": 2}' $C/entra/faults/failing               # … with this status; 500 if left out
//! curl -d '{"retry_after": 3, "count": 1}' $C/entra/faults/throttling         # 429
//! curl -d '{"endpoint": "token"}' $C/entra/faults/gone                        # closed without an answer
//! curl -d '{"seconds": 5}' $C/entra/faults/life                               # tokens made from now on; null ends it
//! curl -d '{"seconds": 3600}' $C/entra/faults/lie                             # the end is stated so much later
//! curl -d '{"revoke": true}' $C/entra/faults/rotate-keys                      # the old key's tokens are refused
//! curl -X POST $C/entra/faults/rotate-token-files                             # a new assertion of the workload
//! curl -X POST $C/entra/faults/clear                                          # ends all of these
//! ```
//!
//! `GET /record` has a list `entra` of [`EntraRequest`].

mod assertion;
mod certificate;
mod config;
mod discovery;
mod faults;
mod issuer;
mod managed;
mod panel;
mod proxy;
mod record;
mod refusal;
mod reply;
pub(crate) mod resource;
mod route;
mod service;
mod token;
mod workload;

pub use config::{Application, EntraConfig, ManagedIdentity};
pub use faults::{EntraEndpoint, EntraFaults};
pub(crate) use issuer::Issuer;
pub use record::EntraRequest;

use crate::authority::{Leaf, SERVER_NAME};
use crate::control::Panel;
use crate::random::Random;
use crate::shared::{Shared, bind};
use crate::trouble::Conditions;
use crate::{Error, http};
use panel::EntraPanel;
use service::Service;
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// `Entra` plays one tenant. Dropping it closes its listeners and removes its files.
pub struct Entra {
    service: Arc<Service>,
    ca: PathBuf,
    http: SocketAddr,
    proxy: SocketAddr,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Entra {
    /// Starts among the other fronts of a run.
    pub(crate) async fn start_in(config: EntraConfig, shared: &Shared) -> Result<Self, Error> {
        let config = config.checked()?;
        let (https, address) = bind("entra", config.listen).await?;
        let (plain, http) = bind("entra", config.listen_http).await?;
        let (tunnels, proxy) = bind("entra", config.listen_proxy).await?;
        let names: Vec<_> = Leaf::default().names.iter().copied().chain(proxy::NAMES).collect();
        let leaf = Leaf { names: &names, ..Leaf::default() };
        let tls = TlsAcceptor::from(shared.authority.server(&leaf)?);
        let service = Arc::new(service(config, shared, address)?);
        let (stop, stopped) = watch::channel(false);
        let over_tls = http::serve(https, Some(tls), stopped.clone(), handler(&service, true));
        let in_clear = http::serve(plain, None, stopped.clone(), handler(&service, false));
        let renewing = Arc::clone(&service);
        let mut done = stopped.clone();
        let tasks = vec![
            tokio::spawn(over_tls),
            tokio::spawn(in_clear),
            tokio::spawn(proxy::serve(tunnels, address, stopped)),
            tokio::spawn(async move {
                tokio::select! {
                    () = renewing.workload.renew() => {}
                    _ = done.changed() => {}
                }
            }),
        ];
        Ok(Self { service, ca: shared.authority.ca().to_owned(), http, proxy, stop, tasks })
    }

    /// What judges its tokens.
    pub(crate) fn issuer(&self) -> Arc<Issuer> {
        Arc::clone(&self.service.issuer)
    }

    /// Its part of the control API.
    pub(crate) fn panel(&self) -> Arc<dyn Panel> {
        Arc::new(EntraPanel::new(Arc::clone(&self.service)))
    }

    /// The authority's address over TLS, `https://localhost:port`.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.service.authority
    }

    /// The tenant's id.
    #[must_use]
    pub fn tenant(&self) -> &str {
        self.service.issuer.tenant()
    }

    /// Where all endpoints are served without TLS, and the managed identities' only there.
    #[must_use]
    pub fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// The HTTP proxy that leads `login.microsoftonline.com` here.
    #[must_use]
    pub fn proxy_address(&self) -> SocketAddr {
        self.proxy
    }

    /// The file with the workload identity's assertion, if an application has a federated subject.
    #[must_use]
    pub fn assertion_path(&self) -> Option<&Path> {
        self.service.workload.file()
    }

    /// Environments that make SDKs use this front, by what they stand for: `service-principal`,
    /// `workload-identity`, `app-service`, `imds`, and `trust`, which the first two need too.
    ///
    /// An environment is there if the configuration has what it names. They hold secrets, made up as they are.
    #[must_use]
    pub fn environments(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, String>> {
        let ca = self.ca.display().to_string();
        let trust = ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"];
        let mut all = BTreeMap::from([("trust", trust.map(|name| (name, ca.clone())).into())]);
        let applications = &self.service.config.applications;
        let authority = |application: &Application| {
            BTreeMap::from([
                ("AZURE_AUTHORITY_HOST", self.authority().to_owned()),
                ("AZURE_TENANT_ID", self.tenant().to_owned()),
                ("AZURE_CLIENT_ID", application.client_id.clone()),
            ])
        };
        let secret = applications.iter().find_map(|app| Some((app, app.secrets.first()?)));
        if let Some((application, secret)) = secret {
            let mut environment = authority(application);
            environment.insert("AZURE_CLIENT_SECRET", secret.clone());
            all.insert("service-principal", environment);
        }
        let federated = applications.iter().find(|app| !app.federated_subjects.is_empty());
        if let Some((application, file)) = federated.zip(self.assertion_path()) {
            let mut environment = authority(application);
            environment.insert("AZURE_FEDERATED_TOKEN_FILE", file.display().to_string());
            all.insert("workload-identity", environment);
        }
        if !self.service.config.managed_identities.is_empty() {
            let http = format!("http://{}", self.http);
            let header = self.service.identity_header.clone();
            let endpoint = format!("{http}{}", route::APP_SERVICE);
            let app_service = [("IDENTITY_ENDPOINT", endpoint), ("IDENTITY_HEADER", header)];
            all.insert("app-service", app_service.into());
            all.insert("imds", [("AZURE_POD_IDENTITY_AUTHORITY_HOST", http)].into());
        }
        all
    }

    /// What was asked and given, the newest last; at most 10,000 requests.
    #[must_use]
    pub fn requests(&self) -> Vec<EntraRequest> {
        self.service.book.requests()
    }

    /// A handle to break things with.
    #[must_use]
    pub fn faults(&self) -> EntraFaults {
        EntraFaults::new(Arc::clone(&self.service))
    }

    /// Closes its listeners and all connections.
    pub(crate) async fn stop(mut self) {
        self.stop.send_replace(true);
        for task in self.tasks.drain(..) {
            // A task that panicked has ended too.
            let _ = task.await;
        }
    }
}

fn service(config: EntraConfig, shared: &Shared, address: SocketAddr) -> Result<Service, Error> {
    let authority = format!("https://{SERVER_NAME}:{}", address.port());
    let subject = config.applications.iter().find_map(|app| app.federated_subjects.first());
    let issuer = format!("{authority}{}", route::WORKLOAD);
    let workload = workload::WorkloadIssuer::new(issuer, shared.clock.clone(), subject)?;
    let random = Random::new()?;
    let identity_header = config.identity_header.clone().unwrap_or_else(|| random.hex(16));
    Ok(Service {
        issuer: Arc::new(Issuer::new(&config.tenant, config.token_version)?),
        config,
        clock: shared.clock.clone(),
        workload,
        identity_header,
        authority,
        cache: managed::Cache::default(),
        conditions: Conditions::default(),
        retry_after: AtomicU64::new(0),
        random,
        book: record::Book::default(),
    })
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Result<http::Answer, http::Gone>> + Send>>;

fn handler(service: &Arc<Service>, secure: bool) -> impl Fn(http::Call) -> Answering + Send + Sync + 'static {
    let service = Arc::clone(service);
    move |call| {
        let service = Arc::clone(&service);
        Box::pin(async move { service.answer(call, secure).await })
    }
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entra").field("authority", &self.service.authority).finish_non_exhaustive()
    }
}

impl Drop for Entra {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
