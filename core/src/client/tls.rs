//! The TLS of a client's connections, as its request wants it.

use std::sync::Arc;

use keyrotor_proto::Code;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};

use crate::config::Tls;
use crate::error::{Error, Result};
use crate::tls;

/// One configuration for all connections of a client, so that sessions are resumed.
pub(super) fn client_config(wanted: &Tls) -> Result<Arc<ClientConfig>> {
    let builder = if wanted.is_verified {
        tls::builder()?.with_root_certificates(tls::roots(&wanted.roots, "root_certs")?)
    } else {
        tls::builder()?.dangerous().with_custom_certificate_verifier(Arc::new(Unverified(tls::provider())))
    };
    let config = match &wanted.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| tls::not_pem("client_key"))?;
            builder.with_client_auth_cert(tls::certificates(certificate, "client_cert")?, key).map_err(
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
