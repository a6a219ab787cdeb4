//! The connection that somebody keeps up, or why there is none, as its users see it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::connection::Connection;
use super::session;
use crate::error::{Error, Result};

/// `Link` says which connection serves. Who sees to it says so here; who needs it waits here.
pub(super) struct Link(watch::Sender<State>);

enum State {
    Up(Arc<Connection>),
    Down(Option<Error>),
    Closed,
}

impl Link {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::Down(None)))
    }

    pub(super) fn set_up(&self, connection: &Arc<Connection>) {
        self.set(State::Up(Arc::clone(connection)));
    }

    /// There is no connection, for this reason if one is known.
    pub(super) fn set_down(&self, why: Option<Error>) {
        self.set(State::Down(why));
    }

    pub(super) fn close(&self) {
        self.set(State::Closed);
    }

    /// What was closed stays closed.
    fn set(&self, new: State) {
        self.0.send_if_modified(|state| {
            let is_open = !matches!(state, State::Closed);
            if is_open {
                *state = new;
            }
            is_open
        });
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.0.borrow(), State::Closed)
    }

    /// The connection, where there is one.
    pub(super) fn connected(&self) -> Option<Arc<Connection>> {
        self.connected_if(Connection::is_usable)
    }

    /// [`connected`](Self::connected) for a caller that knows the time.
    pub(super) fn connected_at(&self, now: Duration) -> Option<Arc<Connection>> {
        self.connected_if(|connection| connection.is_usable_at(now))
    }

    fn connected_if(&self, is_usable: impl FnOnce(&Connection) -> bool) -> Option<Arc<Connection>> {
        match &*self.0.borrow() {
            State::Up(connection) if is_usable(connection) => Some(Arc::clone(connection)),
            _ => None,
        }
    }

    /// The connection, waiting for the next one while the network is down; but not while no login can be made:
    /// that is said at once.
    pub(super) async fn connection(&self) -> Result<Arc<Connection>> {
        self.connection_unless(Error::is_about_login).await
    }

    /// The connection; or why there is none, as soon as that is known.
    pub(super) async fn connection_or_why(&self) -> Result<Arc<Connection>> {
        self.connection_unless(|_| true).await
    }

    async fn connection_unless(&self, is_final: impl Fn(&Error) -> bool) -> Result<Arc<Connection>> {
        let mut state = self.0.subscribe();
        loop {
            match &*state.borrow_and_update() {
                State::Up(connection) if !connection.has_ended() => return Ok(Arc::clone(connection)),
                State::Down(Some(error)) if is_final(error) => return Err(error.clone()),
                State::Closed => return Err(Error::closed("client")),
                State::Up(_) | State::Down(_) => {}
            }
            if state.changed().await.is_err() {
                return Err(Error::closed("client"));
            }
        }
    }

    /// What whoever waited in vain is told: where there was no connection all the while, why there is none says more
    /// than the time that passed.
    pub(super) fn timed_out(&self, within: Duration) -> Error {
        match &*self.0.borrow() {
            State::Down(Some(error)) => error.clone(),
            _ => session::timed_out(within),
        }
    }
}
