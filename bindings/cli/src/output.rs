//! What is printed, and where.

use std::io::Write;

use keyrotor::{Code, Error};

/// One line for whoever asked. A reader that went away ends the command with an error, not with a panic.
pub(crate) fn line(text: impl std::fmt::Display) -> Result<(), Error> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| {
        Error::new(Code::Internal, format!("nothing could be written to standard output: {error}"))
    })
}

/// An error, with the name that documentation and searches know it by.
pub(crate) fn failure(error: &Error) {
    let _ = writeln!(std::io::stderr(), "keyrotor: {error} [{}]", error.name());
}

/// A remark for people.
pub(crate) fn note(text: impl std::fmt::Display) {
    // In one piece: others write there too.
    let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
}
