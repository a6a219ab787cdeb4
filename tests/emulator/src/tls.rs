//! Certificates made at each start: an authority and, signed by it, a server for `localhost`.

use crate::Error;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// The name in the certificate.
pub(crate) const SERVER_NAME: &str = "localhost";
const FIRST_YEAR: i32 = 2020;
/// The last year that certificates write with two digits.
const LAST_YEAR: i32 = 2049;

/// `Tls` holds the authority's certificate in a private folder, removed on drop.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    ca: PathBuf,
    _folder: TempDir,
}

impl Tls {
    pub(crate) fn new() -> Result<Self, Error> {
        let (ca_pem, config) = certificates().map_err(|error| Error::Certificates(error.to_string()))?;
        let folder = tempfile::Builder::new()
            .prefix("keyrotor-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let ca = folder.path().join("ca.pem");
        fs::write(&ca, ca_pem).map_err(|source| Error::File { path: ca.clone(), source })?;
        Ok(Self { acceptor: TlsAcceptor::from(Arc::new(config)), ca, _folder: folder })
    }

    pub(crate) fn ca(&self) -> &Path {
        &self.ca
    }
}

fn certificates() -> Result<(String, ServerConfig), Box<dyn std::error::Error>> {
    let ca_key = KeyPair::generate()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "keyrotor emulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
    params.not_after = date_time_ymd(LAST_YEAR, 12, 31);
    let ca = params.self_signed(&ca_key)?;
    let issuer = Issuer::new(params, ca_key);

    let key = KeyPair::generate()?;
    let names = [SERVER_NAME, "127.0.0.1", "::1"].map(String::from);
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, SERVER_NAME);
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
    params.not_after = date_time_ymd(LAST_YEAR, 12, 31);
    let leaf = params.signed_by(&key, &issuer)?;

    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(
            vec![leaf.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    Ok((ca.pem(), config))
}
