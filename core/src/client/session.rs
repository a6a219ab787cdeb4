//! What all connections of one client share: how it logs in, where it runs, what it counted, whether it was closed.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use keyrotor_proto::Code;
use rustls::ClientConfig;

use super::runner::{Runner, TokioRunner};
use super::stats::{ClientStats, Counts};
use super::tls;
use super::wire::Deadline;
use crate::config::{Lease, Settings};
use crate::error::{Error, Result};
use crate::manager::TokenManager;

/// Where the client runs.
struct Work(Arc<dyn Runner>);

pub(super) struct Session {
    pub(super) settings: Settings,
    pub(super) manager: Option<TokenManager>,
    pub(super) lease: Lease,
    pub(super) is_token: bool,
    pub(super) tls: Option<Arc<ClientConfig>>,
    /// There until the close, and with whoever waits for a reply.
    runner: ArcSwapOption<Work>,
    pub(super) counts: Counts,
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
    pub(super) fn open(mut settings: Settings) -> Result<Arc<Self>> {
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
        Ok(Arc::new(Self {
            settings,
            manager,
            lease,
            is_token,
            tls,
            runner: ArcSwapOption::from_pointee(Work(runner)),
            counts: Counts::default(),
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

    /// The time of a request that begins now.
    pub(super) fn deadline(&self, runner: &dyn Runner) -> Deadline {
        let within = self.settings.request_timeout;
        Deadline { within, at: runner.now() + within }
    }

    /// Counts `work`, which is `count` commands, and holds its place among those in flight.
    pub(super) async fn counted<T>(&self, count: u64, work: impl Future<Output = Result<T>>) -> Result<T> {
        let _place = self.place()?;
        self.counts.commands.fetch_add(count, Relaxed);
        let outcome = work.await.map_err(|error| self.or_closed(error));
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

    /// A reply that did not come since the client was closed.
    fn or_closed(&self, error: Error) -> Error {
        let is_closed = error.code() == Code::NetworkDisconnected && self.runner.load().is_none();
        if is_closed { Error::closed("client") } else { error }
    }

    pub(super) fn stats(&self) -> ClientStats {
        self.counts.read()
    }

    /// Takes nothing more. The connections are the caller's to close.
    pub(super) fn close(&self) -> Ending {
        let work = self.runner.swap(None);
        if work.as_ref().is_some_and(|work| work.0.is_inherited()) {
            std::mem::forget(work);
            return Ending::Inherited;
        }
        if let Some(manager) = &self.manager {
            manager.close();
        }
        Ending::Here
    }
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

/// A request in flight.
struct Place<'a>(&'a AtomicU64);

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}
