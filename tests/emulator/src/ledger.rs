//! Keeps the record while connections come and go.

use crate::clock::Clock;
use crate::date;
use crate::history::{Entry, Event, History};
use crate::record::{Closed, Connection, Login, Outcome, Record, Totals};
use crate::session::Session;
use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A benchmark's million connections must not fill the memory.
const KEPT: usize = 10_000;

/// `Ledger` knows the open connections and remembers the closed ones.
pub(crate) struct Ledger {
    clock: Clock,
    book: Mutex<Book>,
}

#[derive(Default)]
struct Book {
    /// Of closed connections; open ones are added when asked for.
    totals: Totals,
    logins: VecDeque<Login>,
    closed: VecDeque<Connection>,
    open: BTreeMap<u64, Arc<Session>>,
    last_id: u64,
    last_accepted: Option<String>,
    history: History,
}

impl Ledger {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, book: Mutex::default() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> String {
        date::rfc3339(self.clock.now())
    }

    pub(crate) fn open(&self, node: usize, peer_port: u16) -> Arc<Session> {
        let mut book = self.book();
        book.totals.connections += 1;
        book.last_id += 1;
        let id = book.last_id;
        let time = self.now();
        let session = Arc::new(Session::new(id, node, peer_port, time.clone()));
        book.history.push(Event::Connected { time, connection: id, node, peer_port });
        book.open.insert(id, Arc::clone(&session));
        session
    }

    pub(crate) fn close(&self, session: &Session, why: Closed) {
        let mut book = self.book();
        if book.open.remove(&session.id).is_none() {
            return;
        }
        book.totals.count(session);
        book.totals.session_limit_cuts += u64::from(why == Closed::SessionLimit);
        let connection = session.describe(Some((self.now(), why)));
        book.history.push(Event::Closed((&connection).into()));
        push(&mut book.closed, connection);
    }

    pub(crate) fn login(&self, login: Login) {
        let mut book = self.book();
        match login.outcome {
            Outcome::Accepted => {
                book.totals.logins_accepted += 1;
                book.totals.relogins += u64::from(login.relogin);
                book.last_accepted = Some(login.token_sha256.clone());
            }
            Outcome::Refused => book.totals.logins_refused += 1,
        }
        book.history.push(Event::Login(login.clone()));
        push(&mut book.logins, login);
    }

    /// What happened after the event of this number, on this connection or on all.
    pub(crate) fn events(&self, since: u64, connection: Option<u64>) -> Vec<Entry> {
        self.book().history.after(since, connection)
    }

    /// The hash of the token that was accepted last.
    pub(crate) fn last_accepted(&self) -> Option<String> {
        self.book().last_accepted.clone()
    }

    /// Strikes a connection out: it is one of the cluster's own.
    pub(crate) fn withdraw(&self, session: &Session) {
        let mut book = self.book();
        if book.open.remove(&session.id).is_some() {
            book.totals.connections -= 1;
            book.history.retract(session.id);
        }
    }

    /// The open connections to a node or to all: the one with this id, or all.
    pub(crate) fn sessions(&self, node: Option<usize>, id: Option<u64>) -> Vec<Arc<Session>> {
        let is_asked_for = |session: &&Arc<Session>| {
            node.is_none_or(|node| node == session.node) && id.is_none_or(|id| id == session.id)
        };
        self.book().open.values().filter(is_asked_for).cloned().collect()
    }

    pub(crate) fn record(&self) -> Record {
        let book = self.book();
        let mut totals = book.totals;
        book.open.values().for_each(|session| totals.count(session));
        let open = book.open.values().map(|session| session.describe(None));
        Record {
            totals,
            logins: book.logins.iter().cloned().collect(),
            connections: book.closed.iter().cloned().chain(open).collect(),
        }
    }
}

impl Totals {
    /// Adds what a connection counted for itself.
    fn count(&mut self, session: &Session) {
        self.commands += session.forwarded.load(Relaxed);
        self.commands_refused += session.refused.load(Relaxed);
    }
}

fn push<T>(kept: &mut VecDeque<T>, new: T) {
    if kept.len() == KEPT {
        kept.pop_front();
    }
    kept.push_back(new);
}
