//! What callers send: a command, or a batch.

use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::batch::Batch;
use super::connection::Connection;
use super::reply::settle;
use super::wire::{Deadline, Replies};
use crate::error::{Error, Result};

/// What can be sent on a connection.
pub(super) trait Sendable: Sync {
    type Reply: Send;

    /// How many replies it gets.
    fn replies(&self) -> usize;

    /// Appends it as it goes over the wire.
    fn pack_into(&self, out: &mut Vec<u8>);

    /// Makes one reply of all that it got.
    ///
    /// # Errors
    /// Of the server, for the whole.
    fn reply(&self, replies: Replies) -> Result<Self::Reply>;

    /// Ends at the deadline, unless the socket takes nothing.
    fn send_on(
        &self,
        connection: &Connection,
        deadline: Option<Deadline>,
    ) -> impl Future<Output = Result<Self::Reply>> + Send {
        async move { self.reply(connection.submit(self.replies(), deadline, |out| self.pack_into(out)).await?) }
    }

    /// Whether nothing of it ran, since the server wants a login first.
    fn wants_login(outcome: &Result<Self::Reply>) -> bool;
}

impl Sendable for Cmd {
    type Reply = Value;

    fn replies(&self) -> usize {
        1
    }

    fn pack_into(&self, out: &mut Vec<u8>) {
        self.write_packed_command(out);
    }

    fn reply(&self, replies: Replies) -> Result<Value> {
        replies.into_iter().next().unwrap_or_else(|| Err(Error::internal("a command without a reply")))
    }

    fn wants_login(outcome: &Result<Value>) -> bool {
        matches!(outcome, Err(error) if error.code() == Code::AuthRequired)
    }
}

impl Sendable for Batch {
    type Reply = Vec<Result<Value>>;

    fn replies(&self) -> usize {
        self.count()
    }

    fn pack_into(&self, out: &mut Vec<u8>) {
        self.pack(out);
    }

    fn reply(&self, replies: Replies) -> Result<Self::Reply> {
        if !self.is_atomic() {
            return Ok(replies.into_vec());
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
pub(super) fn outcome_of_exec(mut replies: Replies) -> Result<Option<Vec<Result<Value>>>> {
    match replies.pop() {
        Some(Ok(Value::Array(values))) => {
            Ok(Some(values.into_iter().map(|value| settle(Ok(value))).collect()))
        }
        Some(Ok(Value::Nil)) => Ok(None),
        Some(Err(error)) => Err(replies.into_iter().find_map(Result::err).unwrap_or(error)),
        _ => Err(Error::new(Code::Protocol, "EXEC answered with something else than an array")),
    }
}
