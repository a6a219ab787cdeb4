//! Commands that go to one node in one piece.

use std::borrow::Cow;

use redis::{Cmd, Value, cmd};

use super::super::connection::Connection;
use super::super::sendable::Sendable;
use super::super::wire::Deadline;
use crate::error::Result;

/// What one node gets of something larger.
pub(super) struct Part<'a> {
    commands: Vec<Cow<'a, Cmd>>,
    /// Whether the node is told, before each, that the key is asked of it although the slot is not its own yet.
    asks: bool,
}

impl Part<'static> {
    pub(super) fn of(commands: Vec<Cmd>) -> Self {
        Self { commands: commands.into_iter().map(Cow::Owned).collect(), asks: false }
    }
}

impl<'a> Part<'a> {
    pub(super) fn new(commands: impl IntoIterator<Item = &'a Cmd>, asks: bool) -> Self {
        Self { commands: commands.into_iter().map(Cow::Borrowed).collect(), asks }
    }

    fn pack(&self, out: &mut Vec<u8>) {
        for command in &self.commands {
            if self.asks {
                cmd("ASKING").write_packed_command(out);
            }
            command.write_packed_command(out);
        }
    }
}

impl Sendable for Part<'_> {
    type Reply = Vec<Result<Value>>;

    async fn send_on(&self, connection: &Connection, deadline: Option<Deadline>) -> Result<Self::Reply> {
        let each = if self.asks { 2 } else { 1 };
        let count = self.commands.len() * each;
        let replies = connection.submit(count, deadline, |out| self.pack(out)).await?;
        Ok(replies.into_iter().skip(each - 1).step_by(each).collect())
    }

    fn wants_login(outcome: &Result<Self::Reply>) -> bool {
        matches!(outcome, Ok(replies) if replies.iter().all(Cmd::wants_login))
    }
}
