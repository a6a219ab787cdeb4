//! What the tests share.

pub(crate) mod compile;
pub(crate) mod driver;
pub(crate) mod emulator;
pub(crate) mod library;
pub(crate) mod program;
pub(crate) mod request;

use std::path::{Path, PathBuf};

/// This crate's folder.
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The repository.
pub(crate) fn repository() -> PathBuf {
    folder().ancestors().nth(2).unwrap().to_owned()
}
