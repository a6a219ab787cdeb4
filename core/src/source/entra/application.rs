//! An application of a tenant: client secret, client certificate, or the token of another identity provider.
//! <https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow>

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use keyrotor_proto::Code;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::AccessToken;
use super::answer::{Exchange, Server, failed};
use super::assertion::{Certificate, CertificateError};
use super::endpoint::Endpoint;
use crate::http::{Question, ask};
use crate::identity::Identity;
use crate::secret::Secret;
use crate::source::SourceError;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// How an application proves that it is one.
#[derive(Debug)]
pub(crate) enum Proof {
    /// A secret that the tenant knows too.
    Secret(Secret),
    /// A key whose certificate the tenant knows.
    Certificate(Certificate),
    /// The same, in a file of PEM that is read each time.
    CertificateFile(PathBuf),
    /// A token of another identity provider, such as Kubernetes, in a file that is read each time: it rotates.
    FederatedTokenFile(PathBuf),
}

/// An application and the login server of its tenant.
#[derive(Debug)]
pub(crate) struct Application {
    pub(crate) login_server: Endpoint,
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) proof: Proof,
}

impl Application {
    pub(super) fn name(&self) -> &'static str {
        match self.proof {
            Proof::Secret(_) => "entra-client-secret",
            Proof::Certificate(_) | Proof::CertificateFile(_) => "entra-client-certificate",
            Proof::FederatedTokenFile(_) => "entra-workload-identity",
        }
    }

    pub(super) fn part_of(&self, identity: Identity) -> Identity {
        let identity = identity
            .and("login server", self.login_server.address())
            .and("tenant", &self.tenant_id)
            .and("client", &self.client_id);
        match &self.proof {
            Proof::Secret(secret) => identity.and_secret("secret", secret.expose()),
            Proof::Certificate(certificate) => identity.and("certificate", certificate.thumbprint()),
            Proof::CertificateFile(path) | Proof::FederatedTokenFile(path) => {
                identity.and("file", path.display())
            }
        }
    }

    pub(super) async fn ask(&self, scope: &str, now: SystemTime) -> Result<AccessToken, SourceError> {
        let endpoint = format!("{}/{}/oauth2/v2.0/token", self.login_server.address(), self.tenant_id);
        let (name, proof) = self.prove(&endpoint, now).await?;
        let mut form = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.client_id.as_str()),
            ("scope", scope),
            (name, proof.expose()),
        ];
        if name == "client_assertion" {
            form.push(("client_assertion_type", ASSERTION_TYPE));
        }
        let question = Question {
            whom: self.login_server.whom(),
            method: "POST",
            uri: &endpoint,
            headers: &[("content-type", "application/x-www-form-urlencoded"), ("accept", "application/json")],
            body: encoded(&form),
        };
        let exchange = Exchange {
            source: self.name(),
            server: Server::Login,
            asked: format!(
                "{} (tenant {}, client {})",
                self.login_server.address(),
                self.tenant_id,
                self.client_id
            ),
            secrets: &[proof.expose()],
        };
        let answer = ask(question).await.map_err(|silence| exchange.unreachable(&silence))?;
        exchange.token(&answer, now)
    }

    /// The field of the form that proves it, and its value.
    async fn prove(&self, endpoint: &str, now: SystemTime) -> Result<(&'static str, Secret), SourceError> {
        let asserted = |certificate: &Certificate| certificate.assertion(&self.client_id, endpoint, now);
        match &self.proof {
            Proof::Secret(secret) => Ok(("client_secret", secret.clone())),
            Proof::Certificate(certificate) => {
                let assertion = asserted(certificate).map_err(|error| self.no_certificate(None, error))?;
                Ok(("client_assertion", assertion))
            }
            Proof::CertificateFile(path) => {
                let pem = self.read(path).await?;
                let assertion = Certificate::from_pem(pem.expose(), pem.expose())
                    .and_then(|certificate| asserted(&certificate))
                    .map_err(|error| self.no_certificate(Some(path), error))?;
                Ok(("client_assertion", assertion))
            }
            Proof::FederatedTokenFile(path) => {
                let token = self.read(path).await?;
                Ok(("client_assertion", Secret::new(token.expose().trim())))
            }
        }
    }

    async fn read(&self, path: &Path) -> Result<Secret, SourceError> {
        let text = tokio::fs::read_to_string(path).await.map(Secret::new);
        match text {
            Ok(text) if !text.expose().trim().is_empty() => Ok(text),
            // It is written anew while it rotates.
            Ok(_) => Err(self.unreadable(path, "it is empty")),
            Err(error) => Err(self.unreadable(path, error)),
        }
    }

    fn unreadable(&self, path: &Path, why: impl std::fmt::Display) -> SourceError {
        let text = format!("the file {} cannot be read: {why}", path.display());
        SourceError::Transient(failed(Code::CredentialsFetchFailed, self.name(), text))
    }

    fn no_certificate(&self, path: Option<&Path>, error: CertificateError) -> SourceError {
        let place = path.map_or_else(|| "client_certificate".to_owned(), |path| path.display().to_string());
        let error = failed(Code::CredentialsFetchFailed, self.name(), format!("{place} {error}"));
        SourceError::Permanent(error)
    }
}

fn encoded(form: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = form
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
        .collect();
    pairs.join("&")
}
