//! Reads a line where no caller does: between commands, for logins of the runtime's own, and at its end.

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::super::reply::disconnected;
use super::super::runner::{Runner, Watch};
use super::line::Line;
use crate::error::Error;

/// A connection that rests for this long is watched; while callers come and go this would only be in their way.
const REST: Duration = Duration::from_millis(100);
/// How long a connection that nobody holds any more may take to answer.
const GOODBYE: Duration = Duration::from_millis(500);
/// How often it is asked then whether replies are still waited for.
const STILL_AWAITED: Duration = Duration::from_millis(10);

/// `StandIn` runs on the runtime for as long as the line lives, mostly asleep. Dropping it ends the connection.
pub(in crate::client) struct StandIn {
    line: Arc<Line>,
    runner: Arc<dyn Runner>,
}

impl StandIn {
    pub(in crate::client) fn new(line: Arc<Line>, runner: Arc<dyn Runner>) -> Self {
        Self { line, runner }
    }

    pub(in crate::client) async fn run(self) {
        while self.is_open() {
            self.rest().await;
            if !self.is_open() {
                break;
            }
            if let Err(error) = self.serve().await {
                self.line.end(disconnected(error));
            }
        }
        self.part().await;
    }

    fn is_open(&self) -> bool {
        let shared = self.line.shared();
        !shared.is_closing() && !shared.has_ended()
    }

    fn is_needed(&self) -> bool {
        self.line.is_unattended() || !self.line.is_watched() && self.line.is_quiet(REST)
    }

    /// Until nobody else sees to the connection. An event loop does not see to the time of its calls: a timer of its own
    /// would cost it something at each turn.
    async fn rest(&self) {
        while self.is_open() && !self.is_needed() {
            let next = self.line.expire();
            let due = if self.line.is_watched() { next } else { Some(REST) };
            tokio::select! {
                () = self.line.changed.notified() => {}
                () = self.runner.sleep(due.unwrap_or_default()), if due.is_some() => {}
            }
        }
    }

    /// Until callers are back.
    async fn serve(&self) -> io::Result<()> {
        if self.line.is_quiet(REST) {
            self.line.give_back();
        }
        let socket = Arc::clone(&self.line);
        let mut reading = Reading { line: &self.line, watch: self.runner.watch(socket)?, waiting: None };
        while self.is_open() && self.is_needed() {
            let next = self.line.expire();
            let due = self.runner.sleep(next.unwrap_or(REST));
            tokio::select! {
                came = poll_fn(|context| reading.poll(context)) => came?,
                () = self.line.changed.notified() => {}
                () = due, if next.is_some() => {}
            }
        }
        Ok(())
    }

    /// Replies that somebody waits for may still come, for a moment.
    async fn part(&self) {
        let end = self.runner.now() + GOODBYE;
        let shared = self.line.shared();
        while !shared.has_ended() && shared.is_awaited() && self.runner.now() < end {
            self.line.read_if_free();
            self.runner.sleep(STILL_AWAITED).await;
        }
        if !shared.has_ended() {
            self.line.say_goodbye();
            self.line.end(Error::closed("connection"));
        }
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.line.end(disconnected("the runtime that watched it has ended"));
    }
}

/// Reads what comes, in turn with callers.
struct Reading<'a> {
    line: &'a Line,
    watch: Box<dyn Watch>,
    /// In line for the turn to read.
    waiting: Option<Waker>,
}

impl Reading<'_> {
    /// Ready when something was read or written.
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stirred = self.watch.poll_stirred(context, self.line.is_choked())?;
        if stirred.is_pending() && self.waiting.is_none() {
            return Poll::Pending;
        }
        if self.line.is_choked() {
            self.line.flush_rest();
        }
        let Some(turn) = self.line.turn(context.waker()) else {
            self.waiting = Some(context.waker().clone());
            return Poll::Pending;
        };
        self.waiting = None;
        turn.drain();
        Poll::Ready(Ok(()))
    }
}

impl Drop for Reading<'_> {
    fn drop(&mut self) {
        if let Some(waiting) = &self.waiting {
            self.line.leave(waiting);
        }
    }
}
