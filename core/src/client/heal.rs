//! Keeping a live connection logged in: before its lease ends, and when the server forgot it.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use keyrotor_proto::{Code, EventKind};

use super::connection::{Connection, LoginRecord, Role};
use super::node::Target;
use super::pace;
use super::reply::disconnected;
use super::runner::Runner;
use super::sendable::Sendable;
use super::session::{self, Session};
use super::wire::Deadline;
use super::{dial, login};
use crate::clock::{Clock, SystemClock};
use crate::config::Lease;
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::manager::TokenManager;

/// Re-AUTH begins in this share of the lease: it is done by 95 % even where a token has to be fetched first.
const REAUTH: (f64, f64) = (0.80, 0.92);

/// How the login of a live connection is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    OnIt,
    /// It cannot log in; another one takes its place.
    ByAnother,
}

impl Session {
    /// A new connection, logged in. On a refusal the next token goes out on a new connection at once.
    pub(super) async fn establish(
        &self,
        target: &Target,
        role: Role,
        runner: &Arc<dyn Runner>,
    ) -> Result<Arc<Connection>> {
        match self.establish_once(target, role.clone(), runner).await {
            Err(error) if error.code() == Code::AuthRefused && self.is_token => {
                self.establish_once(target, role, runner).await
            }
            other => other,
        }
    }

    async fn establish_once(
        &self,
        target: &Target,
        role: Role,
        runner: &Arc<dyn Runner>,
    ) -> Result<Arc<Connection>> {
        // First the token: a source that is slow or broken is its own error, and never a connection timeout.
        let credential = match &self.manager {
            Some(manager) => Some(manager.credential_async().await?),
            None => None,
        };
        let (stream, address) =
            dial::dial(&target.addresses, &self.settings, self.tls.as_ref(), &**runner).await?;
        let connection = Connection::open(stream, address, role, self.hosting, runner);
        let connection = Arc::new(connection.map_err(disconnected)?);
        let outcome = login::log_in(&connection, &self.settings, credential.as_deref(), &**runner).await;
        self.report(credential.as_deref(), &outcome);
        outcome.map_err(|error| self.with_doubts(error))?;
        if target.reads_replica {
            login::read_from_replica(&connection, &self.settings, &**runner).await?;
        }
        self.note_connection(&connection)?;
        Ok(connection)
    }

    /// Every wrong name is refused with the same words; a name that looked odd from the start is the first suspect.
    fn with_doubts(&self, error: Error) -> Error {
        match error.code() {
            Code::AuthRefused if self.is_token => {
                let doubts =
                    self.manager.as_ref().map(|manager| manager.status().warnings).unwrap_or_default();
                let error = doubts.iter().fold(error, |error, doubt| error.with_hint(doubt));
                error.with_hint("`keyrotor explain-token` shows what a token says of itself")
            }
            Code::AuthRequired if self.manager.is_none() => error.with_hint("the request has no credentials"),
            _ => error,
        }
    }

    /// Runs until the connection ends or has to be replaced.
    pub(super) async fn tend(&self, connection: &Connection, renewal: Renewal, runner: &dyn Runner) {
        loop {
            let Some((lease, manager)) = self.lease_of(connection, runner).zip(self.manager.as_ref()) else {
                return connection.end().await;
            };
            let at = connection.login().at + lease.mul_f64(spread(REAUTH));
            tokio::select! {
                () = connection.end() => return,
                () = runner.sleep(at.saturating_sub(runner.now())) => {}
            }
            if renewal == Renewal::ByAnother || !self.prolong(connection, manager, lease, runner).await {
                return;
            }
        }
    }

    /// How long the login in force holds, counted from when it was made.
    pub(super) fn lease_of(&self, connection: &Connection, runner: &dyn Runner) -> Option<Duration> {
        let login = connection.login();
        match self.lease {
            Lease::Forever => None,
            Lease::For(lease) => Some(lease),
            Lease::WithToken => {
                let left = login.ends_at?.duration_since(SystemClock::default().wall()).unwrap_or_default();
                Some(runner.now().saturating_sub(login.at) + left)
            }
        }
    }

    /// Logs in with a newer token, trying for as long as the connection lives: where the server cannot check
    /// logins for now, a live connection is worth more than a new one that cannot log in. `false`: it has
    /// to be replaced.
    async fn prolong(
        &self,
        connection: &Connection,
        manager: &TokenManager,
        lease: Duration,
        runner: &dyn Runner,
    ) -> bool {
        let login = connection.login();
        for attempt in 1.. {
            let error = match self.log_in_newer(connection, manager, login, runner).await {
                Ok(()) => return true,
                Err(error) => error,
            };
            tracing::warn!("re-AUTH failed: {error}");
            manager.emit(EventKind::EventReauthFailed, Some(&error));
            // A server that says nothing twice, or refuses twice, will not log this connection in again; and after
            // the end of the lease nobody knows what it still is.
            let is_hopeless =
                matches!(error.code(), Code::AuthRefused | Code::AuthTimeout | Code::AuthIdentityMismatch)
                    && attempt > 1;
            if connection.has_ended() || is_hopeless || runner.now() >= login.at + lease {
                return false;
            }
            // Of a short lease no pause takes more than a small part.
            let pause = pace::pause(&error, attempt, &self.settings.retry, rand::random()).min(lease / 20);
            runner.sleep(pause).await;
        }
        false
    }

    async fn log_in_newer(
        &self,
        connection: &Connection,
        manager: &TokenManager,
        login: LoginRecord,
        runner: &dyn Runner,
    ) -> Result<()> {
        let _one_at_a_time = connection.relogin.lock().await;
        if connection.login().count > login.count {
            return Ok(());
        }
        let mut credential = manager.credential_async().await?;
        if credential.generation <= login.generation {
            credential = manager.refresh().await?;
        }
        if credential.generation <= login.generation {
            return Err(same_again());
        }
        self.send_login(connection, &credential, runner).await
    }

    /// Sends something on a connection that somebody has, and once more after healing where the server says that
    /// nothing of it ran for want of a login.
    pub(super) async fn send_on<S: Sendable>(
        &self,
        connection: &Connection,
        what: &S,
        deadline: Option<Deadline>,
        runner: &dyn Runner,
    ) -> Result<S::Reply> {
        let login = connection.login();
        let outcome = what.send_on(connection, deadline).await;
        if S::wants_login(&outcome) {
            return self.heal_and_send(connection, login, what, deadline, runner).await;
        }
        outcome
    }

    pub(super) async fn heal_and_send<S: Sendable>(
        &self,
        connection: &Connection,
        seen: LoginRecord,
        what: &S,
        deadline: Option<Deadline>,
        runner: &dyn Runner,
    ) -> Result<S::Reply> {
        self.heal(connection, seen, runner).await?;
        what.send_on(connection, deadline).await
    }

    /// The server forgot a login: any token that it takes will do.
    pub(super) async fn heal(
        &self,
        connection: &Connection,
        seen: LoginRecord,
        runner: &dyn Runner,
    ) -> Result<()> {
        let Some(manager) = &self.manager else {
            return Err(Error::new(
                Code::AuthRequired,
                "the server wants a login, and the request has no credentials",
            ));
        };
        let _one_at_a_time = connection.relogin.lock().await;
        if connection.login().count > seen.count {
            return Ok(());
        }
        for _ in 0..2 {
            let credential = manager.credential_async().await?;
            match self.send_login(connection, &credential, runner).await {
                Err(error) if error.code() == Code::AuthRefused => {}
                other => return other,
            }
        }
        let credential = manager.credential_async().await?;
        self.send_login(connection, &credential, runner).await
    }

    async fn send_login(
        &self,
        connection: &Connection,
        credential: &Credential,
        runner: &dyn Runner,
    ) -> Result<()> {
        let outcome = login::log_in_again(connection, &self.settings, credential, runner).await;
        self.report(Some(credential), &outcome);
        if outcome.is_ok() {
            self.counts.reauths.fetch_add(1, Relaxed);
            if let Some(manager) = &self.manager {
                manager.emit(EventKind::EventReauthenticated, None);
            }
        }
        outcome
    }

    /// Logs all live connections in again that can be, each with a token newer than that of its last login.
    ///
    /// # Errors
    /// The first that a connection met; the others are tried all the same.
    pub(super) async fn reauthenticate(&self, runner: &dyn Runner) -> Result<()> {
        let Some(manager) = &self.manager else {
            return Err(session::without_login());
        };
        let mut outcome = Ok(());
        for connection in self.connections() {
            // A watch, a wait and a subscriber of RESP2 must not be disturbed.
            let can = match &connection.role {
                Role::Shared => true,
                Role::Own => false,
                Role::Subscriber(_) => self.settings.resp3,
            };
            if can {
                let login = connection.login();
                outcome = outcome.and(self.log_in_newer(&connection, manager, login, runner).await);
            }
        }
        outcome
    }

    /// Tells the manager what the server made of its token.
    fn report(&self, credential: Option<&Credential>, outcome: &Result<()>) {
        let (Some(manager), Some(credential)) = (&self.manager, credential) else {
            return;
        };
        match outcome {
            Ok(()) => manager.accept(credential.generation),
            Err(error) if error.code() == Code::AuthRefused => {
                manager.reject_with(credential.generation, error)
            }
            Err(_) => {}
        }
    }
}

/// Sent once more, it would prolong nothing.
fn same_again() -> Error {
    let text = "the source gave the token of the last login again; this connection waits for a newer one";
    Error::new(Code::CredentialsThrottled, text)
}

fn spread((low, high): (f64, f64)) -> f64 {
    low + (high - low) * rand::random::<f64>()
}
