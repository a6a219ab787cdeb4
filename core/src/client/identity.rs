//! Whose login the server says it is. A server whose `default` user needs no password answers whoever failed to log in;
//! so it is asked for the name.

use std::sync::atomic::Ordering::Relaxed;

use keyrotor_proto::{Code, EventKind, IdentityState};
use redis::{Value, cmd};

use super::connection::Connection;
use super::session::Session;
use crate::config::IdentityCheck;
use crate::error::{Error, Result};

/// Asks as the request wants it, and has the connection keep what the server said.
///
/// # Errors
/// [`Code::AuthIdentityMismatch`] for another user; [`Code::AuthIdentityUnknown`] where none is named and the request
/// requires it.
pub(super) async fn check(connection: &Connection, wanted: IdentityCheck, expected: &str) -> Result<()> {
    if wanted == IdentityCheck::Never {
        return Ok(());
    }
    let name = match connection.send(cmd("ACL").arg("WHOAMI")).await {
        Ok(Value::BulkString(name)) => String::from_utf8_lossy(&name).into_owned(),
        Ok(Value::SimpleString(name)) => name,
        Ok(_) => {
            return Err(Error::new(Code::Protocol, "ACL WHOAMI answered with something else than a name"));
        }
        Err(error) if is_unanswered(&error) && wanted == IdentityCheck::Required => {
            return Err(unknown(expected, &error));
        }
        Err(error) if is_unanswered(&error) => {
            connection.note_identity(IdentityState::Unknown);
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    if name != expected {
        return Err(Error::new(
            Code::AuthIdentityMismatch,
            format!(
                "logged in as {expected}, the server says that this is {name}; the connection was closed"
            ),
        ));
    }
    connection.note_identity(IdentityState::Verified);
    Ok(())
}

/// Whether this user may not ask, or the server does not know what is asked.
fn is_unanswered(error: &Error) -> bool {
    let unanswered = ["NOPERM", "ERR unknown command", "ERR unknown subcommand", "ERR Unknown subcommand"];
    error.server_text().is_some_and(|text| unanswered.iter().any(|start| text.starts_with(start)))
}

fn unknown(expected: &str, error: &Error) -> Error {
    let text = error.server_text().unwrap_or_default();
    let message = format!(
        "logged in as {expected}, and the server does not say whose login it is ({text}), which require_identity asks \
         for; the connection was closed. Add +acl|whoami to the user's access string, or set verify_identity instead"
    );
    Error::new(Code::AuthIdentityUnknown, message).with_server_text(text)
}

impl Session {
    /// Says, once, that the server does not tell whose logins the connections have.
    pub(super) fn note_identity(&self, connection: &Connection) {
        let is_unknown = connection.login().identity == IdentityState::Unknown;
        if !is_unknown || self.has_doubts.swap(true, Relaxed) {
            return;
        }
        tracing::warn!(
            address = %connection.address,
            "this user may not ask for its own name (ACL WHOAMI); whose login it is stays unknown"
        );
        if let Some(manager) = &self.manager {
            manager.emit(EventKind::EventIdentityUnknown, None);
        }
    }

    /// Whose logins the server says that the open connections have.
    pub(super) fn identity(&self) -> IdentityState {
        let known = self.connections().into_iter().map(|connection| connection.login().identity);
        known.max().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::server_error;
    use super::*;

    #[test]
    fn c01_only_what_says_that_nobody_may_ask_leaves_the_identity_unknown() {
        for text in [
            "NOPERM User app has no permissions to run the 'acl|whoami' command",
            "ERR unknown command `ACL`, with args beginning with: `WHOAMI`, ",
            "ERR unknown command 'ACL', with args beginning with: 'WHOAMI' ",
        ] {
            assert!(is_unanswered(&server_error(text)), "{text}");
        }
        for text in ["NOAUTH Authentication required.", "ERR service is not available", "LOADING x"] {
            assert!(!is_unanswered(&server_error(text)), "{text}");
        }
    }
}
