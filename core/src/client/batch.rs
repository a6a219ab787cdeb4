//! Several commands in one piece.

use std::borrow::Cow;

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

    /// What goes out: an atomic batch between MULTI and EXEC.
    pub(super) fn to_send(&self) -> Cow<'_, Pipeline> {
        if !self.is_atomic {
            return Cow::Borrowed(&self.pipeline);
        }
        let mut wrapped = Pipeline::with_capacity(self.len() + 2);
        wrapped.add_command(cmd("MULTI"));
        for command in self.pipeline.cmd_iter() {
            wrapped.add_command(command.clone());
        }
        wrapped.add_command(cmd("EXEC"));
        Cow::Owned(wrapped)
    }
}
