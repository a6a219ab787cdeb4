//! What callers send: a command, or a batch.

use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::batch::Batch;
use super::connection::Connection;
use super::reply::settle;
use super::wire::Deadline;
use crate::error::{Error, Result};

/// What can be sent on a connection.
pub(super) trait Sendable: Sync {
    type Reply: Send;

    /// Ends at the deadline, unless the socket takes nothing.
    fn send_on(
        &self,
        connection: &Connection,
        deadline: Option<Deadline>,
    ) -> impl Future<Output = Result<Self::Reply>> + Send;

    /// Whether nothing of it ran, since the server wants a login first.
    fn wants_login(outcome: &Result<Self::Reply>) -> bool;
}

impl Sendable for Cmd {
    type Reply = Value;

    async fn send_on(&self, connection: &Connection, deadline: Option<Deadline>) -> Result<Value> {
        connection.exchange(self, deadline).await
    }

    fn wants_login(outcome: &Result<Value>) -> bool {
        matches!(outcome, Err(error) if error.code() == Code::AuthRequired)
    }
}

impl Sendable for Batch {
    type Reply = Vec<Result<Value>>;

    async fn send_on(&self, connection: &Connection, deadline: Option<Deadline>) -> Result<Self::Reply> {
        let replies = connection.submit(self.count(), deadline, |out| self.pack(out)).await?;
        if !self.is_atomic() {
            return Ok(replies);
        }
        outcome_of_exec(replies)?.ok_or_else(|| Error::internal("EXEC answered without an array"))
    }

    fn wants_login(outcome: &Result<Self::Reply>) -> bool {
        match outcome {
            Ok(replies) => replies.iter().all(Cmd::wants_login),
            Err(error) => error.code() == Code::AuthRequired,
        }
    }
}

/// Of MULTI, the queued commands and EXEC, the last reply is what counts; where it is an error, the first one says
/// why. `None`: a key under watch was changed.
pub(super) fn outcome_of_exec(mut replies: Vec<Result<Value>>) -> Result<Option<Vec<Result<Value>>>> {
    match replies.pop() {
        Some(Ok(Value::Array(values))) => {
            Ok(Some(values.into_iter().map(|value| settle(Ok(value))).collect()))
        }
        Some(Ok(Value::Nil)) => Ok(None),
        Some(Err(error)) => Err(replies.into_iter().find_map(Result::err).unwrap_or(error)),
        _ => Err(Error::new(Code::Protocol, "EXEC answered with something else than an array")),
    }
}
