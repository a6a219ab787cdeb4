//! An application's registered certificate, and the signatures that its key makes.

use crate::jwt::{Jwt, encode};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use webpki::EndEntityCert;
use webpki::ring::{RSA_PKCS1_2048_8192_SHA256, RSA_PSS_2048_8192_SHA256_LEGACY_KEY};

/// `Certificate` is a certificate of an RSA key. Its own dates are not judged.
pub(super) struct Certificate(CertificateDer<'static>);

impl Certificate {
    /// Reads the first certificate of a PEM text.
    pub(super) fn from_pem(pem: &str) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes())
            .map_err(|error| format!("needs a certificate in PEM: {error}"))?;
        EndEntityCert::try_from(&der)
            .map_err(|error| format!("holds a certificate that cannot be read: {error}"))?;
        Ok(Self(der))
    }

    /// Whether a token's header names this certificate, by `x5t` (SHA-1) or `x5t#S256`.
    pub(super) fn is_named_by(&self, token: &Jwt<'_>) -> bool {
        let names = [("x5t#S256", &SHA256), ("x5t", &SHA1_FOR_LEGACY_USE_ONLY)];
        let mut given =
            names.into_iter().filter_map(|(name, hash)| Some((token.header(name)?, hash))).peekable();
        given.peek().is_some()
            && given.all(|(name, hash)| {
                // MSAL pads them.
                name.trim_end_matches('=') == encode(digest(hash, &self.0))
            })
    }

    /// Whether its key signed the token, with RS256 or PS256.
    pub(super) fn has_signed(&self, token: &Jwt<'_>) -> bool {
        let algorithm = match token.header("alg") {
            Some("RS256") => RSA_PKCS1_2048_8192_SHA256,
            Some("PS256") => RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
            _ => return false,
        };
        let Ok(certificate) = EndEntityCert::try_from(&self.0) else { return false };
        certificate.verify_signature(algorithm, token.signed.as_bytes(), &token.signature).is_ok()
    }
}
