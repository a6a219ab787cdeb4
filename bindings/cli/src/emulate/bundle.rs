//! One file with the machine's authorities and the emulator's: `SSL_CERT_FILE` takes the place of the machine's own.

use std::io::Write;
use std::path::{Path, PathBuf};

use keyrotor::{Code, Error};
use tempfile::NamedTempFile;

const NAME: &str = "bundle.pem";

/// Makes it beside the emulator's certificate, and so with the same life. `None` where the machine's authorities
/// are there, but in no file: without them an application could no longer reach anything else.
pub(super) fn beside(ca: &Path) -> Result<Option<PathBuf>, Error> {
    let path = ca.with_file_name(NAME);
    let system = openssl_probe::probe();
    let mut all = match system.cert_file {
        // An emulator that runs in another's environment, with the same authority.
        Some(file) if file == path => return Ok(Some(path)),
        Some(file) => match std::fs::read(file) {
            Ok(all) => all,
            Err(_) => return Ok(None),
        },
        // A bare container trusts nobody.
        None if system.cert_dir.is_empty() => Vec::new(),
        None => return Ok(None),
    };
    let failed = |error: std::io::Error| {
        Error::new(Code::ArgumentInvalid, format!("{} could not be written: {error}", path.display()))
    };
    all.push(b'\n');
    all.extend(std::fs::read(ca).map_err(failed)?);
    // In one step: a kept folder may be in use.
    let folder = ca.parent().unwrap_or(ca);
    let mut file = NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(&all).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(Some(path))
}
