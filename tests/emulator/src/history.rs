//! What happened, one event after the other, for those who follow along.

use crate::record::{Closed, Connection, Login};
use serde::Serialize;
use std::collections::VecDeque;

/// As many as the record keeps of logins and of closed connections.
const KEPT: usize = 20_000;

/// `History` numbers events from 1 and keeps the newest.
#[derive(Default)]
pub(crate) struct History {
    last: u64,
    entries: VecDeque<Entry>,
}

/// `Entry` is an event and its number.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Entry {
    pub(crate) sequence: u64,
    #[serde(flatten)]
    event: Event,
}

/// `Event` is a line of the record.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub(crate) enum Event {
    /// A connection was taken.
    Connected { time: String, connection: u64, node: usize, peer_port: u16 },
    /// A login was judged or turned away.
    Login(Login),
    /// A connection ended.
    Closed(Ended),
}

/// `Ended` says of a connection what it has come to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ended {
    time: Option<String>,
    connection: u64,
    node: usize,
    why: Option<Closed>,
    client_name: Option<String>,
    user: Option<String>,
    commands_forwarded: u64,
    commands_refused: u64,
    logins: u64,
    relogins: u64,
}

impl From<&Connection> for Ended {
    fn from(connection: &Connection) -> Self {
        Self {
            time: connection.closed.clone(),
            connection: connection.id,
            node: connection.node,
            why: connection.why,
            client_name: connection.client_name.clone(),
            user: connection.user.clone(),
            commands_forwarded: connection.commands_forwarded,
            commands_refused: connection.commands_refused,
            logins: connection.logins,
            relogins: connection.relogins,
        }
    }
}

impl Event {
    fn connection(&self) -> u64 {
        match self {
            Self::Connected { connection, .. } => *connection,
            Self::Login(login) => login.connection,
            Self::Closed(ended) => ended.connection,
        }
    }
}

impl History {
    pub(crate) fn push(&mut self, event: Event) {
        self.last += 1;
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        self.entries.push_back(Entry { sequence: self.last, event });
    }

    /// Takes back what was said of a connection; the numbers stay as they are.
    pub(crate) fn retract(&mut self, connection: u64) {
        self.entries.retain(|entry| entry.event.connection() != connection);
    }

    /// The events after the one of this number: of this connection, or of all.
    pub(crate) fn after(&self, sequence: u64, connection: Option<u64>) -> Vec<Entry> {
        let newer = self.entries.iter().filter(|entry| entry.sequence > sequence);
        newer.filter(|entry| connection.is_none_or(|id| id == entry.event.connection())).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_are_kept_and_keep_their_numbers() {
        let mut history = History::default();
        for connection in 0..KEPT as u64 + 2 {
            history.push(Event::Connected { time: String::new(), connection, node: 0, peer_port: 1 });
        }
        let numbers = |since, connection| {
            history.after(since, connection).iter().map(|entry| entry.sequence).collect::<Vec<_>>()
        };
        assert_eq!(numbers(0, None).len(), KEPT);
        assert_eq!(numbers(0, None)[0], 3);
        assert_eq!(numbers(KEPT as u64, None), [KEPT as u64 + 1, KEPT as u64 + 2]);
        assert_eq!(numbers(0, Some(7)), [8]);
        assert!(numbers(8, Some(7)).is_empty());
        history.retract(7);
        assert!(history.after(0, Some(7)).is_empty());
        assert_eq!(history.after(0, None).len(), KEPT - 1);
    }
}
