//! What the redis crate says, in our own words.

use keyrotor_proto::Code;
use redis::{ServerError, Value};

use crate::error::{Error, Result};

/// Splits the server's errors from its values.
pub(super) fn settle(reply: Result<Value>) -> Result<Value> {
    match reply {
        Ok(Value::ServerError(error)) => Err(server_error(&server_text(&error))),
        other => other,
    }
}

fn server_text(error: &ServerError) -> String {
    match error.details() {
        Some(details) => format!("{} {details}", error.code()),
        None => error.code().to_owned(),
    }
}

/// Gives each of the services' texts its code.
pub(super) fn server_error(text: &str) -> Error {
    let (code, advice) = if text.starts_with("WRONGPASS") {
        (Code::AuthRefused, "")
    } else if text.starts_with("NOAUTH") {
        (Code::AuthRequired, "")
    } else if text.starts_with("ERR Exceeded limit of IAM Authentication requests") {
        (Code::AuthThrottled, "; the login is tried again with growing pauses")
    } else if text.starts_with("ERR IAM Authentication service is not available")
        || text.starts_with("ERR service is not available")
        || text.starts_with("LOADING")
    {
        (Code::AuthUnavailable, "; the login is tried again")
    } else {
        (Code::ServerError, "")
    };
    Error::new(code, format!("the server answered \"{text}\"{advice}")).with_server_text(text)
}

pub(super) fn disconnected(cause: impl std::fmt::Display) -> Error {
    Error::new(
        Code::NetworkDisconnected,
        format!(
            "the connection was lost while the command was under way; whether it ran is not known ({cause})"
        ),
    )
}
