//! What all TLS of this crate has in common: rustls with ring, handed over explicitly, and the roots that are trusted.
//! Nothing is installed for the host's whole process.

use std::sync::{Arc, OnceLock};

use keyrotor_proto::Code;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};

use crate::error::{Error, Result};

/// The one crypto provider.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// The beginning of each client's configuration.
pub(crate) fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("TLS versions: {error}")))
}

/// The certificates of these PEM texts; the system's, where there is none. `field` is where they stand.
pub(crate) fn roots(pems: &[impl AsRef<[u8]>], field: &str) -> Result<Arc<RootCertStore>> {
    if pems.is_empty() {
        return system_roots(field);
    }
    let mut store = RootCertStore::empty();
    for pem in pems {
        for certificate in certificates(pem.as_ref(), field)? {
            store.add(certificate).map_err(|_| not_pem(field))?;
        }
    }
    Ok(Arc::new(store))
}

/// The system's roots, read once per process.
fn system_roots(field: &str) -> Result<Arc<RootCertStore>> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(store)
    });
    if roots.is_empty() {
        let advice =
            "this system has no root certificates: install them (ca-certificates), or hand them over here";
        return Err(Error::config(Code::ConfigMissing, field, advice));
    }
    Ok(Arc::clone(roots))
}

/// The certificates of a PEM text; at least one.
pub(crate) fn certificates(pem: &[u8], field: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| not_pem(field))?;
    if certificates.is_empty() { Err(not_pem(field)) } else { Ok(certificates) }
}

pub(crate) fn not_pem(field: &str) -> Error {
    Error::config(Code::ConfigInvalid, field, "not PEM: it must hold -----BEGIN … blocks")
}
