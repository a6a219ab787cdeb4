//! The owner's own connection to its server: runs statements, one after the other.

use crate::Error;
use crate::rds::config::{ADMIN, POSTGRES};
use crate::rds::wire::{Message, query, read_message, startup_message};
use std::io;
use std::path::Path;
use tokio::io::AsyncWriteExt;
use tokio::net::UnixStream;

/// `Admin` is logged in.
pub(super) struct Admin(UnixStream);

/// Whether the server takes logins by now.
pub(super) async fn is_ready(socket: &Path) -> bool {
    Admin::connect(socket, POSTGRES).await.is_ok()
}

impl Admin {
    pub(super) async fn connect(socket: &Path, database: &str) -> Result<Self, Error> {
        let mut stream = UnixStream::connect(socket).await.map_err(broken)?;
        stream.write_all(&startup_message(ADMIN, database)).await.map_err(broken)?;
        let mut admin = Self(stream);
        admin.until_ready("the login of its owner").await?;
        Ok(admin)
    }

    /// Runs `sql`; `what` names it in the error, since the text itself may hold a password.
    pub(super) async fn run(&mut self, what: &str, sql: &str) -> Result<(), Error> {
        self.0.write_all(&query(sql)).await.map_err(broken)?;
        self.until_ready(what).await
    }

    /// Reads up to ReadyForQuery.
    async fn until_ready(&mut self, what: &str) -> Result<(), Error> {
        let mut error = None;
        loop {
            let message = read_message(&mut self.0).await;
            let message = match (message, error) {
                (Ok(message), earlier) => {
                    error = earlier.or_else(|| text(&message));
                    message
                }
                // After a fatal error comes the end.
                (Err(_), Some(error)) => return Err(failed(what, &error)),
                (Err(end), None) => return Err(broken(end)),
            };
            if message.kind == b'Z' {
                return error.map_or(Ok(()), |error| Err(failed(what, &error)));
            }
        }
    }
}

fn text(message: &Message) -> Option<String> {
    message.error_field(b'M')
}

fn failed(what: &str, error: &str) -> Error {
    Error::Backend(format!("{what}: {error}"))
}

fn broken(error: io::Error) -> Error {
    Error::Backend(format!("PostgreSQL's socket: {error}"))
}
