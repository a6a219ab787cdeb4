//! One client connection's standing.

use super::record::{Connection, End};
use std::net::SocketAddr;
use std::sync::OnceLock;
use tokio::sync::watch;

/// `Session` is shared by the connection's task, the record and the faults.
pub(super) struct Session {
    pub(super) id: u64,
    pub(super) peer: SocketAddr,
    opened: String,
    user: OnceLock<String>,
    end: watch::Sender<Option<End>>,
}

impl Session {
    pub(super) fn new(id: u64, peer: SocketAddr, opened: String) -> Self {
        Self { id, peer, opened, user: OnceLock::new(), end: watch::Sender::new(None) }
    }

    /// This role has logged in.
    pub(super) fn admit(&self, user: String) {
        // There is one login a connection.
        let _ = self.user.set(user);
    }

    pub(super) fn has_logged_in(&self) -> bool {
        self.user.get().is_some()
    }

    /// Ends the connection.
    pub(super) fn end(&self, why: End) {
        self.end.send_replace(Some(why));
    }

    /// Waits until the connection is told to end.
    pub(super) async fn over(&self) -> End {
        let mut end = self.end.subscribe();
        loop {
            if let Some(why) = *end.borrow_and_update() {
                return why;
            }
            // The sender lives as long as `self`, so `changed` cannot fail.
            let _ = end.changed().await;
        }
    }

    /// The connection as the record shows it.
    pub(super) fn describe(&self, closed: Option<(String, End)>) -> Connection {
        let (closed, why) = closed.unzip();
        let user = self.user.get().cloned();
        Connection {
            id: self.id,
            peer_port: self.peer.port(),
            opened: self.opened.clone(),
            closed,
            why,
            user,
        }
    }
}
