//! A server's process that does not outlive us.

use super::account;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// `Guarded` is killed when it is dropped, and when we die without a word.
pub(crate) struct Guarded {
    server: Child,
    /// Kills the server when its input ends, which we hold.
    watch: Option<Child>,
}

impl Guarded {
    /// Takes over a process that runs as the owner of `folder`.
    pub(crate) fn new(server: Child, folder: &Path) -> Self {
        let mut guard = command("/bin/sh", folder);
        guard.args(["-c", r#"read _; kill -9 "$0""#, &server.id().to_string()]);
        Self { server, watch: guard.stdin(Stdio::piped()).spawn().ok() }
    }

    pub(crate) fn has_died(&mut self) -> bool {
        !matches!(self.server.try_wait(), Ok(None))
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The guard first: it must not outlive the number that it would kill.
        for child in self.watch.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A command that runs as the owner of `folder`, silent, in a process group of its own.
pub(crate) fn command(program: impl AsRef<OsStr>, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if let Some(account) = account::of(folder) {
        command.uid(account.uid).gid(account.gid);
    }
    // A terminal's Ctrl-C is for us: we end the server ourselves.
    command.process_group(0);
    command
}
