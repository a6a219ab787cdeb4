//! The issuer of workload identities' assertions, as a Kubernetes cluster is one, and the file that it keeps.

use crate::Error;
use crate::clock::{self, Clock};
use crate::entra::assertion::FEDERATED_AUDIENCE;
use crate::jwt::{SigningKey, seconds};
use crate::random::Random;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;

/// How long an assertion lives, as in Kubernetes.
const LIFE: Duration = Duration::from_secs(3600);
/// The file is written again at 80 % of that life.
const RENEWED_AFTER: Duration = Duration::from_secs(2880);

/// `WorkloadIssuer` signs assertions for the subjects that applications trust.
pub(super) struct WorkloadIssuer {
    key: SigningKey,
    name: String,
    clock: Clock,
    random: Random,
    /// The subject whose assertion is kept in the file.
    subject: Option<String>,
    file: PathBuf,
    _folder: TempDir,
}

impl WorkloadIssuer {
    /// Makes the issuer of this name, and the file with the subject's assertion.
    pub(super) fn new(name: String, clock: Clock, subject: Option<&String>) -> Result<Self, Error> {
        let key = SigningKey::from_pem(include_str!("keys/workload.pem")).map_err(Error::Certificates)?;
        let folder = tempfile::Builder::new().prefix("keyrotor-").tempdir();
        let folder = folder.map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let file = folder.path().join("assertion.jwt");
        let issuer = Self {
            key,
            name,
            clock,
            random: Random::new()?,
            subject: subject.cloned(),
            file,
            _folder: folder,
        };
        issuer.rotate()?;
        Ok(issuer)
    }

    /// What its assertions' `iss` says.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The key that signs them.
    pub(super) fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The file with a valid assertion, if there is a subject for one.
    pub(super) fn file(&self) -> Option<&Path> {
        self.subject.is_some().then_some(self.file.as_path())
    }

    /// Its keys, as JSON Web Keys.
    pub(super) fn public_keys(&self) -> Value {
        json!({ "keys": [self.key.public()] })
    }

    /// What its discovery page says.
    pub(super) fn configuration(&self) -> Value {
        json!({
            "issuer": self.name, "jwks_uri": format!("{}/keys", self.name),
            "response_types_supported": ["id_token"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        })
    }

    /// Puts a new assertion into the file, all at once: a reader never sees half of it.
    pub(super) fn rotate(&self) -> Result<(), Error> {
        let Some(subject) = &self.subject else { return Ok(()) };
        let now = self.clock.now();
        let claims = json!({
            "iss": self.name, "sub": subject, "aud": [FEDERATED_AUDIENCE], "iat": seconds(now),
            "nbf": seconds(now), "exp": seconds(now + LIFE), "jti": self.random.uuid(),
        });
        let text = self.key.sign(&claims).map_err(|error| Error::Certificates(error.to_string()))?;
        let failed = |source| Error::File { path: self.file.clone(), source };
        let new = self.file.with_extension("new");
        fs::write(&new, text).and_then(|()| fs::rename(&new, &self.file)).map_err(failed)
    }

    /// Keeps the file fresh for as long as it is polled.
    pub(super) async fn renew(&self) {
        loop {
            clock::wait(RENEWED_AFTER).await;
            if let Err(error) = self.rotate() {
                tracing::warn!(%error, "the assertion was not renewed");
            }
        }
    }
}
