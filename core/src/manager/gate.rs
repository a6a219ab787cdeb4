//! Where the connections of one identity to one server take turns to log in, once that server does not take a login.
//!
//! A thousand connections that all try again when a pause is over would be a thousand refusals, or the overload that
//! the pause was for. So one of them tries for all: the probe. Where it fails, all wait for the next pause; where it
//! gets in, two may follow, then four, until the gate is open. Another server has a gate of its own.

use std::sync::Arc;

use keyrotor_proto::Code;

use super::feed::Feed;
use super::line::{Failure, Line, Turn};
use super::pace::Kind;
use super::{TokenManager, closed_error};
use crate::credential::Credential;
use crate::error::{Error, Result};

/// Asked before each login at this server, first or repeated. Belongs to the process that made it.
///
/// ```text
/// let attempt = gate.enter().await?;
/// let credential = attempt.credential().await?;
/// match log_in(&credential).await {
///     Ok(()) => attempt.succeeded(&credential),
///     Err(error) => attempt.failed(&credential, &error),
/// }
/// ```
pub(crate) struct LoginGate {
    manager: TokenManager,
    line: Arc<Line>,
}

/// Leave to log in once. Where it is dropped without a word, as when no connection came about, the next in line may
/// try.
pub(crate) struct Attempt<'a> {
    gate: &'a LoginGate,
    round: u64,
}

impl TokenManager {
    /// The gate at this server, which all managers and clients of this identity share. `server` is what tells it from
    /// others: `host:port`.
    ///
    /// # Errors
    /// [`Code::Closed`].
    pub(crate) fn login_gate(&self, server: &str) -> Result<LoginGate> {
        let line = self.handle.feed()?.gate(server);
        Ok(LoginGate { manager: self.clone(), line })
    }
}

impl Feed {
    fn gate(self: &Arc<Self>, server: &str) -> Arc<Line> {
        self.change(|state| state.gates.of(server, || Line::new(Arc::clone(&self.clock))))
    }
}

impl LoginGate {
    /// Waits for leave to log in, for as long as the server takes no logins. To be polled inside of a tokio runtime;
    /// dropping the future gives the place in the line up.
    ///
    /// # Errors
    /// [`Code::Closed`] once the manager is.
    pub(crate) async fn enter(&self) -> Result<Attempt<'_>> {
        loop {
            // Made before the look, so that no change after it goes unnoticed.
            let changed = self.line.changed.notified();
            let pause = match self.line.turn() {
                Turn::Now(round) => return Ok(Attempt { gate: self, round }),
                Turn::After => None,
                Turn::In(pause, _) => Some(pause),
            };
            self.unless_closed(async {
                match pause {
                    None => changed.await,
                    Some(pause) => tokio::select! {
                        () = changed => {}
                        () = self.line.clock.sleep(pause) => {}
                    },
                }
            })
            .await?;
        }
    }

    /// Like [`enter`](Self::enter) for whoever would rather fail than wait out a pause: waits only while somebody is
    /// about to find out.
    ///
    /// # Errors
    /// Why the last login failed, while no other may follow; as [`enter`](Self::enter).
    pub(crate) async fn enter_or_fail(&self) -> Result<Attempt<'_>> {
        loop {
            let changed = self.line.changed.notified();
            match self.line.turn() {
                Turn::Now(round) => return Ok(Attempt { gate: self, round }),
                Turn::After => self.unless_closed(changed).await?,
                Turn::In(_, error) => return Err(error),
            }
        }
    }

    /// Why logins fail at this server for now; nothing while a new token may go out at once after one that was refused.
    pub(crate) fn trouble(&self) -> Option<Error> {
        self.line.trouble()
    }

    /// Whether the server refused the last that was shown to it.
    pub(crate) fn has_refused(&self) -> bool {
        self.line.failure().is_some_and(|failure| failure.code() == Code::AuthRefused)
    }

    /// [`trouble`](Self::trouble), as soon as there is some.
    pub(crate) async fn troubled(&self) -> Error {
        loop {
            // Made before the look, so that no change after it goes unnoticed.
            let changed = self.line.changed.notified();
            if let Some(error) = self.trouble() {
                return error;
            }
            changed.await;
        }
    }

    /// Where this identity is held back whatever the server, since somebody rejected its tokens without a gate, nobody
    /// need come again before that ends.
    fn note_pause(&self, round: u64, error: &Error) {
        if Kind::of(error) == Some(Kind::Refused)
            && let Ok(feed) = self.manager.handle.feed()
            && let Some(until) = feed.look().refusals.paused_until(feed.clock.monotonic())
        {
            self.line.hold(round, error, until);
        }
    }

    async fn unless_closed<T>(&self, waiting: impl Future<Output = T>) -> Result<T> {
        tokio::select! {
            biased;
            () = self.manager.handle.end()? => Err(closed_error()),
            waited = waiting => Ok(waited),
        }
    }
}

impl Attempt<'_> {
    /// The token to log in with.
    ///
    /// # Errors
    /// The source's; the server's refusal, where there is nothing but what it has refused just now.
    pub(crate) async fn credential(&self) -> Result<Arc<Credential>> {
        let credential = self.gate.manager.credential_async().await;
        let credential = credential.inspect_err(|error| self.gate.note_pause(self.round, error))?;
        self.unrefused(credential).await
    }

    /// What was fetched by somebody who did not know that this server has refused it is exchanged, where the source
    /// has another.
    async fn unrefused(&self, mut credential: Arc<Credential>) -> Result<Arc<Credential>> {
        if self.gate.line.holds_back(&credential)
            && let Ok(another) = self.gate.manager.refresh().await
        {
            credential = another;
        }
        self.gate.line.let_out(&credential)?;
        Ok(credential)
    }

    /// A token that is newer than this generation, which a login on a live connection has to be.
    ///
    /// # Errors
    /// As [`credential`](Self::credential); [`Code::CredentialsThrottled`] where the source gave the same again.
    pub(crate) async fn credential_after(&self, generation: u64) -> Result<Arc<Credential>> {
        let mut credential = self.credential().await?;
        if credential.generation <= generation {
            let newer = self.gate.manager.refresh().await?;
            credential = self.unrefused(newer).await?;
        }
        // Sent once more, it would prolong nothing.
        if credential.generation <= generation { Err(same_again()) } else { Ok(credential) }
    }

    /// The server took this credential.
    pub(crate) fn succeeded(self, credential: &Credential) {
        self.gate.manager.accept(credential.generation);
        self.gate.line.opened(self.round);
    }

    /// The login failed. Where the server refused the credential, nobody is handed it again; where it takes none for
    /// now, all who log in there wait. Anything else says nothing about the logins of others.
    pub(crate) fn failed(self, credential: &Arc<Credential>, error: &Error) {
        let Some(kind) = Kind::of(error) else { return };
        // Without a manager nobody is left who would wait.
        let Ok(feed) = self.gate.manager.handle.feed() else { return };
        if kind == Kind::Refused {
            feed.refuse(credential, error);
        }
        let jitter = feed.jitter(&feed.look());
        let failure = Failure { kind, credential, error };
        self.gate.line.shut(self.round, &failure, jitter);
    }
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        self.gate.line.left(self.round);
    }
}

fn same_again() -> Error {
    let text = "the source gave the token of the last login again; this connection waits for a newer one";
    Error::new(Code::CredentialsThrottled, text)
}
