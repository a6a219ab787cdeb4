//! The server's process. Its configuration goes through a pipe: passwords stay out of arguments and files.

use crate::Error;
use crate::backend::Users;
use crate::host::{Guarded, command};
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
const LOG: &str = "server.log";

/// `Process` is killed when it is dropped.
pub(super) struct Process(Guarded);

impl Process {
    pub(super) fn start(folder: &Path, socket: &Path, users: &Users) -> Result<Self, Error> {
        let mut server =
            spawn(folder).map_err(|error| Error::Backend(format!("cannot start a server: {error}")))?;
        let settings = settings(folder, socket, users);
        let written = server.stdin.take().map(|mut input| input.write_all(settings.as_bytes()));
        let process = Self(Guarded::new(server, folder));
        match written {
            Some(Ok(())) => Ok(process),
            _ => Err(Error::Backend("the server did not read its settings".into())),
        }
    }

    pub(super) fn has_died(&mut self) -> bool {
        self.0.has_died()
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

fn settings(folder: &Path, socket: &Path, users: &Users) -> String {
    let mut text = String::from("port 0\nsave \"\"\nappendonly no\n");
    if users.all().iter().all(|account| account.name != "default") {
        text.push_str("user default off\n");
    }
    for (name, path) in [("unixsocket", socket), ("logfile", &folder.join(LOG)), ("dir", folder)] {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{name} {}", quoted(&path.to_string_lossy()));
    }
    for account in users.all() {
        let rules: Vec<_> = account.rules.iter().map(|rule| quoted(rule)).collect();
        let _ = writeln!(text, "user {} on >{} {}", quoted(&account.name), account.password, rules.join(" "));
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
