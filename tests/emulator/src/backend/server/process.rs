//! The server's process. Its configuration goes through a pipe: passwords stay out of arguments and files.

use super::account;
use crate::Error;
use crate::backend::Users;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
const LOG: &str = "server.log";

/// `Process` is killed when it is dropped.
pub(super) struct Process {
    server: Child,
    /// Kills the server if we die without a word. It waits for the end of its input, which we hold.
    watch: Option<Child>,
}

impl Process {
    pub(super) fn start(folder: &Path, socket: &Path, users: &Users) -> Result<Self, Error> {
        let mut server =
            spawn(folder).map_err(|error| Error::Backend(format!("cannot start a server: {error}")))?;
        let settings = settings(folder, socket, users);
        let written = server.stdin.take().map(|mut input| input.write_all(settings.as_bytes()));
        let mut guard = command("/bin/sh", folder);
        guard.args(["-c", r#"read _; kill -9 "$0""#, &server.id().to_string()]);
        let process = Self { server, watch: guard.stdin(Stdio::piped()).spawn().ok() };
        match written {
            Some(Ok(())) => Ok(process),
            _ => Err(Error::Backend("the server did not read its settings".into())),
        }
    }

    pub(super) fn has_died(&mut self) -> bool {
        !matches!(self.server.try_wait(), Ok(None))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The guard first: it must not outlive the number that it would kill.
        for child in self.watch.iter_mut().chain([&mut self.server]) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn spawn(folder: &Path) -> io::Result<Child> {
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for program in PROGRAMS {
        match command(program, folder).arg("-").stdin(Stdio::piped()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) => last = error,
        }
    }
    Err(io::Error::new(last.kind(), format!("{}: {last}", PROGRAMS.join(", "))))
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    if let Some(account) = account::of(folder) {
        command.uid(account.uid).gid(account.gid);
    }
    // A terminal's Ctrl-C is for us: we end the server ourselves.
    command.process_group(0);
    command
}

fn settings(folder: &Path, socket: &Path, users: &Users) -> String {
    let mut text = String::from("port 0\nsave \"\"\nappendonly no\n");
    if users.all().iter().all(|(user, _)| user != "default") {
        text.push_str("user default off\n");
    }
    for (name, path) in [("unixsocket", socket), ("logfile", &folder.join(LOG)), ("dir", folder)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} {}", quoted(&path.to_string_lossy()));
    }
    for (user, password) in users.all() {
        let _ = writeln!(text, "user {} on >{password} ~* &* +@all", quoted(user));
    }
    text
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for byte in text.bytes() {
        let _ = write!(quoted, "\\x{byte:02x}");
    }
    quoted.push('"');
    quoted
}

/// The end of the server's log.
pub(super) fn last_words(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    log.lines().last().unwrap_or("it left no log").to_owned()
}
