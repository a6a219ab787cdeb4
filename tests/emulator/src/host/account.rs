//! The account that the server runs as, and a folder that it can reach.

use crate::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// `sun_path` holds 104 bytes on some systems, 108 on others; a folder's and a socket's name come after this.
const LONGEST_FOLDER: usize = 70;
const OPEN_TO_ALL: u32 = 0o001;

/// `Account` is a user and its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Makes a private folder, owned by the account that the server will run as.
pub(crate) fn folder() -> Result<TempDir, Error> {
    let usual = std::env::temp_dir();
    let path = if usual.as_os_str().len() < LONGEST_FOLDER && reachable(&usual) {
        &usual
    } else {
        Path::new("/tmp")
    };
    let failed = |source| Error::File { path: path.to_owned(), source };
    let folder = tempfile::Builder::new()
        .prefix("keyrotor-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir_in(path)
        .map_err(failed)?;
    if let Some(account) = unprivileged(folder.path()) {
        chown(folder.path(), Some(account.uid), Some(account.gid)).map_err(failed)?;
    }
    Ok(folder)
}

/// The account to run as, if we are root: whoever owns a folder of ours is us.
fn unprivileged(folder: &Path) -> Option<Account> {
    if fs::metadata(folder).ok()?.uid() != 0 {
        return None;
    }
    let accounts = fs::read_to_string("/etc/passwd").ok()?;
    find(&accounts, "redis").or_else(|| find(&accounts, "nobody"))
}

/// The account to run as: the owner of the server's folder, unless that is us.
pub(crate) fn of(folder: &Path) -> Option<Account> {
    let owner = fs::metadata(folder).ok()?;
    let parent = tempfile::tempfile().ok().and_then(|ours| ours.metadata().ok())?;
    (owner.uid() != parent.uid()).then(|| Account { uid: owner.uid(), gid: owner.gid() })
}

/// A path under which the account of `folder` can run `program`: a copy in the folder where it lies out of reach, as
/// in root's home. A bare name is looked for in PATH, which is nobody's secret.
pub(crate) fn runnable(program: &Path, folder: &Path) -> Result<PathBuf, Error> {
    if program.components().count() < 2 {
        return Ok(program.to_owned());
    }
    let failed = |source| Error::File { path: program.to_owned(), source };
    // Servers start in a folder of their own.
    let program = std::path::absolute(program).map_err(failed)?;
    let Some(account) = of(folder).filter(|_| !program.parent().is_some_and(reachable)) else {
        return Ok(program);
    };
    let copy = folder.join("server");
    fs::copy(&program, &copy).map_err(failed)?;
    fs::set_permissions(&copy, Permissions::from_mode(0o500)).map_err(failed)?;
    chown(&copy, Some(account.uid), Some(account.gid)).map_err(failed)?;
    Ok(copy)
}

fn find(accounts: &str, name: &str) -> Option<Account> {
    accounts.lines().find_map(|line| {
        let mut fields = line.split(':');
        let found = fields.next() == Some(name);
        let (uid, gid) = (fields.nth(1)?.parse().ok()?, fields.next()?.parse().ok()?);
        found.then_some(Account { uid, gid })
    })
}

/// Whether any account may walk down to `path`.
fn reachable(path: &Path) -> bool {
    path.ancestors().all(|folder| fs::metadata(folder).is_ok_and(|meta| meta.mode() & OPEN_TO_ALL != 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_from_any_folder() {
        let folder = folder().expect("a folder");
        for (program, found) in [("redis-server", "redis-server"), ("/bin/sh", "/bin/sh")] {
            assert_eq!(runnable(Path::new(program), folder.path()).expect(program), Path::new(found));
        }
        assert!(runnable(Path::new("./sh"), folder.path()).is_ok_and(|path| path.is_absolute()));
    }

    #[test]
    fn accounts_are_found_by_their_whole_name() {
        let text = "root:x:0:0:root:/root:/bin/sh\nredis2:x:7:7::/:\nredis:x:102:105::/var/lib/redis:\n";
        assert_eq!(find(text, "redis"), Some(Account { uid: 102, gid: 105 }));
        assert_eq!(find(text, "nobody"), None);
    }
}
