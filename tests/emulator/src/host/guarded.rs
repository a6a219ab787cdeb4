//! A server's process that does not outlive us.

use super::account;
use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// How long a server may take to quit before it is killed.
const LOOKS: u32 = 1000;
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// A line is a word from us. The end without one is our own, after which nobody else would remove the server's files.
const QUIT: &str = r#"
if read -r _; then
  kill -QUIT "$0"
else
  kill -QUIT "$0"
  while kill -0 "$0"; do sleep 0.1; done
  rm -rf "$1"
fi"#;

/// `Guarded` is ended when it is dropped, and when we die without a word.
pub(crate) struct Guarded {
    server: Child,
    /// Ends the server when its input ends, which we hold.
    watch: Option<Child>,
    ending: Ending,
}

/// `Ending` is the signal that a server gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Kill,
    Quit,
}

impl Guarded {
    /// Takes over a process that runs as the owner of `folder`; the end is a kill.
    pub(crate) fn new(server: Child, folder: &Path) -> Self {
        Self::ended_by(Ending::Kill, server, folder)
    }

    /// The same for a server with processes and shared memory of its own, which it takes with it when told to quit. If
    /// we die without a word, `folder` is removed too.
    pub(crate) fn quitting(server: Child, folder: &Path) -> Self {
        Self::ended_by(Ending::Quit, server, folder)
    }

    fn ended_by(ending: Ending, server: Child, folder: &Path) -> Self {
        let script = match ending {
            Ending::Kill => r#"read _; kill -KILL "$0""#,
            Ending::Quit => QUIT,
        };
        let mut guard = command("/bin/sh", folder);
        guard.args(["-c", script, &server.id().to_string()]).arg(folder);
        Self { server, watch: guard.stdin(Stdio::piped()).spawn().ok(), ending }
    }

    pub(crate) fn has_died(&mut self) -> bool {
        !matches!(self.server.try_wait(), Ok(None))
    }

    /// Lets the guard do what it is there for, and waits for the server to be gone.
    fn quit(&mut self) {
        let Some(mut watch) = self.watch.take() else { return };
        let _ = watch.stdin.take().map(|mut line| line.write_all(b"\n"));
        let _ = watch.wait();
        for _ in 0..LOOKS {
            if self.has_died() {
                return;
            }
            std::thread::sleep(BETWEEN_LOOKS);
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        if self.ending == Ending::Quit && !self.has_died() {
            self.quit();
        }
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
