//! The files that a pod finds: tokens of its service account, rewritten before they end.

use super::oidc::Oidc;
use crate::clock::Clock;
use crate::random::Random;
use crate::sigv4::same;
use crate::{Error, clock};
use serde_json::{Value, json};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tempfile::TempDir;

/// What STS wants as the audience.
pub(super) const STS_AUDIENCE: &str = "sts.amazonaws.com";
const POD_AUDIENCE: &str = "pods.eks.amazonaws.com";
const SUBJECT: &str = "system:serviceaccount:default:app";

/// `Projected` keeps the files in a private folder, removed on drop.
pub(super) struct Projected {
    folder: TempDir,
    clock: Clock,
    random: Arc<Random>,
    life: Duration,
    pub(super) oidc: Oidc,
    /// The provider's name in the tokens.
    pub(super) issuer: String,
    pod: Mutex<PodToken>,
}

#[derive(Default)]
struct PodToken {
    text: String,
    expires: u64,
}

/// Why the Pod Identity agent takes no notice of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PodRefusal {
    Missing,
    Invalid,
    Expired,
}

impl Projected {
    pub(super) fn new(
        region: &str,
        life: Duration,
        clock: Clock,
        random: Arc<Random>,
    ) -> Result<Self, Error> {
        let folder = tempfile::Builder::new()
            .prefix("keyrotor-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let (oidc, pem) = Oidc::new(&random)?;
        let issuer = format!("https://oidc.eks.{region}.amazonaws.com/id/EXAMPLE{}", random.letters(25));
        let projected = Self { folder, clock, random, life, oidc, issuer, pod: Mutex::default() };
        projected.write(&projected.oidc_key(), &pem)?;
        projected.rotate()?;
        Ok(projected)
    }

    /// The provider's private key, so that others can sign what it should refuse.
    pub(super) fn oidc_key(&self) -> PathBuf {
        self.folder.path().join("oidc-key.pem")
    }

    /// The token for the Pod Identity agent.
    pub(super) fn pod_file(&self) -> PathBuf {
        self.folder.path().join("eks-pod-identity-token")
    }

    /// The token for STS.
    pub(super) fn web_file(&self) -> PathBuf {
        self.folder.path().join("web-identity-token")
    }

    /// Writes new tokens. The agent takes only the newest, STS any that has not expired.
    pub(super) fn rotate(&self) -> Result<(), Error> {
        let expires = epoch(self.clock.now() + self.life);
        let (web, pod) = (self.token(STS_AUDIENCE, expires)?, self.token(POD_AUDIENCE, expires)?);
        self.write(&self.web_file(), &web)?;
        // Held while the file changes: nobody may be refused for a token that was read from the new file.
        let mut expected = self.pod.lock().unwrap_or_else(PoisonError::into_inner);
        self.write(&self.pod_file(), &pod)?;
        *expected = PodToken { text: pod, expires };
        Ok(())
    }

    /// Rewrites the files each time that 80 % of their life is over, as the kubelet does. Never ends.
    pub(super) async fn keep(&self) {
        loop {
            clock::wait(self.life.mul_f64(0.8)).await;
            if let Err(error) = self.rotate() {
                tracing::warn!(%error, "the token files stay as they were");
            }
        }
    }

    /// What the Pod Identity agent says to this token.
    pub(super) fn admit(&self, token: Option<&str>) -> Result<(), PodRefusal> {
        let token = token.filter(|token| !token.is_empty()).ok_or(PodRefusal::Missing)?;
        let expected = self.pod.lock().unwrap_or_else(PoisonError::into_inner);
        if !same(token, &expected.text) {
            return Err(PodRefusal::Invalid);
        }
        if epoch(self.clock.now()) < expected.expires { Ok(()) } else { Err(PodRefusal::Expired) }
    }

    fn token(&self, audience: &str, expires: u64) -> Result<String, Error> {
        let now = epoch(self.clock.now());
        self.oidc.sign(&json!({
            "aud": [audience],
            "exp": expires,
            "iat": now,
            "iss": self.issuer,
            "jti": self.random.uuid(),
            "kubernetes.io": { "namespace": "default", "serviceaccount": { "name": "app" } },
            "nbf": now,
            "sub": SUBJECT,
        }))
    }

    /// Replaces a file at once, so that nobody reads half of it.
    fn write(&self, path: &Path, text: &str) -> Result<(), Error> {
        let new = self.folder.path().join(".new");
        let failed = |source| Error::File { path: path.to_owned(), source };
        fs::write(&new, text).map_err(failed)?;
        fs::set_permissions(&new, Permissions::from_mode(0o600)).map_err(failed)?;
        fs::rename(&new, path).map_err(failed)
    }
}

/// Seconds since 1970.
pub(super) fn epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Whether a claim, which is one text or a list of texts, has this one.
pub(super) fn says(claim: Option<&Value>, text: &str) -> bool {
    match claim {
        Some(Value::Array(items)) => items.iter().any(|item| item == text),
        Some(value) => value == text,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;

    fn projected(clock: Clock) -> Projected {
        let random = Arc::new(Random::new().expect("a seed"));
        Projected::new("eu-west-1", Duration::from_secs(60), clock, random).expect("files")
    }

    fn read(path: &Path) -> String {
        fs::read_to_string(path).expect("a file")
    }

    #[test]
    fn the_agent_takes_the_newest_token_only() {
        let projected = projected(Clock::start(None));
        let old = read(&projected.pod_file());
        assert_eq!(projected.admit(Some(&old)), Ok(()));
        projected.rotate().expect("new files");
        assert_eq!(projected.admit(Some(&old)), Err(PodRefusal::Invalid));
        assert_eq!(projected.admit(Some(&read(&projected.pod_file()))), Ok(()));
        assert_eq!(projected.admit(None), Err(PodRefusal::Missing));
    }

    #[tokio::test(start_paused = true)]
    async fn the_files_are_rewritten_before_their_tokens_end() {
        let projected = projected(Clock::start(Some(UNIX_EPOCH)));
        let first = read(&projected.pod_file());
        let mut keeper = pin!(projected.keep());
        tokio::select! {
            () = &mut keeper => {}
            () = clock::wait(Duration::from_secs(47)) => {}
        }
        assert_eq!(read(&projected.pod_file()), first);
        tokio::select! {
            () = &mut keeper => {}
            () = clock::wait(Duration::from_secs(2)) => {}
        }
        let second = read(&projected.pod_file());
        assert_ne!(second, first);
        assert_eq!(projected.admit(Some(&second)), Ok(()));
        clock::wait(Duration::from_secs(70)).await;
        assert_eq!(projected.admit(Some(&second)), Err(PodRefusal::Expired));
    }

    #[test]
    fn a_claim_is_one_text_or_several() {
        let (one, several) = (json!("a"), json!(["b", "a"]));
        assert!(says(Some(&one), "a") && says(Some(&several), "a"));
        assert!(!says(Some(&several), "c") && !says(None, "a"));
    }
}
