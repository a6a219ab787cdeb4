//! A certificate in place of a secret: the application signs a statement about itself.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::digest;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SigningKey};
use rustls::{CertificateError as Verdict, RootCertStore, SignatureAlgorithm, SignatureScheme};
use serde_json::json;

use crate::secret::Secret;

/// Entra asks for 5 to 10 minutes at most.
const LIFE: Duration = Duration::from_secs(600);

/// Why a certificate and its key are of no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CertificateError {
    #[error("holds no certificate: it must have a -----BEGIN CERTIFICATE----- block")]
    NoCertificate,
    #[error("holds a certificate that cannot be read; it must be X.509 version 3")]
    Unreadable,
    #[error("holds no private key: it must have a -----BEGIN PRIVATE KEY----- block")]
    NoKey,
    #[error("holds an encrypted key; decrypt it with `openssl pkey`")]
    Encrypted,
    #[error("holds a key that is not RSA, and Entra takes no other")]
    NotRsa,
    #[error("holds the key of another certificate")]
    Mismatch,
    #[error("holds a certificate that expired {0} s ago; register a new one with the application")]
    Expired(u64),
    #[error("holds a certificate that is not valid for another {0} s; look at the clock of this machine")]
    NotYet(u64),
    #[error("holds a key that does not sign")]
    Unusable,
}

impl CertificateError {
    /// Whether the key is to blame, and not the certificate.
    pub(crate) fn is_about_the_key(self) -> bool {
        matches!(self, Self::NoKey | Self::Encrypted | Self::NotRsa | Self::Mismatch | Self::Unusable)
    }
}

/// A certificate and its key. `Debug` shows the thumbprint only.
#[derive(Clone)]
pub(crate) struct Certificate {
    der: CertificateDer<'static>,
    thumbprint: String,
    key: Arc<dyn SigningKey>,
}

impl fmt::Debug for Certificate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Certificate").field("sha256", &self.thumbprint).finish_non_exhaustive()
    }
}

impl Certificate {
    /// The first certificate of one text, with the key of the other.
    pub(crate) fn from_pem(certificate: &str, key: &str) -> Result<Self, CertificateError> {
        let der = CertificateDer::pem_slice_iter(certificate.as_bytes())
            .next()
            .and_then(Result::ok)
            .ok_or(CertificateError::NoCertificate)?;
        let key = private_key(key)?;
        ParsedCertificate::try_from(&der).map_err(|_| CertificateError::Unreadable)?;
        CertifiedKey::new(vec![der.clone()], Arc::clone(&key))
            .keys_match()
            .map_err(|_| CertificateError::Mismatch)?;
        let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &der));
        Ok(Self { der, thumbprint, key })
    }

    /// SHA-256 of the certificate, in base64url.
    pub(super) fn thumbprint(&self) -> &str {
        &self.thumbprint
    }

    /// A statement, good for 10 minutes, that whoever sends it is this client. Header and claims as in
    /// <https://learn.microsoft.com/entra/identity-platform/certificate-credentials>.
    pub(super) fn assertion(
        &self,
        client_id: &str,
        audience: &str,
        now: SystemTime,
    ) -> Result<Secret, CertificateError> {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.check_dates(since)?;
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": audience,
            "iss": client_id,
            "sub": client_id,
            "jti": format!("{:032x}", rand::random::<u128>()),
            "nbf": since.as_secs(),
            "iat": since.as_secs(),
            "exp": (since + LIFE).as_secs(),
        });
        let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let statement = format!("{}.{}", part(header), part(claims));
        let signer = self.key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]);
        let signature = signer
            .and_then(|signer| signer.sign(statement.as_bytes()).ok())
            .ok_or(CertificateError::Unusable)?;
        Ok(Secret::new(format!("{statement}.{}", URL_SAFE_NO_PAD.encode(signature))))
    }

    /// Nobody vouches for the certificate here, so that its dates are all that can be judged; they are judged first.
    fn check_dates(&self, since_epoch: Duration) -> Result<(), CertificateError> {
        let parsed = ParsedCertificate::try_from(&self.der).map_err(|_| CertificateError::Unreadable)?;
        let now = UnixTime::since_unix_epoch(since_epoch);
        let nobody = RootCertStore::empty();
        match verify_server_cert_signed_by_trust_anchor(&parsed, &nobody, &[], now, &[]) {
            Err(rustls::Error::InvalidCertificate(Verdict::ExpiredContext { time, not_after })) => {
                Err(CertificateError::Expired(time.as_secs().saturating_sub(not_after.as_secs())))
            }
            Err(rustls::Error::InvalidCertificate(Verdict::NotValidYetContext { time, not_before })) => {
                Err(CertificateError::NotYet(not_before.as_secs().saturating_sub(time.as_secs())))
            }
            _ => Ok(()),
        }
    }
}

fn private_key(pem: &str) -> Result<Arc<dyn SigningKey>, CertificateError> {
    let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| {
        let is_encrypted =
            pem.contains("BEGIN ENCRYPTED PRIVATE KEY") || pem.contains("Proc-Type: 4,ENCRYPTED");
        if is_encrypted { CertificateError::Encrypted } else { CertificateError::NoKey }
    })?;
    let key = any_supported_type(&key).map_err(|_| CertificateError::NotRsa)?;
    if key.algorithm() != SignatureAlgorithm::RSA { Err(CertificateError::NotRsa) } else { Ok(key) }
}
