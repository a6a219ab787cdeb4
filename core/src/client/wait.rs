//! Runs a command that waits at the server, on a connection of its own.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::blocking::Wait;
use super::node::Target;
use super::own::Own;
use super::runner::Runner;
use super::wire::Deadline;
use crate::error::Result;

/// One of the waits that a command is cut into.
struct Part {
    command: Option<Cmd>,
    timeout: Option<Duration>,
    is_last: bool,
}

impl Own {
    /// Waits as the command says. A wait that a login's lease does not cover is cut into several, each on a connection
    /// that is logged in for all of it.
    pub(super) async fn wait(
        self: &Arc<Self>,
        command: &Cmd,
        wait: Wait,
        target: &Target,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        let ends_at = wait.timeout.and_then(|timeout| runner.now().checked_add(timeout));
        let mut is_first = true;
        loop {
            let loan = self.take(target, runner).await?;
            let connection = loan.connection()?;
            let left = ends_at.map(|at| at.saturating_sub(runner.now()));
            let lease = self.session.lease_left(connection, &**runner).filter(|_| wait.is_divisible);
            let part = part(command, wait, left, lease, is_first);
            let deadline = part.timeout.and_then(|timeout| self.deadline(timeout, &**runner));
            let sent = part.command.as_ref().unwrap_or(command);
            let reply = self.session.send_on(connection, sent, deadline, &**runner).await?;
            loan.give_back();
            if part.is_last || reply != Value::Nil {
                return Ok(reply);
            }
            is_first = false;
        }
    }

    /// The server ends the wait; only where it says nothing for a request's time after that, this does.
    fn deadline(&self, timeout: Duration, runner: &dyn Runner) -> Option<Deadline> {
        let within = timeout.checked_add(self.session.settings.request_timeout)?;
        Some(Deadline { within, at: runner.now().checked_add(within)? })
    }
}

fn part(command: &Cmd, wait: Wait, left: Option<Duration>, lease: Option<Duration>, is_first: bool) -> Part {
    match (left, lease) {
        (left, Some(lease)) if left.is_none_or(|left| left > lease) => {
            Part { command: Some(wait.shortened(command, lease)), timeout: Some(lease), is_last: false }
        }
        (Some(left), _) if !is_first => {
            Part { command: Some(wait.shortened(command, left)), timeout: Some(left), is_last: true }
        }
        (left, _) => Part { command: None, timeout: left, is_last: true },
    }
}
