//! What a caller wants of one call, where that differs from what its request says of all.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;
use redis::{Cmd, ToRedisArgs, Value};

use super::blocking::{self, Wait};
use super::cluster::{Request, Routing};
use super::pace::ShortLives;
use super::runner::Runner;
use super::session::{self, Session};
use super::wire::Deadline;
use super::{Batch, Client, Handle, Script, command};
use crate::error::{Error, Result};

/// Options of one call; the default is what the request says.
///
/// ```no_run
/// # async fn example(client: keyrotor::Client) -> Result<(), keyrotor::Error> {
/// use std::time::Duration;
///
/// use keyrotor::{CallOptions, cmd};
///
/// let options = CallOptions::new().timeout(Duration::from_millis(50)).idempotent();
/// client.execute_with(cmd("GET").arg("key"), &options).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallOptions {
    routing: Option<Routing>,
    timeout: Option<Duration>,
    is_idempotent: bool,
}

impl CallOptions {
    /// Those of the request.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where it goes, instead of where its name and its keys say. A batch goes to one node.
    #[must_use]
    pub fn routing(mut self, routing: Routing) -> Self {
        self.routing = Some(routing);
        self
    }

    /// How long it may take in all, instead of the request's timeout; more than nothing. A command that waits at the
    /// server waits no longer than this, whatever it says itself.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Running it twice does no harm. So it is sent again when the connection was lost while it was under way, for as
    /// long as its time allows, where it would have ended with
    /// [`Code::NetworkDisconnected`](crate::Code::NetworkDisconnected). A batch is sent again as a whole.
    #[must_use]
    pub fn idempotent(mut self) -> Self {
        self.is_idempotent = true;
        self
    }

    /// Whether these are the request's.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// The time of a call that begins now.
    fn deadline(&self, session: &Session, runner: &dyn Runner) -> Result<Deadline> {
        let Some(within) = self.timeout else { return Ok(session.deadline(runner)) };
        if within.is_zero() {
            return Err(Error::new(Code::ArgumentInvalid, "a call's timeout has to be more than nothing"));
        }
        Ok(Deadline::of(within, runner.now()))
    }

    /// Whether what was cut off is sent again, and then after a pause where it keeps being cut off at once. `until`,
    /// unset: for ever.
    async fn sends_again(&self, session: &Session, until: Option<Duration>, cuts: &mut Cuts<'_>) -> bool {
        let is_over = || until.is_some_and(|until| cuts.runner.now() >= until);
        if !self.is_idempotent || session.is_closed() || is_over() {
            return false;
        }
        if let Some(pause) = cuts.lives.pause_after(cuts.runner.now() - cuts.began, &session.settings.retry) {
            cuts.runner.sleep(pause).await;
        }
        cuts.began = cuts.runner.now();
        true
    }
}

/// Attempts that were cut off, one after the other.
struct Cuts<'a> {
    runner: &'a dyn Runner,
    began: Duration,
    lives: ShortLives,
}

impl<'a> Cuts<'a> {
    fn from_now(runner: &'a dyn Runner) -> Self {
        Self { runner, began: runner.now(), lives: ShortLives::default() }
    }
}

impl Client {
    /// [`execute`](Self::execute) with options of its own.
    ///
    /// # Errors
    /// As [`execute`](Self::execute) and [`execute_on`](Self::execute_on);
    /// [`Code::RequestTimeout`](crate::Code::RequestTimeout) where its timeout is over: whether it ran is not known then.
    pub async fn execute_with(&self, command: &Cmd, options: &CallOptions) -> Result<Value> {
        let session = &self.handle.session;
        let runner = session.runner()?;
        let deadline = options.deadline(session, &*runner)?;
        self.execute_by(command, options, deadline, &runner).await
    }

    /// [`execute_batch`](Self::execute_batch) with options of its own.
    ///
    /// # Errors
    /// As [`execute_batch`](Self::execute_batch) and [`execute_with`](Self::execute_with);
    /// [`Code::ArgumentInvalid`](crate::Code::ArgumentInvalid) where it should go to all nodes.
    pub async fn execute_batch_with(
        &self,
        batch: &Batch,
        options: &CallOptions,
    ) -> Result<Vec<Result<Value>>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let Handle { session, topology, .. } = &*self.handle;
        let runner = session.runner()?;
        let deadline = options.deadline(session, &*runner)?;
        let work = async {
            let mut cuts = Cuts::from_now(&*runner);
            loop {
                let outcome = match &options.routing {
                    Some(routing) => topology.send_batch_on(batch, routing, deadline, &runner).await,
                    None => topology.send(batch, deadline, &runner).await,
                };
                if !Batch::was_cut(&outcome)
                    || !options.sends_again(session, Some(deadline.at), &mut cuts).await
                {
                    return outcome;
                }
            }
        };
        session.counted(u64::try_from(batch.len()).unwrap_or(u64::MAX), work).await
    }

    /// [`execute_script`](Self::execute_script) with options of its own. Its timeout is that of both ways of sending it.
    ///
    /// # Errors
    /// As [`execute_with`](Self::execute_with).
    pub async fn execute_script_with<K: ToRedisArgs, A: ToRedisArgs>(
        &self,
        script: &Script,
        keys: &[K],
        arguments: &[A],
        options: &CallOptions,
    ) -> Result<Value> {
        let session = &self.handle.session;
        let runner = session.runner()?;
        let deadline = options.deadline(session, &*runner)?;
        let by_digest = script.by_digest(keys, arguments);
        match self.execute_by(&by_digest, options, deadline, &runner).await {
            Err(error) if error.server_text().is_some_and(|text| text.starts_with("NOSCRIPT")) => {
                self.execute_by(&script.whole(keys, arguments), options, deadline, &runner).await
            }
            other => other,
        }
    }

    async fn execute_by(
        &self,
        command: &Cmd,
        options: &CallOptions,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        command::check(command)?;
        let session = &self.handle.session;
        let until = match blocking::wait_of(command).filter(|_| options.timeout.is_none()) {
            // It takes as long as it says itself.
            Some(wait) => wait.timeout.map(|timeout| deadline.at.saturating_add(timeout)),
            None => Some(deadline.at),
        };
        let work = async {
            let mut cuts = Cuts::from_now(&**runner);
            loop {
                let outcome = self.attempt(command, options, deadline, runner).await;
                if !Cmd::was_cut(&outcome) || !options.sends_again(session, until, &mut cuts).await {
                    return outcome;
                }
            }
        };
        session.counted(1, work).await
    }

    async fn attempt(
        &self,
        command: &Cmd,
        options: &CallOptions,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        let topology = &self.handle.topology;
        match (blocking::wait_of(command), &options.routing) {
            (None, None) => topology.send(command, deadline, runner).await,
            (None, Some(routing)) => topology.send_on(command, routing, deadline, runner).await,
            (Some(_), Some(_)) => Err(blocking::not_routed()),
            (Some(wait), None) => {
                let limit = options.timeout.map(|_| deadline);
                self.wait_by(command, wait, limit, runner).await
            }
        }
    }

    async fn wait_by(
        &self,
        command: &Cmd,
        wait: Wait,
        limit: Option<Deadline>,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        let Handle { topology, own, .. } = &*self.handle;
        let waiting = own.wait(command, wait, limit, topology, runner);
        match limit {
            None => waiting.await,
            Some(limit) => session::by(limit, &**runner, waiting, || session::timed_out(limit.within)).await,
        }
    }
}
