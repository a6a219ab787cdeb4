//! The one error type: what keeps an emulator from starting or a fault from being set.

use std::io;
use std::path::PathBuf;

/// `Error` says what could not be done and which setting to look at.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting has a value that cannot work.
    #[error("setting `{field}`: {problem}")]
    Config {
        /// The field of [`Config`](crate::Config).
        field: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// A listener could not be opened.
    #[error("cannot listen for {what}: {source}")]
    Listen {
        /// `clients` or `control`.
        what: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// A file or directory could not be read or made.
    #[error("cannot use {}: {source}", path.display())]
    File {
        /// The file or directory.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
    /// Certificates could not be made.
    #[error("cannot make certificates: {0}")]
    Certificates(String),
    /// Keys of the emulator's own could not be made.
    #[error("cannot make keys: {0}")]
    Keys(&'static str),
    /// The backend could not be started, reached or prepared.
    #[error("backend: {0}")]
    Backend(String),
    /// A fault makes no sense as things are.
    #[error("fault `{field}`: {problem}")]
    Fault {
        /// The field of the fault.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
}
