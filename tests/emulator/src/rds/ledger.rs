//! Keeps the record while connections come and go.

use super::record::{Connection, End, Login, Record, Totals};
use super::session::Session;
use crate::clock::Clock;
use crate::date;
use crate::record::Outcome;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A benchmark's million connections must not fill the memory.
const KEPT: usize = 10_000;

/// `Ledger` knows the open connections and remembers the closed ones.
pub(super) struct Ledger {
    clock: Clock,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    totals: Totals,
    logins: VecDeque<Login>,
    closed: VecDeque<Connection>,
    open: BTreeMap<u64, Arc<Session>>,
    last_accepted: Option<String>,
}

impl Ledger {
    pub(super) fn new(clock: Clock) -> Self {
        Self { clock, book: Mutex::default() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now(&self) -> String {
        date::rfc3339(self.clock.now())
    }

    pub(super) fn open(&self, peer: SocketAddr) -> Arc<Session> {
        let mut book = self.book();
        book.totals.connections += 1;
        let id = book.totals.connections;
        let session = Arc::new(Session::new(id, peer, self.now()));
        book.open.insert(id, Arc::clone(&session));
        session
    }

    pub(super) fn close(&self, session: &Session, why: End) {
        let mut book = self.book();
        if book.open.remove(&session.id).is_none() {
            return;
        }
        book.totals.session_limit_cuts += u64::from(why == End::SessionLimit);
        book.totals.cancels += u64::from(why == End::Cancel);
        push(&mut book.closed, session.describe(Some((self.now(), why))));
    }

    pub(super) fn login(&self, login: Login) {
        let mut book = self.book();
        match login.outcome {
            Outcome::Accepted => {
                book.totals.logins_accepted += 1;
                if login.token_sha256.is_some() {
                    book.last_accepted.clone_from(&login.token_sha256);
                }
            }
            Outcome::Refused => book.totals.logins_refused += 1,
        }
        push(&mut book.logins, login);
    }

    /// The hash of the token that was accepted last.
    pub(super) fn last_accepted(&self) -> Option<String> {
        self.book().last_accepted.clone()
    }

    /// The open connections: the one with this id, or all.
    pub(super) fn sessions(&self, id: Option<u64>) -> Vec<Arc<Session>> {
        let book = self.book();
        book.open.values().filter(|session| id.is_none_or(|id| id == session.id)).cloned().collect()
    }

    /// How many connections have logged in and are open.
    pub(super) fn logged_in(&self) -> usize {
        self.book().open.values().filter(|session| session.has_logged_in()).count()
    }

    pub(super) fn record(&self) -> Record {
        let book = self.book();
        let open = book.open.values().map(|session| session.describe(None));
        Record {
            totals: book.totals,
            logins: book.logins.iter().cloned().collect(),
            connections: book.closed.iter().cloned().chain(open).collect(),
        }
    }
}

fn push<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(new);
}
