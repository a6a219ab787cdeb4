//! The library under test, which must be the one that this `cargo test` has built.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::SystemTime;

use super::{folder, repository};

/// Where cargo puts what it builds for tests. The copies one level up are those of the last `cargo build`.
pub(crate) fn built() -> PathBuf {
    std::env::current_exe().unwrap().parent().unwrap().to_owned()
}

fn modified(path: &Path) -> SystemTime {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .unwrap_or_else(|error| panic!("{path:?}: {error}"))
}

fn newest_under(path: &Path) -> SystemTime {
    if path.is_file() {
        return modified(path);
    }
    let entries = fs::read_dir(path).unwrap_or_else(|error| panic!("{path:?}: {error}"));
    entries.map(|entry| newest_under(&entry.unwrap().path())).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A file of this build; fails where a source is younger, which says that another build has made it.
fn fresh(name: &str) -> PathBuf {
    let file = built().join(name);
    let sources = [folder().join("src"), repository().join("core/src"), repository().join("proto/src")];
    let newest = sources.iter().map(|source| newest_under(source)).max().unwrap();
    assert!(modified(&file) >= newest, "{} is older than the sources; run cargo test again", file.display());
    file
}

/// A folder with a copy of the shared library under the names that it is linked and loaded by. A copy, since
/// another cargo may write to the original while the tests run.
pub(crate) fn shared() -> &'static Path {
    static FOLDER: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
        let library = fresh("libkeyrotor_c.so");
        let folder = tempfile::tempdir().unwrap();
        fs::copy(library, folder.path().join("libkeyrotor.so.0")).unwrap();
        symlink("libkeyrotor.so.0", folder.path().join("libkeyrotor.so")).unwrap();
        folder
    });
    FOLDER.path()
}
