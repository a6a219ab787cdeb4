//! The server's process. Its configuration goes through a pipe: passwords stay out of arguments and files.

use crate::Error;
use crate::host::{Guarded, command};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::{Child, Stdio};

const PROGRAMS: [&str; 2] = ["redis-server", "valkey-server"];
pub(super) const LOG: &str = "server.log";

/// `Process` is killed when it is dropped.
pub(super) struct Process(Guarded);

impl Process {
    /// Starts `program`, or the first of the usual ones that is there.
    pub(super) fn start(program: Option<&Path>, folder: &Path, settings: &str) -> Result<Self, Error> {
        let mut server = spawn(program, folder)
            .map_err(|error| Error::Backend(format!("cannot start a server: {error}")))?;
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

fn spawn(program: Option<&Path>, folder: &Path) -> io::Result<Child> {
    let programs = program.map_or_else(|| PROGRAMS.map(Path::new).to_vec(), |program| vec![program]);
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for program in &programs {
        match command(program, folder).arg("-").stdin(Stdio::piped()).spawn() {
            Ok(child) => return Ok(child),
            Err(error) => last = error,
        }
    }
    let names: Vec<_> = programs.iter().map(|program| program.to_string_lossy()).collect();
    Err(io::Error::new(last.kind(), format!("{}: {last}", names.join(", "))))
}

/// The end of the server's log.
pub(super) fn last_words(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join(LOG)).unwrap_or_default();
    log.lines().last().unwrap_or("it left no log").to_owned()
}
