//! Keeping a live connection logged in: before its lease ends, and when the server forgot it.

use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use keyrotor_proto::{Code, EventKind};

use super::connection::{Connection, LoginRecord, Role};
use super::establish::{Patience, WayIn};
use super::login;
use super::pace;
use super::runner::Runner;
use super::sendable::Sendable;
use super::session::{self, Session};
use super::wire::Deadline;
use crate::clock::{Clock, SystemClock};
use crate::config::Lease;
use crate::error::{Error, Result};
use crate::manager::TokenManager;

/// Re-AUTH begins in this share of the lease: it is done by 95 % even where a token has to be fetched first.
const REAUTH: (f64, f64) = (0.80, 0.92);

/// How many tokens may be refused before a forgotten login counts as refused, and how often one may be forgotten.
const HEALS: usize = 3;

/// How the login of a live connection is renewed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renewal {
    OnIt,
    /// It cannot log in; another one takes its place.
    ByAnother,
}

impl Session {
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
            // The fallback password is none that a lease ends.
            _ if login.generation == 0 => None,
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
        let left = || (login.at + lease).saturating_sub(runner.now());
        for attempt in 1.. {
            let trying = self.log_in_newer(connection, login, Patience::Waits, runner);
            let error = tokio::select! {
                outcome = trying => match outcome {
                    Ok(()) => return true,
                    Err(error) => error,
                },
                // After the end of the lease nobody knows what the connection still is.
                () = runner.sleep(left()) => return false,
            };
            tracing::warn!("re-AUTH failed: {error}");
            manager.emit(EventKind::EventReauthFailed, Some(&error));
            // A server that says nothing twice, or refuses twice, will not log this connection in again.
            let is_hopeless =
                matches!(error.code(), Code::AuthRefused | Code::AuthTimeout) || error.is_about_identity();
            let is_hopeless = is_hopeless && attempt > 1;
            if connection.has_ended() || is_hopeless || left().is_zero() {
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
        login: LoginRecord,
        patience: Patience,
        runner: &dyn Runner,
    ) -> Result<()> {
        let _one_at_a_time = connection.relogin.lock().await;
        if connection.login().count > login.count {
            return Ok(());
        }
        let attempt = self.attempt(patience).await?.ok_or_else(session::without_login)?;
        // A password that stays is no worse the second time.
        let credential = match self.is_token {
            true => attempt.credential_after(login.generation).await?,
            false => attempt.credential().await?,
        };
        self.send_login(connection, WayIn::by_token(attempt, credential), runner).await
    }

    /// For whoever would rather fail than wait. On a refusal the next token goes out at once.
    async fn log_in_now(
        &self,
        connection: &Connection,
        login: LoginRecord,
        runner: &dyn Runner,
    ) -> Result<()> {
        match self.log_in_newer(connection, login, Patience::Fails, runner).await {
            Err(error) if error.code() == Code::AuthRefused && self.is_token => {
                self.log_in_newer(connection, login, Patience::Fails, runner).await
            }
            other => other,
        }
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

    /// Sends something again that did not run for want of a login. What is forgotten as soon as it is made is made again,
    /// a few times.
    pub(super) async fn heal_and_send<S: Sendable>(
        &self,
        connection: &Connection,
        mut seen: LoginRecord,
        what: &S,
        deadline: Option<Deadline>,
        runner: &dyn Runner,
    ) -> Result<S::Reply> {
        let mut heals = 0;
        loop {
            self.heal(connection, seen, runner).await?;
            heals += 1;
            seen = connection.login();
            let outcome = what.send_on(connection, deadline).await;
            if heals == HEALS || !S::wants_login(&outcome) {
                return outcome;
            }
        }
    }

    /// The server forgot a login: any token that it takes will do.
    pub(super) async fn heal(
        &self,
        connection: &Connection,
        seen: LoginRecord,
        runner: &dyn Runner,
    ) -> Result<()> {
        // Said at once, and not behind whoever waits to log in again.
        let _one_at_a_time = tokio::select! {
            biased;
            error = self.troubled() => return Err(error),
            turn = connection.relogin.lock() => turn,
        };
        let mut outcome = Ok(());
        for _ in 0..HEALS {
            if connection.login().count > seen.count {
                return Ok(());
            }
            let way_in = self.way_in(Patience::Fails).await?;
            outcome = self.send_login(connection, way_in, runner).await;
            match &outcome {
                Err(error) if error.code() == Code::AuthRefused => {}
                _ => break,
            }
        }
        outcome
    }

    /// Why logins fail for now, once they do.
    async fn troubled(&self) -> Error {
        match &self.gate {
            Some(gate) => gate.troubled().await,
            None => std::future::pending().await,
        }
    }

    async fn send_login(
        &self,
        connection: &Connection,
        way_in: WayIn<'_>,
        runner: &dyn Runner,
    ) -> Result<()> {
        let credential = way_in.credential.clone().ok_or_else(wants_login)?;
        let outcome = login::log_in_again(connection, &self.settings, &credential, runner).await;
        self.report(way_in, &outcome);
        self.note_identity(connection);
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
        if self.manager.is_none() {
            return Err(session::without_login());
        }
        let mut outcome = Ok(());
        for connection in self.connections() {
            // A watch, a wait and a subscriber of RESP2 must not be disturbed.
            let can = match &connection.role {
                Role::Shared => true,
                Role::Own => false,
                Role::Subscriber(_) => self.settings.resp3,
            };
            let login = connection.login();
            // The next connection is the one that tries a token again after the fallback password.
            if can && login.generation > 0 {
                let logged_in = self.log_in_now(&connection, login, runner).await;
                outcome = outcome.and(logged_in.or_else(|error| self.unless_given_up(error)));
            }
        }
        outcome
    }

    /// A connection that was given up meanwhile needs no login: nobody has it any more, or another took its place.
    fn unless_given_up(&self, error: Error) -> Result<()> {
        if error.code() == Code::Closed && !self.is_closed() { Ok(()) } else { Err(error) }
    }
}

fn wants_login() -> Error {
    Error::new(Code::AuthRequired, "the server wants a login, and the request has no credentials")
}

fn spread((low, high): (f64, f64)) -> f64 {
    low + (high - low) * rand::random::<f64>()
}
