//! TLS with rustls and ring, handed over explicitly: nothing is installed for the host's whole process.

use std::sync::{Arc, OnceLock};

use keyrotor_proto::Code;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::config::Tls;
use crate::error::{Error, Result};

/// The one crypto provider.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

/// One configuration for all connections of a client, so that sessions are resumed.
pub(super) fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::internal(format!("TLS versions: {error}")))?;
    let builder = if tls.is_verified {
        builder.with_root_certificates(roots(tls)?)
    } else {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(provider())))
    };
    let config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| not_pem("client_key"))?;
            builder.with_client_auth_cert(certificates(certificate, "client_cert")?, key).map_err(
                |error| {
                    Error::config(
                        Code::ConfigInvalid,
                        "client_cert",
                        format!("does not go with client_key: {error}"),
                    )
                },
            )?
        }
    };
    Ok(Arc::new(config))
}

/// The name that the certificate must have.
pub(super) fn server_name(tls: &Tls, host: &str) -> Result<ServerName<'static>> {
    let (name, field) =
        tls.server_name.as_deref().map_or((host, "addresses.host"), |name| (name, "server_name"));
    ServerName::try_from(name.to_owned()).map_err(|_| {
        Error::config(Code::ConfigInvalid, field, "not a name that a certificate can have; set server_name")
    })
}

fn roots(tls: &Tls) -> Result<Arc<RootCertStore>> {
    if tls.roots.is_empty() {
        return system_roots();
    }
    let mut store = RootCertStore::empty();
    for pem in &tls.roots {
        for certificate in certificates(pem, "root_certs")? {
            store.add(certificate).map_err(|_| not_pem("root_certs"))?;
        }
    }
    Ok(Arc::new(store))
}

/// The system's roots, read once per process.
fn system_roots() -> Result<Arc<RootCertStore>> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(store)
    });
    if roots.is_empty() {
        let advice =
            "this system has no root certificates: install them (ca-certificates), or hand them over here";
        return Err(Error::config(Code::ConfigMissing, "root_certs", advice));
    }
    Ok(Arc::clone(roots))
}

fn certificates(pem: &[u8], field: &str) -> Result<Vec<CertificateDer<'static>>> {
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|_| not_pem(field))?;
    if certificates.is_empty() { Err(not_pem(field)) } else { Ok(certificates) }
}

fn not_pem(field: &str) -> Error {
    Error::config(Code::ConfigInvalid, field, "not PEM: it must hold -----BEGIN … blocks")
}

/// Encryption without verification, for tests that ask for it.
#[derive(Debug)]
struct Unverified(Arc<CryptoProvider>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
