//! What all connections of one client share: how it logs in, where it runs, what it counted, whether it was closed.

use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keyrotor_proto::Code;
use rustls::ClientConfig;

use super::connection::Connection;
use super::hosted::Hosting;
use super::pubsub::Listener;
use super::runner::{Runner, TokioRunner};
use super::stats::Counts;
use super::tls;
use super::wire::Deadline;
use crate::config::{Lease, Settings};
use crate::error::{Error, Result};
use crate::manager::{LoginGate, TokenManager};
use crate::process::Process;
use crate::secret::Secret;
use crate::source::fixed::Fixed;

/// Where the client runs.
struct Work(Arc<dyn Runner>);

pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) manager: Option<TokenManager>,
    /// Where all who log in there with this identity take turns.
    pub(super) gate: Option<LoginGate>,
    pub(super) lease: Lease,
    pub(super) is_token: bool,
    password: Option<Fixed>,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) hosting: Hosting,
    /// There until the close, and with whoever waits for a reply.
    runner: ArcSwapOption<Work>,
    process: Process,
    pub(super) counts: Counts,
    /// All that were made and may still be there.
    connections: Mutex<Vec<Weak<Connection>>>,
    listeners: Mutex<Vec<Weak<Listener>>>,
    /// Whether it was said that the server does not tell whose logins these are.
    pub(super) has_doubts: AtomicBool,
}

/// How a session ended.
pub(super) enum Ending {
    /// Here, now or before.
    Here,
    /// In a forked child. Everything behind it is the parent's: letting go of it would wake, and close, what the
    /// parent uses.
    Inherited,
}

impl Session {
    /// No I/O.
    pub(super) fn open(mut settings: Settings, hosting: Hosting) -> Result<Arc<Self>> {
        let tls = settings.tls.as_ref().map(tls::client_config).transpose()?;
        let login = settings.login.take();
        // Logging in before the server cuts is background work.
        let tended = login.as_ref().filter(|login| !login.refresh.is_lazy());
        let lease = tended.map_or(Lease::Forever, |login| login.lease);
        let is_token = login.as_ref().is_some_and(|login| login.is_token);
        let password = login.as_ref().and_then(|login| login.password.clone());
        let manager = login
            .map(|login| TokenManager::with_source(login.source, login.refresh, login.interval_field))
            .transpose()?;
        if manager.is_none() {
            tracing::warn!("no credentials: the connection is not logged in");
        }
        let gate = manager.as_ref().map(|manager| manager.login_gate(&server(&settings))).transpose()?;
        let runner: Arc<dyn Runner> = Arc::new(TokioRunner::find()?);
        Ok(Arc::new(Self {
            settings,
            manager,
            gate,
            lease,
            is_token,
            password,
            tls,
            hosting,
            runner: ArcSwapOption::from_pointee(Work(runner)),
            process: Process::this(),
            counts: Counts::default(),
            connections: Mutex::default(),
            listeners: Mutex::default(),
            has_doubts: AtomicBool::new(false),
        }))
    }

    /// Where the client runs.
    ///
    /// # Errors
    /// [`Code::Closed`] after the close, and in a forked child.
    pub(super) fn runner(&self) -> Result<Arc<dyn Runner>> {
        let work = self.runner.load();
        let Some(work) = work.as_ref() else { return Err(Error::closed("client")) };
        if work.0.is_inherited() {
            let message = "this client belongs to the process that was forked; connect anew in the child";
            return Err(Error::new(Code::Closed, message));
        }
        Ok(Arc::clone(&work.0))
    }

    /// Logs in with another password from now on.
    ///
    /// # Errors
    /// [`Code::ConfigConflict`] where the client logs in with something else than a password.
    pub(super) async fn update_password(&self, password: Secret) -> Result<()> {
        let (Some(fixed), Some(manager)) = (&self.password, &self.manager) else {
            let message = "this client does not log in with a password, so there is none to change";
            return Err(Error::config(Code::ConfigConflict, "authentication_info", message));
        };
        fixed.change(password);
        manager.refresh().await.map(drop)
    }

    /// The time of a request that begins now.
    pub(super) fn deadline(&self, runner: &dyn Runner) -> Deadline {
        Deadline::of(self.settings.request_timeout, runner.now())
    }

    /// Counts `work`, which is `count` commands, and holds its place among those in flight.
    pub(super) async fn counted<T>(
        self: &Arc<Self>,
        count: u64,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let _place = Place::take(&**self)?;
        self.counts.commands.fetch_add(count, Relaxed);
        let outcome = work.await.map_err(|error| self.or_closed(error));
        if let Err(error) = &outcome {
            self.count_failure(count, error);
        }
        outcome
    }

    /// Counts `count` commands that ended like this.
    pub(super) fn count_failure(&self, count: u64, error: &Error) {
        if error.code() != Code::ServerError {
            self.counts.failures.fetch_add(count, Relaxed);
        }
    }

    /// Whether a place is free among those in flight.
    pub(super) fn has_room(&self) -> bool {
        let in_flight = usize::try_from(self.counts.in_flight.load(Relaxed)).unwrap_or(usize::MAX);
        self.settings.inflight_limit.is_none_or(|limit| in_flight < limit)
    }

    /// A place among those in flight.
    ///
    /// # Errors
    /// [`Code::RequestLimit`] where all are taken.
    pub(super) fn place(self: &Arc<Self>) -> Result<Place> {
        Place::take(Arc::clone(self))
    }

    /// A reply that did not come since the client was closed.
    pub(super) fn or_closed(&self, error: Error) -> Error {
        let is_closed = error.code() == Code::NetworkDisconnected && self.is_closed();
        if is_closed { Error::closed("client") } else { error }
    }

    /// Takes a new connection into those that are there.
    ///
    /// # Errors
    /// [`Code::Closed`] where the client was closed while it was made.
    pub(super) fn note_connection(&self, connection: &Arc<Connection>) -> Result<()> {
        let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        connections.retain(|connection| connection.strong_count() > 0);
        connections.push(Arc::downgrade(connection));
        // Looked at with the lock held, so that a close finds either this connection or nothing to take it.
        self.runner().map(drop)
    }

    /// Takes a new subscriber into those that end with the client.
    ///
    /// # Errors
    /// [`Code::Closed`] where the client was closed while it was made.
    pub(super) fn note_listener(&self, listener: &Arc<Listener>) -> Result<()> {
        let mut listeners = self.listeners.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.strong_count() > 0);
        listeners.push(Arc::downgrade(listener));
        self.runner().map(drop)
    }

    /// A connection was made in place of another.
    pub(super) fn count_reconnect(&self) {
        self.counts.reconnects.fetch_add(1, Relaxed);
    }

    /// Whether the connections end because the client was closed.
    pub(super) fn is_closed(&self) -> bool {
        self.runner.load().is_none()
    }

    /// Whether this is a forked child of the process that the client belongs to.
    pub(super) fn is_inherited(&self) -> bool {
        self.process.is_gone()
    }

    /// Those that are there now.
    pub(super) fn connections(&self) -> Vec<Arc<Connection>> {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let all = connections.iter().filter_map(Weak::upgrade);
        all.filter(|connection| !connection.has_ended()).collect()
    }

    /// Takes nothing more, and closes all connections; replies that are under way may still come, for a moment.
    pub(super) fn close(&self) -> Ending {
        let work = self.runner.swap(None);
        if self.is_inherited() {
            std::mem::forget(work);
            return Ending::Inherited;
        }
        let listeners = std::mem::take(&mut *self.listeners.lock().unwrap_or_else(PoisonError::into_inner));
        for listener in listeners.iter().filter_map(Weak::upgrade) {
            listener.close(&Ending::Here);
        }
        for connection in self.connections() {
            connection.close();
        }
        if let Some(manager) = &self.manager {
            manager.close();
        }
        Ending::Here
    }
}

/// What tells this server, or cluster, from others.
fn server(settings: &Settings) -> String {
    let mut addresses: Vec<_> = settings.addresses.iter().map(ToString::to_string).collect();
    addresses.sort_unstable();
    addresses.join(",")
}

/// Ends the waiting at `deadline`, with what `late` says.
pub(super) async fn by<T>(
    deadline: Deadline,
    runner: &dyn Runner,
    work: impl Future<Output = Result<T>>,
    late: impl FnOnce() -> Error,
) -> Result<T> {
    tokio::select! {
        biased;
        outcome = work => outcome,
        () = runner.sleep(deadline.at.saturating_sub(runner.now())) => Err(late()),
    }
}

/// No reply came in time.
pub(super) fn timed_out(within: Duration) -> Error {
    let message = format!(
        "no reply within {} ms; whether the command ran is not known. Raise request_timeout, or look at the server",
        within.as_millis()
    );
    Error::new(Code::RequestTimeout, message)
}

/// What needs a login was asked of a client that has none.
pub(super) fn without_login() -> Error {
    Error::new(Code::AuthRequired, "this client does not log in: its request has no credentials")
}

/// A request in flight.
pub(super) struct Place<S: Deref<Target = Session> = Arc<Session>>(S);

impl<S: Deref<Target = Session>> Place<S> {
    fn take(session: S) -> Result<Self> {
        let before = session.counts.in_flight.fetch_add(1, Relaxed);
        let place = Self(session);
        match place.0.settings.inflight_limit {
            Some(limit) if usize::try_from(before).unwrap_or(usize::MAX) >= limit => Err(Error::new(
                Code::RequestLimit,
                format!(
                    "{limit} requests are in flight, which is the limit; wait, or raise inflight_requests_limit"
                ),
            )),
            _ => Ok(place),
        }
    }
}

impl<S: Deref<Target = Session>> Drop for Place<S> {
    fn drop(&mut self) {
        self.0.counts.in_flight.fetch_sub(1, Relaxed);
    }
}
