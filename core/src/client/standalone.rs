//! A client of one server: the connection in use, who replaces it, and who waits for it.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keyrotor_proto::Code;
use redis::{Cmd, Value};
use rustls::ClientConfig;
use tokio::sync::watch;

use super::batch::Batch;
use super::connection::{Connection, Sendable};
use super::runner::{Runner, Task, TokioRunner};
use super::{command, pace, tls};
use crate::config::{Lease, Settings};
use crate::error::{Error, Result};
use crate::manager::TokenManager;

/// What a client did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientStats {
    /// Commands, batches counting one for each of theirs.
    pub commands: u64,
    /// Commands that ended in an error that was not the server's answer to them.
    pub failures: u64,
    /// Logins on a live connection.
    pub reauths: u64,
    /// Connections made after the first.
    pub reconnects: u64,
    /// Commands that wait for a reply.
    pub in_flight: u64,
}

#[derive(Default)]
pub(super) struct Counts {
    commands: AtomicU64,
    failures: AtomicU64,
    pub(super) reauths: AtomicU64,
    reconnects: AtomicU64,
    in_flight: AtomicU64,
}

/// The connection, or why there is none.
#[derive(Clone)]
enum Link {
    Up(Arc<Connection>),
    Down(Option<Error>),
    Closed,
}

/// Where the client runs.
struct Work(Arc<dyn Runner>);

pub(super) struct Standalone {
    pub(super) settings: Settings,
    pub(super) manager: Option<TokenManager>,
    pub(super) lease: Lease,
    is_token: bool,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// There until the close, and with whoever waits for a reply.
    runner: ArcSwapOption<Work>,
    pub(super) counts: Counts,
    link: watch::Sender<Link>,
    supervisor: Mutex<Option<Task>>,
}

impl Standalone {
    pub(super) async fn connect(mut settings: Settings) -> Result<Arc<Self>> {
        let tls = settings.tls.as_ref().map(tls::client_config).transpose()?;
        let login = settings.login.take();
        // Logging in before the server cuts is background work.
        let tended = login.as_ref().filter(|login| !login.refresh.is_lazy());
        let lease = tended.map_or(Lease::Forever, |login| login.lease);
        let is_token = login.as_ref().is_some_and(|login| login.is_token);
        let manager = login
            .map(|login| TokenManager::with_source(login.source, login.refresh, login.interval_field))
            .transpose()?;
        if manager.is_none() {
            tracing::warn!("no credentials: the connection is not logged in");
        }
        let runner: Arc<dyn Runner> = Arc::new(TokioRunner::find()?);
        let client = Arc::new(Self {
            settings,
            manager,
            lease,
            is_token,
            tls,
            runner: ArcSwapOption::from_pointee(Work(Arc::clone(&runner))),
            counts: Counts::default(),
            link: watch::Sender::new(Link::Down(None)),
            supervisor: Mutex::default(),
        });
        let connection = client.establish(&runner).await?;
        client.link.send_replace(Link::Up(Arc::clone(&connection)));
        let supervising = supervise(Arc::clone(&client), Arc::clone(&runner), connection);
        *client.supervisor() = Some(runner.spawn(Box::pin(supervising)));
        Ok(client)
    }

    pub(super) fn has_tokens(&self) -> bool {
        self.is_token
    }

    pub(super) fn token_manager(&self) -> Option<&TokenManager> {
        self.manager.as_ref()
    }

    pub(super) async fn execute(&self, command: &Cmd) -> Result<Value> {
        command::check(command)?;
        let runner = self.runner()?;
        self.counted(1, &*runner, self.attempt(command, &*runner)).await
    }

    pub(super) async fn execute_batch(&self, batch: &Batch) -> Result<Vec<Result<Value>>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let runner = self.runner()?;
        self.counted(count, &*runner, self.attempt(batch, &*runner)).await
    }

    /// Sends something on the connection, and once more after healing where the server says that nothing of it
    /// ran for want of a login.
    async fn attempt<S: Sendable>(&self, what: &S, runner: &dyn Runner) -> Result<S::Reply> {
        let connection = self.connection().await?;
        let login = connection.login();
        let outcome = what.send_on(&connection).await;
        if !S::wants_login(&outcome) {
            return outcome;
        }
        self.heal(&connection, login, runner).await?;
        what.send_on(&connection).await
    }

    async fn counted<T>(
        &self,
        count: u64,
        runner: &dyn Runner,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let _place = self.place()?;
        self.counts.commands.fetch_add(count, Relaxed);
        let outcome = tokio::select! {
            biased;
            outcome = work => outcome.map_err(|error| self.or_closed(error)),
            () = runner.sleep(self.settings.request_timeout) => Err(self.timed_out()),
        };
        if let Err(error) = &outcome
            && error.code() != Code::ServerError
        {
            self.counts.failures.fetch_add(count, Relaxed);
        }
        outcome
    }

    fn place(&self) -> Result<Place<'_>> {
        let before = self.counts.in_flight.fetch_add(1, Relaxed);
        let place = Place(&self.counts.in_flight);
        match self.settings.inflight_limit {
            Some(limit) if usize::try_from(before).unwrap_or(usize::MAX) >= limit => Err(Error::new(
                Code::RequestLimit,
                format!(
                    "{limit} requests are in flight, which is the limit; wait, or raise inflight_requests_limit"
                ),
            )),
            _ => Ok(place),
        }
    }

    fn runner(&self) -> Result<Arc<dyn Runner>> {
        let work = self.runner.load();
        let Some(work) = work.as_ref() else { return Err(Error::closed("client")) };
        if work.0.is_inherited() {
            let message = "this client belongs to the process that was forked; connect anew in the child";
            return Err(Error::new(Code::Closed, message));
        }
        Ok(Arc::clone(&work.0))
    }

    /// A reply that did not come since the client was closed.
    fn or_closed(&self, error: Error) -> Error {
        let is_closed = error.code() == Code::NetworkDisconnected && self.runner.load().is_none();
        if is_closed { Error::closed("client") } else { error }
    }

    fn timed_out(&self) -> Error {
        // Where there was no connection all the while, why there is none says more than the time that passed.
        match &*self.link.borrow() {
            Link::Down(Some(error)) => error.clone(),
            _ => Error::new(
                Code::RequestTimeout,
                format!(
                    "no reply within {} ms; whether the command ran is not known. Raise request_timeout, or look at \
                     the server",
                    self.settings.request_timeout.as_millis()
                ),
            ),
        }
    }

    /// The connection, waiting for the next one while the network is down; but not while no login can be made:
    /// that is said at once.
    async fn connection(&self) -> Result<Arc<Connection>> {
        if let Link::Up(connection) = &*self.link.borrow()
            && !connection.has_ended()
        {
            return Ok(Arc::clone(connection));
        }
        let mut link = self.link.subscribe();
        loop {
            match &*link.borrow_and_update() {
                Link::Up(connection) if !connection.has_ended() => return Ok(Arc::clone(connection)),
                Link::Down(Some(error)) if error.is_about_login() => return Err(error.clone()),
                Link::Closed => return Err(Error::closed("client")),
                Link::Up(_) | Link::Down(_) => {}
            }
            if link.changed().await.is_err() {
                return Err(Error::closed("client"));
            }
        }
    }

    /// A connection in place of `old`, which serves for as long as it lives.
    async fn reconnect(&self, runner: &Arc<dyn Runner>, old: &Connection) -> Arc<Connection> {
        let mut attempt = 0;
        loop {
            let error = match self.establish(runner).await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            attempt += 1;
            tracing::warn!(attempt, "no connection: {error}");
            let pause = pace::pause(&error, attempt, &self.settings.retry, rand::random());
            if old.has_ended() {
                self.set_link(Link::Down(Some(error)));
            }
            runner.sleep(pause).await;
        }
    }

    /// A client that was closed stays closed.
    fn set_link(&self, new: Link) {
        self.link.send_if_modified(|link| {
            let is_open = !matches!(link, Link::Closed);
            if is_open {
                *link = new;
            }
            is_open
        });
    }

    pub(super) fn stats(&self) -> ClientStats {
        ClientStats {
            commands: self.counts.commands.load(Relaxed),
            failures: self.counts.failures.load(Relaxed),
            reauths: self.counts.reauths.load(Relaxed),
            reconnects: self.counts.reconnects.load(Relaxed),
            in_flight: self.counts.in_flight.load(Relaxed),
        }
    }

    pub(super) fn close(&self) {
        let work = self.runner.swap(None);
        if work.as_ref().is_some_and(|work| work.0.is_inherited()) {
            // Everything behind it is the parent's: letting go of it would wake, and close, what the parent uses.
            std::mem::forget((work, self.supervisor().take()));
            return;
        }
        if let Link::Up(connection) = self.link.send_replace(Link::Closed) {
            connection.close();
        }
        drop(self.supervisor().take());
        if let Some(manager) = &self.manager {
            manager.close();
        }
    }

    fn supervisor(&self) -> std::sync::MutexGuard<'_, Option<Task>> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connections that live shorter than this, one after the other, are made with growing pauses.
const SHORT_LIFE: Duration = Duration::from_secs(5);

/// Tends the connection, and replaces it when it ends or cannot be kept logged in.
async fn supervise(client: Arc<Standalone>, runner: Arc<dyn Runner>, mut connection: Arc<Connection>) {
    let mut short_lives = 0;
    loop {
        let born = runner.now();
        client.tend(&connection, &*runner).await;
        if connection.has_ended() {
            client.set_link(Link::Down(None));
        }
        short_lives = if runner.now() - born < SHORT_LIFE { short_lives + 1 } else { 0 };
        if short_lives > 1 {
            runner.sleep(pace::reconnect(&client.settings.retry, short_lives - 1, rand::random())).await;
        }
        connection = client.reconnect(&runner, &connection).await;
        client.counts.reconnects.fetch_add(1, Relaxed);
        client.set_link(Link::Up(Arc::clone(&connection)));
    }
}

/// A request in flight.
struct Place<'a>(&'a AtomicU64);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
