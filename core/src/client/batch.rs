//! Several commands in one piece.

use redis::{Cmd, Pipeline, cmd};

use super::command;
use crate::error::Result;

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
        self.len() + if self.is_atomic { 2 } else { 0 }
    }

    /// Appends what goes out: an atomic batch between MULTI and EXEC.
    pub(super) fn pack(&self, out: &mut Vec<u8>) {
        if self.is_atomic {
            cmd("MULTI").write_packed_command(out);
        }
        for command in self.pipeline.cmd_iter() {
            command.write_packed_command(out);
        }
        if self.is_atomic {
            cmd("EXEC").write_packed_command(out);
        }
    }
}
