//! One server and the connection to it that all callers share: in use, replaced, waited for.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::connection::Connection;
use super::pace;
use super::runner::{Runner, Task};
use super::sendable::Sendable;
use super::session::{self, Ending, Session};
use super::wire::Deadline;
use crate::config::Address;
use crate::error::{Error, Result};

/// Connections that live shorter than this, one after the other, are made with growing pauses.
const SHORT_LIFE: Duration = Duration::from_secs(5);

/// What a connection is for.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// In the order in which they are tried.
    pub(super) addresses: Vec<Address>,
    /// Whether a replica is asked to answer by itself (`READONLY`).
    pub(super) reads_replica: bool,
}

/// The connection, or why there is none.
#[derive(Clone)]
enum Link {
    Up(Arc<Connection>),
    Down(Option<Error>),
    Closed,
}

/// `Node` keeps one logged-in connection to its target for as long as it is open.
pub(super) struct Node {
    session: Arc<Session>,
    target: Target,
    link: watch::Sender<Link>,
    supervisor: Mutex<Option<Task>>,
}

impl Node {
    /// Ends when the first connection is logged in.
    ///
    /// # Errors
    /// What the first connection failed with; nothing is left behind then.
    pub(super) async fn connect(session: &Arc<Session>, target: Target) -> Result<Arc<Self>> {
        let runner = session.runner()?;
        let connection = session.establish(&target, &runner).await?;
        Ok(Self::with(session, target, connection, &runner))
    }

    /// Begins with a connection to its target.
    pub(super) fn with(
        session: &Arc<Session>,
        target: Target,
        connection: Arc<Connection>,
        runner: &Arc<dyn Runner>,
    ) -> Arc<Self> {
        let node = Self::unconnected(session, target);
        node.link.send_replace(Link::Up(Arc::clone(&connection)));
        *node.supervisor() = Some(node.supervise(runner, Some(connection)));
        node
    }

    /// Connects when it is first needed. No I/O.
    pub(super) fn lazy(session: &Arc<Session>, target: Target) -> Arc<Self> {
        Self::unconnected(session, target)
    }

    fn unconnected(session: &Arc<Session>, target: Target) -> Arc<Self> {
        Arc::new(Self {
            session: Arc::clone(session),
            target,
            link: watch::Sender::new(Link::Down(None)),
            supervisor: Mutex::default(),
        })
    }

    /// What its connection is for.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// Connects in the background, unless somebody saw to that before.
    pub(super) fn start(self: &Arc<Self>, runner: &Arc<dyn Runner>) {
        let mut supervisor = self.supervisor();
        if supervisor.is_none() && !matches!(*self.link.borrow(), Link::Closed) {
            *supervisor = Some(self.supervise(runner, None));
        }
    }

    fn supervise(self: &Arc<Self>, runner: &Arc<dyn Runner>, connection: Option<Arc<Connection>>) -> Task {
        runner.spawn(Box::pin(supervise(Arc::clone(self), Arc::clone(runner), connection)))
    }

    /// Sends something on the connection, and once more after healing where the server says that nothing of it
    /// ran for want of a login.
    pub(super) async fn send<S: Sendable>(
        self: &Arc<Self>,
        what: &S,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<S::Reply> {
        let connection = match self.connected() {
            Some(connection) => connection,
            None => {
                self.start(runner);
                let late = || self.timed_out(deadline.within);
                session::by(deadline, &**runner, self.connection(), late).await?
            }
        };
        self.send_over(&connection, what, deadline, runner).await
    }

    /// [`send`](Self::send) on this connection.
    pub(super) async fn send_over<S: Sendable>(
        &self,
        connection: &Connection,
        what: &S,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<S::Reply> {
        let login = connection.login();
        let outcome = what.send_on(connection, deadline).await;
        if !S::wants_login(&outcome) {
            return outcome;
        }
        let healed_and_sent = async {
            self.session.heal(connection, login, &**runner).await?;
            what.send_on(connection, deadline).await
        };
        let late = || self.timed_out(deadline.within);
        session::by(deadline, &**runner, healed_and_sent, late).await
    }

    /// What to say where there was no connection within this time.
    pub(super) fn timed_out(&self, within: Duration) -> Error {
        // Where there was no connection all the while, why there is none says more than the time that passed.
        match &*self.link.borrow() {
            Link::Down(Some(error)) => error.clone(),
            _ => session::timed_out(within),
        }
    }

    /// The connection, where there is one.
    pub(super) fn connected(&self) -> Option<Arc<Connection>> {
        match &*self.link.borrow() {
            Link::Up(connection) if !connection.has_ended() => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// The connection, waiting for the next one while the network is down; but not while no login can be made:
    /// that is said at once.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>> {
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
    async fn reconnect(&self, runner: &Arc<dyn Runner>, old: Option<&Connection>) -> Arc<Connection> {
        let mut attempt = 0;
        loop {
            let error = match self.session.establish(&self.target, runner).await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            attempt += 1;
            tracing::warn!(attempt, "no connection: {error}");
            let pause = pace::pause(&error, attempt, &self.session.settings.retry, rand::random());
            if old.is_none_or(Connection::has_ended) {
                self.set_link(Link::Down(Some(error)));
            }
            runner.sleep(pause).await;
        }
    }

    /// A node that was closed stays closed.
    fn set_link(&self, new: Link) {
        self.link.send_if_modified(|link| {
            let is_open = !matches!(link, Link::Closed);
            if is_open {
                *link = new;
            }
            is_open
        });
    }

    /// Ends the background work; replies that are under way may still come, for a moment.
    pub(super) fn close(&self, ending: &Ending) {
        match ending {
            Ending::Inherited => std::mem::forget(self.supervisor().take()),
            Ending::Here => {
                if let Link::Up(connection) = self.link.send_replace(Link::Closed) {
                    connection.close();
                }
                drop(self.supervisor().take());
            }
        }
    }

    fn supervisor(&self) -> std::sync::MutexGuard<'_, Option<Task>> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tends the connection, and replaces it when it ends or cannot be kept logged in.
async fn supervise(node: Arc<Node>, runner: Arc<dyn Runner>, first: Option<Arc<Connection>>) {
    let mut connection = match first {
        Some(connection) => connection,
        None => {
            let connection = node.reconnect(&runner, None).await;
            node.set_link(Link::Up(Arc::clone(&connection)));
            connection
        }
    };
    let mut short_lives = 0;
    loop {
        let born = runner.now();
        node.session.tend(&connection, &*runner).await;
        if connection.has_ended() {
            node.set_link(Link::Down(None));
        }
        short_lives = if runner.now() - born < SHORT_LIFE { short_lives + 1 } else { 0 };
        if short_lives > 1 {
            let pause = pace::reconnect(&node.session.settings.retry, short_lives - 1, rand::random());
            runner.sleep(pause).await;
        }
        connection = node.reconnect(&runner, Some(&connection)).await;
        node.session.counts.reconnects.fetch_add(1, Relaxed);
        node.set_link(Link::Up(Arc::clone(&connection)));
    }
}
