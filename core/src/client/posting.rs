//! Calls that nobody waits for: their outcomes go to the mailbox of a host's event loop.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Weak};

use redis::{Cmd, ToRedisArgs};

use super::batch::Batch;
use super::cluster::{Request, Sent};
use super::connection::{Connection, LoginRecord};
use super::hosted::{Letter, Mailbox, Outcome};
use super::runner::{Runner, Task};
use super::session::{self, Place, Session};
use super::wire::{Deadline, Replies, Told};
use super::{CallOptions, Client, Routing, Script, blocking, command};
use crate::error::{Error, Result};

/// A call under way. Dropping it gives up its place among those in flight; and the call itself, where
/// [that is possible](Self::ends_when_dropped).
#[must_use = "dropping it gives the call up"]
pub struct Posted {
    _place: Option<Place>,
    task: Option<Task>,
    is_unsent: bool,
}

impl Posted {
    /// Whether it goes out with the next flush of the connections.
    pub fn is_unsent(&self) -> bool {
        self.is_unsent
    }

    /// Whether the call ends when this is dropped. Others run on, and their outcome comes all the same.
    pub fn ends_when_dropped(&self) -> bool {
        self.task.is_some()
    }
}

impl Client {
    /// Sends a command of an event loop's, whose mailbox gets the outcome under `number`. Does not wait.
    ///
    /// # Errors
    /// [`Code::CommandUnsupported`](crate::Code::CommandUnsupported), [`Code::RequestLimit`](crate::Code::RequestLimit),
    /// [`Code::Closed`](crate::Code::Closed); the mailbox gets nothing then.
    pub fn post(&self, command: Cmd, number: u64) -> Result<Posted> {
        command::check(&command)?;
        let may_share = blocking::wait_of(&command).is_none();
        let run = |client: Self, command: Cmd| async move { client.execute(&command).await };
        self.post_any(command, 1, number, may_share, run)
    }

    /// [`post`](Self::post) for a batch.
    ///
    /// # Errors
    /// As [`post`](Self::post).
    pub fn post_batch(&self, batch: Batch, number: u64) -> Result<Posted> {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let run = |client: Self, batch: Batch| async move { client.execute_batch(&batch).await };
        let may_share = !batch.is_empty();
        self.post_any(batch, count, number, may_share, run)
    }

    /// [`post`](Self::post) for [`execute_script_with`](Self::execute_script_with).
    ///
    /// # Errors
    /// [`Code::Closed`](crate::Code::Closed); the mailbox gets nothing then.
    pub fn post_script<K, A>(
        &self,
        script: Script,
        keys: Vec<K>,
        arguments: Vec<A>,
        options: CallOptions,
        number: u64,
    ) -> Result<Posted>
    where
        K: ToRedisArgs + Send + Sync + 'static,
        A: ToRedisArgs + Send + Sync + 'static,
    {
        let client = self.clone();
        self.post_work(number, async move {
            client.execute_script_with(&script, &keys, &arguments, &options).await
        })
    }

    /// [`post`](Self::post) for [`execute_on`](Self::execute_on).
    ///
    /// # Errors
    /// [`Code::Closed`](crate::Code::Closed); the mailbox gets nothing then.
    pub fn post_on(&self, command: Cmd, routing: Routing, number: u64) -> Result<Posted> {
        let client = self.clone();
        self.post_work(number, async move { client.execute_on(&command, &routing).await })
    }

    /// [`post`](Self::post) for [`execute_with`](Self::execute_with).
    ///
    /// # Errors
    /// [`Code::Closed`](crate::Code::Closed); the mailbox gets nothing then.
    pub fn post_with(&self, command: Cmd, options: CallOptions, number: u64) -> Result<Posted> {
        let client = self.clone();
        self.post_work(number, async move { client.execute_with(&command, &options).await })
    }

    /// [`post`](Self::post) for [`execute_batch_with`](Self::execute_batch_with).
    ///
    /// # Errors
    /// [`Code::Closed`](crate::Code::Closed); the mailbox gets nothing then.
    pub fn post_batch_with(&self, batch: Batch, options: CallOptions, number: u64) -> Result<Posted> {
        let client = self.clone();
        self.post_work(number, async move { client.execute_batch_with(&batch, &options).await })
    }

    /// On the connection that is at hand; else on keyrotor's runtime, where it can wait for one.
    fn post_any<S, F>(
        &self,
        mut what: S,
        count: u64,
        number: u64,
        may_share: bool,
        run: impl FnOnce(Self, S) -> F,
    ) -> Result<Posted>
    where
        S: Request + Send + 'static,
        F: Future<Output = Result<S::Reply>> + Send + 'static,
        Outcome: From<Result<S::Reply>>,
    {
        let session = &self.handle.session;
        let runner = session.runner()?;
        let mailbox = session.mailbox()?;
        if may_share && let Some((connection, sent)) = self.handle.topology.at_hand(&what, &runner) {
            let place = session.place()?;
            let deadline = session.deadline(&*runner);
            let ticket = Ticket::new(session, &connection, sent, what, deadline, mailbox, number);
            match connection.post(Box::new(ticket)) {
                Ok(is_sent) => {
                    session.counts.commands.fetch_add(count, Relaxed);
                    return Ok(Posted { _place: Some(place), task: None, is_unsent: !is_sent });
                }
                Err(ticket) => what = ticket.what,
            }
        }
        self.post_work(number, run(self.clone(), what))
    }

    /// On keyrotor's runtime.
    fn post_work<T>(
        &self,
        number: u64,
        work: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<Posted>
    where
        Outcome: From<Result<T>>,
    {
        let session = &self.handle.session;
        let mailbox = Arc::clone(session.mailbox()?);
        let task = session.runner()?.spawn(Box::pin(async move {
            let outcome = work.await;
            mailbox.put(Letter::Outcome(number, outcome.into()));
        }));
        Ok(Posted { _place: None, task: Some(task), is_unsent: false })
    }
}

impl Session {
    /// # Errors
    /// Where the client is not one of an event loop's.
    fn mailbox(&self) -> Result<&Arc<Mailbox>> {
        self.hosting.mailbox().ok_or_else(|| Error::internal("a client without a mailbox"))
    }
}

/// A call on a connection, and what it takes to send it once more.
pub(super) struct Ticket<S> {
    session: Arc<Session>,
    connection: Weak<Connection>,
    /// Of a cluster.
    sent: Option<Sent>,
    login: LoginRecord,
    what: S,
    deadline: Deadline,
    mailbox: Arc<Mailbox>,
    number: u64,
}

impl<S: Request + Send + 'static> Ticket<S>
where
    Outcome: From<Result<S::Reply>>,
{
    fn new(
        session: &Arc<Session>,
        connection: &Arc<Connection>,
        sent: Option<Sent>,
        what: S,
        deadline: Deadline,
        mailbox: &Arc<Mailbox>,
        number: u64,
    ) -> Self {
        Self {
            session: Arc::clone(session),
            connection: Arc::downgrade(connection),
            sent,
            login: connection.login(),
            what,
            deadline,
            mailbox: Arc::clone(mailbox),
            number,
        }
    }

    pub(super) fn deadline(&self) -> Deadline {
        self.deadline
    }

    pub(super) fn what(&self) -> &S {
        &self.what
    }

    fn is_about_place(&self, error: &Error) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.is_about_place(error))
    }

    fn end(self, outcome: Result<S::Reply>) {
        let outcome = outcome.map_err(|error| self.session.or_closed(error));
        if let Err(error) = &outcome {
            let count = u64::try_from(self.what.replies()).unwrap_or(u64::MAX);
            self.session.count_failure(count, error);
        }
        self.mailbox.put(Letter::Outcome(self.number, outcome.into()));
    }

    /// Sees in the background to what nothing of ran, or to what is to be learned of how it ended.
    fn go_on(self, outcome: Result<S::Reply>) {
        let Ok(runner) = self.session.runner() else { return self.end(outcome) };
        let spawner = Arc::clone(&runner);
        let work = async move {
            let within = self.deadline.within;
            let outcome = self.gone_on(outcome, &runner);
            let outcome = session::by(self.deadline, &*runner, outcome, || session::timed_out(within)).await;
            self.end(outcome);
        };
        spawner.spawn(Box::pin(work)).detach();
    }

    async fn gone_on(&self, outcome: Result<S::Reply>, runner: &Arc<dyn Runner>) -> Result<S::Reply> {
        if let Some(sent) = &self.sent {
            return sent.go_on(&self.what, outcome, self.deadline, runner).await;
        }
        // The server forgot the login.
        let Some(connection) = self.connection.upgrade() else { return outcome };
        let deadline = Some(self.deadline);
        self.session.heal_and_send(&connection, self.login, &self.what, deadline, &**runner).await
    }
}

impl<S: Request + Send + 'static> Told for Ticket<S>
where
    Outcome: From<Result<S::Reply>>,
{
    fn tell(self: Box<Self>, outcome: Result<Replies>) {
        let outcome = outcome.and_then(|replies| self.what.reply(replies));
        let is_about_place = outcome.as_ref().is_err_and(|error| self.is_about_place(error));
        if is_about_place || S::wants_login(&outcome) { self.go_on(outcome) } else { self.end(outcome) }
    }
}
