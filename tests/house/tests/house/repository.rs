//! The files of the repository: tracked ones, and new ones that are not ignored.

use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Paths relative to the root.
pub(crate) fn files() -> Vec<String> {
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
    let listed = String::from_utf8(listed.stdout).unwrap();
    // A file that was deleted but not yet committed is still listed.
    let files: Vec<String> =
        listed.split_terminator('\0').filter(|path| root().join(path).is_file()).map(str::to_owned).collect();
    assert!(files.len() > 100, "only {} files", files.len());
    files
}

pub(crate) fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The text of a file, unless it is binary.
pub(crate) fn text(path: &str) -> Option<String> {
    String::from_utf8(std::fs::read(root().join(path)).unwrap()).ok().filter(|text| !text.contains('\0'))
}

pub(crate) fn exists(path: &str) -> bool {
    root().join(path).exists()
}
