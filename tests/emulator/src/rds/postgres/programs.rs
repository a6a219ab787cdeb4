//! Where PostgreSQL's programs are, and how they are run.

use crate::Error;
use crate::host::{Guarded, command};
use crate::rds::config::ADMIN;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Where packages put them: Debian and Ubuntu, Red Hat's kin.
const PLACES: [(&str, &str); 2] = [("/usr/lib/postgresql", ""), ("/usr", "pgsql-")];
const DATA: &str = "data";
const LOG: &str = "server.log";

/// Nothing here needs to survive a power failure; and what is small starts fast.
const SETTINGS: [&str; 8] = [
    "listen_addresses=",
    "port=5432",
    "unix_socket_permissions=0700",
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=16MB",
    // In a file of the folder, where nothing can be left behind.
    "dynamic_shared_memory_type=mmap",
    "logging_collector=off",
];

/// `Programs` is the folder of one version's programs.
#[derive(Clone)]
pub(super) struct Programs(PathBuf);

impl Programs {
    /// Those of `PATH`, else the newest that is installed.
    pub(super) fn find() -> Result<Self, Error> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let mut found = std::env::split_paths(&path).filter(|folder| is_complete(folder));
        found.next().or_else(newest).map(Self).ok_or_else(|| {
            Error::Backend(
                "no PostgreSQL found: install it (apt-get install postgresql), or put initdb in PATH".into(),
            )
        })
    }

    /// Makes the data of a new cluster, owned by whoever owns `folder`. Blocks for about half a second.
    pub(super) fn make(&self, folder: &Path) -> Result<(), Error> {
        let failed = |problem: String| Error::Backend(format!("initdb: {problem}"));
        let mut initdb = command(self.path("initdb"), folder);
        initdb.args(["--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C", "--wal-segsize=1"]);
        initdb.args(["--username", ADMIN]).arg("--pgdata").arg(folder.join(DATA));
        let output = initdb.stdin(Stdio::null()).stderr(Stdio::piped()).output();
        let output = output.map_err(|error| failed(error.to_string()))?;
        let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        if output.status.success() { Ok(()) } else { Err(failed(said)) }
    }

    /// Starts the server of the cluster in `folder`.
    pub(super) fn serve(&self, folder: &Path) -> Result<Guarded, Error> {
        let failed = |error| Error::Backend(format!("cannot start PostgreSQL: {error}"));
        let log = File::create(folder.join(LOG)).map_err(failed)?;
        let mut server = command(self.path("postgres"), folder);
        server.arg("-D").arg(folder.join(DATA)).arg("-k").arg(folder);
        for setting in SETTINGS {
            server.args(["-c", setting]);
        }
        let server = server.stdin(Stdio::null()).stderr(log).spawn().map_err(failed)?;
        Ok(Guarded::quitting(server, folder))
    }

    fn path(&self, program: &str) -> String {
        self.0.join(program).to_string_lossy().into_owned()
    }
}

/// The file with the rules of who may log in how.
pub(super) fn rules(folder: &Path) -> PathBuf {
    folder.join(DATA).join("pg_hba.conf")
}

/// The end of the server's log.
pub(super) fn last_words(folder: &Path) -> String {
    let log = fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    log.lines().last().unwrap_or("it left no log").to_owned()
}

fn is_complete(folder: &Path) -> bool {
    ["initdb", "postgres"].iter().all(|program| folder.join(program).is_file())
}

fn newest() -> Option<PathBuf> {
    let mut found: Vec<_> =
        PLACES.iter().flat_map(|(place, prefix)| versions(Path::new(place), prefix)).collect();
    found.sort();
    found.pop().map(|(_, folder)| folder)
}

fn versions(place: &Path, prefix: &str) -> Vec<(u32, PathBuf)> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let versions = entries.filter_map(|entry| {
        let version = entry.file_name().to_str()?.strip_prefix(prefix)?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    versions.filter(|(_, folder)| is_complete(folder)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_version_wins_by_its_number() {
        let place = tempfile::tempdir().expect("a folder");
        for version in ["9", "15", "x", "16"] {
            let bin = place.path().join(version).join("bin");
            fs::create_dir_all(&bin).expect("a folder");
            for program in ["initdb", "postgres"].into_iter().filter(|_| version != "16") {
                fs::write(bin.join(program), "").expect("a file");
            }
        }
        let mut found: Vec<_> = versions(place.path(), "").into_iter().map(|(version, _)| version).collect();
        found.sort_unstable();
        assert_eq!(found, [9, 15]);
    }
}
