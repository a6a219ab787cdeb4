//! Several commands in one piece.

use keyrotor_proto::Code;
use redis::{Cmd, Pipeline, cmd};

use super::{blocking, command};
use crate::error::{Error, Result};

/// Commands that are sent together; atomic ones run as a transaction.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    pipeline: Pipeline,
    is_atomic: bool,
}

impl Batch {
    /// Commands that are sent together and answered one by one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Commands between MULTI and EXEC.
    pub fn atomic() -> Self {
        Self { pipeline: Pipeline::new(), is_atomic: true }
    }

    /// Adds a command.
    ///
    /// # Errors
    /// [`Code::CommandUnsupported`](crate::Code::CommandUnsupported) for commands that would take the shared
    /// connection over.
    pub fn add(&mut self, command: Cmd) -> Result<&mut Self> {
        command::check(&command)?;
        // Between MULTI and EXEC nothing waits; elsewhere it would hold up all who share the connection.
        if !self.is_atomic && blocking::wait_of(&command).is_some() {
            let message = "a command that waits at the server would hold up the others of its batch, and all who share \
                           the connection: execute it by itself";
            return Err(Error::new(Code::CommandUnsupported, message));
        }
        self.pipeline.add_command(command);
        Ok(self)
    }

    /// How many commands it holds.
    pub fn len(&self) -> usize {
        self.pipeline.len()
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.pipeline.is_empty()
    }

    pub(super) fn is_atomic(&self) -> bool {
        self.is_atomic
    }

    pub(super) fn commands(&self) -> impl Iterator<Item = &Cmd> {
        self.pipeline.cmd_iter()
    }

    /// How many replies it gets.
    pub(super) fn count(&self) -> usize {
        if self.is_atomic { self.count_atomic() } else { self.len() }
    }

    /// Appends what goes out.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        if self.is_atomic { self.pack_atomic(out) } else { self.pack_commands(out) }
    }

    pub(super) fn count_atomic(&self) -> usize {
        self.len() + 2
    }

    /// Appends its commands between MULTI and EXEC.
    pub(super) fn pack_atomic(&self, out: &mut Vec<u8>) {
        cmd("MULTI").write_packed_command(out);
        self.pack_commands(out);
        cmd("EXEC").write_packed_command(out);
    }

    fn pack_commands(&self, out: &mut Vec<u8>) {
        for command in self.pipeline.cmd_iter() {
            command.write_packed_command(out);
        }
    }
}
