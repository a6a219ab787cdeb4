//! The authority's own key and certificate, made anew or kept in a folder.

use super::{FIRST_YEAR, LAST_YEAR};
use crate::Error;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, PublicKeyData,
    date_time_ymd,
};
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use tempfile::NamedTempFile;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// The file that clients trust.
pub(super) const CERTIFICATE: &str = "ca.pem";
/// The certificate and its key, so that the two are always of one making.
const BOTH: &str = "ca-with-key.pem";

/// A new authority: what signs, and its certificate in PEM.
pub(super) fn made() -> Result<(Issuer<'static, KeyPair>, String), rcgen::Error> {
    let key = KeyPair::generate()?;
    let params = params();
    let pem = params.self_signed(&key)?.pem();
    Ok((Issuer::new(params, key), pem))
}

fn params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "keyrotor emulator");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = date_time_ymd(FIRST_YEAR, 1, 1);
    params.not_after = date_time_ymd(LAST_YEAR, 12, 31);
    params
}

/// The authority of this folder. Several emulators may open one folder at a time.
pub(super) fn open(folder: &Path) -> Result<Issuer<'static, KeyPair>, Error> {
    let failed = |source| Error::File { path: folder.to_owned(), source };
    DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    let both = read_or_make(folder).map_err(failed)?;
    let (issuer, certificate) = parsed(&both).map_err(|problem| Error::File {
        path: folder.join(BOTH),
        source: io::Error::new(
            ErrorKind::InvalidData,
            format!("{problem}; remove it to have a new one made"),
        ),
    })?;
    write(folder, CERTIFICATE, certificate).map_err(failed)?;
    Ok(issuer)
}

fn read_or_make(folder: &Path) -> io::Result<String> {
    let path = folder.join(BOTH);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        read => return read,
    }
    let (issuer, certificate) = made().map_err(io::Error::other)?;
    // One that another emulator has put there in the meantime wins. Temporary files are private.
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all((certificate + &issuer.key().serialize_pem()).as_bytes())?;
    match file.persist_noclobber(&path) {
        Err(error) if error.error.kind() != ErrorKind::AlreadyExists => Err(error.error),
        _ => fs::read_to_string(&path),
    }
}

/// What signs, and the part of the text that is the certificate.
fn parsed(both: &str) -> Result<(Issuer<'static, KeyPair>, &str), String> {
    let begin = both.find("-----BEGIN PRIVATE KEY").ok_or("has no private key")?;
    let (certificate, key) = both.split_at(begin);
    let key = KeyPair::from_pem(key).map_err(|error| error.to_string())?;
    let der = CertificateDer::from_pem_slice(certificate.as_bytes()).map_err(|error| error.to_string())?;
    let public = key.der_bytes();
    if !der.windows(public.len()).any(|window| window == public) {
        return Err("has a key that is not the certificate's".to_owned());
    }
    Ok((Issuer::new(params(), key), certificate))
}

/// Writes a file in one step, unless it says the same already.
fn write(folder: &Path, name: &str, text: &str) -> io::Result<()> {
    let path = folder.join(name);
    if fs::read_to_string(&path).is_ok_and(|old| old == text) {
        return Ok(());
    }
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.persist(&path)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_keeps_its_authority() {
        let folder = tempfile::tempdir().expect("a folder");
        let inside = folder.path().join("kept");
        let first = open(&inside).expect("a new authority").key().serialize_pem();
        let certificate = fs::read_to_string(inside.join(CERTIFICATE)).expect("its certificate");
        assert!(!certificate.contains("PRIVATE"), "clients get no key");
        fs::remove_file(inside.join(CERTIFICATE)).expect("removed");
        assert_eq!(open(&inside).expect("the same authority").key().serialize_pem(), first);
        assert_eq!(fs::read_to_string(inside.join(CERTIFICATE)).expect("written again"), certificate);
    }

    #[test]
    fn a_folder_that_makes_no_sense_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (issuer, _) = made().expect("one");
        let (_, other) = made().expect("another");
        for text in ["", "no PEM", &(other + &issuer.key().serialize_pem())] {
            fs::write(folder.path().join(BOTH), text).expect("written");
            let Err(error) = open(folder.path()) else { panic!("{text} is no authority") };
            let error = error.to_string();
            assert!(error.contains(BOTH) && error.contains("remove it"), "{error}");
        }
    }
}
