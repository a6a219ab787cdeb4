//! Runs commands on connections of their own; among them those that wait at the server.

use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};

use super::blocking::Wait;
use super::cluster::{Asked, Detour};
use super::own::{Loan, Own};
use super::runner::Runner;
use super::topology::Topology;
use super::wire::Deadline;
use crate::error::Result;

/// How often a command follows a cluster that sends it elsewhere.
const MOVES: u32 = 5;
/// How long a cluster is given to come to rest.
const LATER: Duration = Duration::from_millis(100);

/// One of the waits that a command is cut into.
struct Part {
    command: Option<Cmd>,
    timeout: Option<Duration>,
    is_last: bool,
}

impl Own {
    /// Waits as the command says. A wait that a login's lease does not cover is cut into several, each on a connection
    /// that is logged in for all of it. After `limit` nobody waits any more.
    pub(super) async fn wait(
        self: &Arc<Self>,
        command: &Cmd,
        wait: Wait,
        limit: Option<Deadline>,
        topology: &Topology,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        let ends_at = wait.timeout.and_then(|timeout| runner.now().checked_add(timeout));
        let mut is_first = true;
        loop {
            let mut is_last = false;
            let part_of = |loan: &Loan| {
                let left = ends_at.map(|at| at.saturating_sub(runner.now()));
                let connection = loan.connection()?;
                let lease = self.session.lease_left(connection, &**runner).filter(|_| wait.is_divisible);
                let part = part(command, wait, left, lease, std::mem::take(&mut is_first));
                is_last = part.is_last;
                let deadline = part.timeout.and_then(|timeout| self.deadline(timeout, &**runner));
                Ok((part.command, sooner(deadline, limit)))
            };
            let (loan, reply) = self.send(command, topology, runner, part_of).await?;
            loan.give_back();
            if is_last || reply != Value::Nil {
                return Ok(reply);
            }
        }
    }

    /// Sends a command where its keys are, on a connection of its own, and follows them where a cluster has moved
    /// them. `shape` says what is sent in its place on the connection that was found, and until when.
    pub(super) async fn send(
        self: &Arc<Self>,
        command: &Cmd,
        topology: &Topology,
        runner: &Arc<dyn Runner>,
        mut shape: impl FnMut(&Loan) -> Result<(Option<Cmd>, Option<Deadline>)>,
    ) -> Result<(Loan, Value)> {
        let mut deadline = self.session.deadline(&**runner);
        let mut target = topology.target_for(command, deadline, runner).await?;
        let mut asks = false;
        let mut moves = 0;
        loop {
            let loan = tokio::select! {
                biased;
                loan = self.take(&target, runner) => loan?,
                moved = topology.elsewhere(command, &target, runner) => {
                    (target, asks) = (moved, false);
                    continue;
                }
            };
            let (shaped, by) = shape(&loan)?;
            let sent = shaped.as_ref().unwrap_or(command);
            let connection = loan.connection()?;
            let outcome = match asks {
                true => self.session.send_on(connection, &Asked(sent), by, &**runner).await,
                false => self.session.send_on(connection, sent, by, &**runner).await,
            };
            let error = match outcome {
                Ok(reply) => return Ok((loan, reply)),
                Err(error) => error,
            };
            if error.server_text().is_some() {
                loan.give_back();
            }
            // What waited at the server for longer than that begins anew.
            if runner.now() >= deadline.at {
                deadline = self.session.deadline(&**runner);
                moves = 0;
            }
            moves += 1;
            (target, asks) = match topology.detour(&error, &target, runner) {
                Some(Detour::To { target, asks }) if moves <= MOVES => (target, asks),
                Some(Detour::Later) if runner.now() < deadline.at => {
                    runner.sleep(LATER).await;
                    (topology.target_for(command, deadline, runner).await?, false)
                }
                _ => return Err(error),
            }
        }
    }

    /// The server ends the wait; only where it says nothing for a request's time after that, this does.
    fn deadline(&self, timeout: Duration, runner: &dyn Runner) -> Option<Deadline> {
        let within = timeout.checked_add(self.session.settings.request_timeout)?;
        Some(Deadline { within, at: runner.now().checked_add(within)? })
    }
}

fn sooner(one: Option<Deadline>, other: Option<Deadline>) -> Option<Deadline> {
    one.into_iter().chain(other).min_by_key(|deadline| deadline.at)
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
