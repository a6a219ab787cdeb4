//! Connections that one caller at a time has for itself: what blocks, or watches, delays nobody else there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::connection::{Connection, Role};
use super::establish::Patience;
use super::node::Target;
use super::pace;
use super::runner::Runner;
use super::session::{Ending, Session};
use crate::error::{Error, Result};

/// How many connections wait for their next user.
const IDLE: usize = 8;
/// How long one waits before it is closed, when somebody next looks.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// A connection that has used up more of its login's lease goes to nobody: it could not log in again while in use.
const LEASE_USED: f64 = 0.80;

/// `Own` lends connections, and keeps a few that came back.
pub(super) struct Own {
    pub(super) session: Arc<Session>,
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: Arc<Connection>,
    target: Target,
    since: Duration,
}

/// A connection on loan. Dropping it closes it: who knows what is under way on it.
pub(super) struct Loan {
    connection: Option<Arc<Connection>>,
    target: Target,
    own: Arc<Own>,
}

impl Own {
    pub(super) fn new(session: &Arc<Session>) -> Arc<Self> {
        Arc::new(Self { session: Arc::clone(session), idle: Mutex::default() })
    }

    /// A connection that nobody else uses, logged in with most of its lease left. While the network is down it is
    /// waited for, as long as for a reply.
    ///
    /// # Errors
    /// As those of a connect.
    pub(super) async fn take(self: &Arc<Self>, target: &Target, runner: &Arc<dyn Runner>) -> Result<Loan> {
        let connection = match self.idle_one(target, &**runner) {
            Some(connection) => connection,
            None => self.new_one(target, runner).await?,
        };
        Ok(Loan { connection: Some(connection), target: target.clone(), own: Arc::clone(self) })
    }

    async fn new_one(&self, target: &Target, runner: &Arc<dyn Runner>) -> Result<Arc<Connection>> {
        let deadline = self.session.deadline(&**runner);
        let mut attempt = 0;
        loop {
            let error = match self.session.establish(target, Role::Own, Patience::Fails, runner).await {
                Ok(connection) => return Ok(connection),
                Err(error) => error,
            };
            attempt += 1;
            let pause = pace::pause(&error, attempt, &self.session.settings.retry, rand::random());
            if error.is_about_login() || runner.now() + pause >= deadline.at {
                return Err(error);
            }
            runner.sleep(pause).await;
        }
    }

    fn idle_one(&self, target: &Target, runner: &dyn Runner) -> Option<Arc<Connection>> {
        let mut idle = self.idle();
        self.forget_the_old(&mut idle, runner);
        let place = idle.iter().rposition(|idle| idle.target == *target)?;
        Some(idle.swap_remove(place).connection)
    }

    fn forget_the_old(&self, idle: &mut Vec<Idle>, runner: &dyn Runner) {
        let now = runner.now();
        idle.retain(|idle| {
            let is_fresh =
                self.session.lease_left(&idle.connection, runner).is_none_or(|left| left > Duration::ZERO);
            is_fresh && idle.connection.is_usable() && now.saturating_sub(idle.since) < IDLE_TIME
        });
    }

    fn keep(&self, connection: Arc<Connection>, target: Target) {
        let Ok(runner) = self.session.runner() else { return };
        let mut idle = self.idle();
        self.forget_the_old(&mut idle, &*runner);
        if idle.len() < IDLE && !connection.has_ended() {
            idle.push(Idle { connection, target, since: runner.now() });
        }
    }

    /// Lets the idle ones go.
    pub(super) fn close(&self, ending: &Ending) {
        let idle = std::mem::take(&mut *self.idle());
        if let Ending::Inherited = ending {
            std::mem::forget(idle);
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Loan {
    /// # Errors
    /// Never while the loan lasts.
    pub(super) fn connection(&self) -> Result<&Arc<Connection>> {
        self.connection.as_ref().ok_or_else(|| Error::internal("a loan that was given back"))
    }

    /// What the connection is for.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    /// For the next caller: nothing is under way on it, and nothing is left behind.
    pub(super) fn give_back(mut self) {
        if let Some(connection) = self.connection.take() {
            self.own.keep(connection, self.target.clone());
        }
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.own.session.is_inherited() {
            // A forked child's: it is the parent's to close.
            return std::mem::forget(connection);
        }
        connection.close();
    }
}

impl Session {
    /// How long a connection's login may still be used where nobody can renew it. `None`: for ever.
    pub(super) fn lease_left(&self, connection: &Connection, runner: &dyn Runner) -> Option<Duration> {
        let lease = self.lease_of(connection, runner)?;
        Some((connection.login().at + lease.mul_f64(LEASE_USED)).saturating_sub(runner.now()))
    }
}
