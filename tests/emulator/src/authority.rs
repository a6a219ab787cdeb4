//! The certificate authority, and the server certificates that it signs.

mod kept;

use crate::Error;
use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// The name in the certificates of all fronts, beside the loopback addresses.
pub(crate) const SERVER_NAME: &str = "localhost";
const FIRST_YEAR: i32 = 2020;
/// The last year that certificates write with two digits.
const LAST_YEAR: i32 = 2049;

/// `Authority` signs the certificates of all fronts, so that clients trust one file. Its certificate lies in a private
/// folder, removed on drop, and its key is in memory only, unless it is [kept](Self::kept_in).
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    ca: PathBuf,
    _folder: Option<TempDir>,
}

/// `Leaf` says what a server certificate states.
pub(crate) struct Leaf<'a> {
    /// The names and addresses that it holds for.
    pub(crate) names: &'a [&'a str],
    /// The first and the last year in which it is valid.
    pub(crate) years: (i32, i32),
}

impl Default for Leaf<'_> {
    fn default() -> Self {
        Self { names: &[SERVER_NAME, "127.0.0.1", "::1"], years: (FIRST_YEAR, LAST_YEAR) }
    }
}

impl Authority {
    pub(crate) fn new() -> Result<Self, Error> {
        let (issuer, pem) = kept::made().map_err(failed)?;
        let folder = tempfile::Builder::new()
            .prefix("keyrotor-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|source| Error::File { path: std::env::temp_dir(), source })?;
        let ca = folder.path().join(kept::CERTIFICATE);
        fs::write(&ca, pem).map_err(|source| Error::File { path: ca.clone(), source })?;
        Ok(Self { issuer, ca, _folder: Some(folder) })
    }

    /// The authority whose key and certificate this folder holds, made there the first time.
    pub(crate) fn kept_in(folder: &Path) -> Result<Self, Error> {
        let issuer = kept::open(folder)?;
        Ok(Self { issuer, ca: folder.join(kept::CERTIFICATE), _folder: None })
    }

    /// The authority's certificate in PEM.
    pub(crate) fn ca(&self) -> &Path {
        &self.ca
    }

    /// Makes a certificate and the server configuration that presents it. It asks for no client certificate.
    pub(crate) fn server(&self, leaf: &Leaf<'_>) -> Result<Arc<ServerConfig>, Error> {
        server(&self.issuer, leaf).map(Arc::new).map_err(failed)
    }
}

fn failed(error: impl ToString) -> Error {
    Error::Certificates(error.to_string())
}

fn server(
    issuer: &Issuer<'static, KeyPair>,
    leaf: &Leaf<'_>,
) -> Result<ServerConfig, Box<dyn std::error::Error>> {
    let key = KeyPair::generate()?;
    let names: Vec<_> = leaf.names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names)?;
    params.distinguished_name.push(DnType::CommonName, leaf.names.first().copied().unwrap_or(SERVER_NAME));
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.not_before = date_time_ymd(leaf.years.0, 1, 1);
    params.not_after = date_time_ymd(leaf.years.1, 12, 31);
    let certificate = params.signed_by(&key, issuer)?;
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )?;
    Ok(config)
}
