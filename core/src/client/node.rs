//! One server and the connection to it that all callers share: in use, replaced, waited for.

use std::sync::{Arc, Mutex, PoisonError};

use super::connection::{Connection, Role};
use super::establish::Patience;
use super::heal::Renewal;
use super::link::Link;
use super::pace::{self, ShortLives};
use super::runner::{Runner, Task};
use super::sendable::Sendable;
use super::session::{self, Ending, Session};
use super::wire::Deadline;
use crate::config::Address;
use crate::error::Result;

/// What a connection is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// In the order in which they are tried.
    pub(super) addresses: Vec<Address>,
    /// Whether a replica is asked to answer by itself (`READONLY`).
    pub(super) reads_replica: bool,
}

/// `Node` keeps one logged-in connection to its target for as long as it is open.
pub(super) struct Node {
    session: Arc<Session>,
    target: Target,
    link: Link,
    supervisor: Mutex<Option<Task>>,
}

impl Node {
    /// Ends when the first connection is logged in.
    ///
    /// # Errors
    /// What the first connection failed with; nothing is left behind then.
    pub(super) async fn connect(session: &Arc<Session>, target: Target) -> Result<Arc<Self>> {
        let runner = session.runner()?;
        let connection = session.establish(&target, Role::Shared, Patience::Fails, &runner).await?;
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
        node.link.set_up(&connection);
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
            link: Link::new(),
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
        if supervisor.is_none() && !self.link.is_closed() {
            *supervisor = Some(self.supervise(runner, None));
        }
    }

    fn supervise(self: &Arc<Self>, runner: &Arc<dyn Runner>, connection: Option<Arc<Connection>>) -> Task {
        runner.spawn(Box::pin(supervise(Arc::clone(self), Arc::clone(runner), connection)))
    }

    /// Who serves as its connection.
    pub(super) fn link(&self) -> &Link {
        &self.link
    }

    /// Sends something on the connection, and once more after healing where the server says that nothing of it
    /// ran for want of a login.
    pub(super) async fn send<S: Sendable>(
        self: &Arc<Self>,
        what: &S,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<S::Reply> {
        let connection = match self.link.connected_at(deadline.began()) {
            Some(connection) => connection,
            None => {
                self.start(runner);
                let late = || self.link.timed_out(deadline.within);
                // What is rare is on the heap: a call is moved about, and stays small.
                Box::pin(session::by(deadline, &**runner, self.link.connection(), late)).await?
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
        let outcome = what.send_on(connection, Some(deadline)).await;
        if !S::wants_login(&outcome) {
            return outcome;
        }
        let healed_and_sent = self.session.heal_and_send(connection, login, what, Some(deadline), &**runner);
        let late = || self.link.timed_out(deadline.within);
        Box::pin(session::by(deadline, &**runner, healed_and_sent, late)).await
    }

    /// The connection, where there is one.
    pub(super) fn connected(&self) -> Option<Arc<Connection>> {
        self.link.connected()
    }

    /// A connection in place of `old`, which serves for as long as it lives.
    async fn reconnect(&self, runner: &Arc<dyn Runner>, old: Option<&Connection>) -> Arc<Connection> {
        let mut attempt = 0;
        let mut patience = Patience::Fails;
        loop {
            let error = match self.session.establish(&self.target, Role::Shared, patience, runner).await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            attempt += 1;
            tracing::warn!(attempt, "no connection: {error}");
            let pause = pace::pause(&error, attempt, &self.session.settings.retry, rand::random());
            if old.is_none_or(Connection::has_ended) {
                self.link.set_down(Some(error));
            }
            runner.sleep(pause).await;
            // Those who wait for a connection know by now why there is none.
            patience = Patience::Waits;
        }
    }

    /// Ends the background work. The connection is the session's to close.
    pub(super) fn close(&self, ending: &Ending) {
        match ending {
            Ending::Inherited => std::mem::forget(self.supervisor().take()),
            Ending::Here => {
                self.link.close();
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
        None => node.reconnect(&runner, None).await,
    };
    let mut lives = ShortLives::default();
    loop {
        node.link.set_up(&connection);
        let born = runner.now();
        node.session.tend(&connection, Renewal::OnIt, &*runner).await;
        if node.session.is_closed() {
            return;
        }
        if connection.has_ended() {
            node.link.set_down(None);
        }
        if let Some(pause) = lives.pause_after(runner.now() - born, &node.session.settings.retry) {
            runner.sleep(pause).await;
        }
        connection = node.reconnect(&runner, Some(&connection)).await;
        node.session.count_reconnect();
    }
}
