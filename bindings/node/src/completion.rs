//! What keyrotor's thread hands to a JavaScript thread: outcomes, each for one ticket, settled exactly once.

use std::sync::{Arc, Mutex, PoisonError};

use keyrotor::proto::Event;
use keyrotor::{Code, Credential, Error, Result, Value};
use napi::threadsafe_function::{ThreadsafeFunction, ThreadsafeFunctionCallMode};

use crate::callback::QuestionInfo;
use crate::client::Client;
use crate::reply::Decode;

/// A value on its way to JavaScript.
pub(crate) enum Payload {
    Credential(Arc<Credential>),
    Client(Client),
    Reply(Value, Decode),
    Replies(Vec<Result<Value>>, Decode),
    Event(Box<Event>),
    Question(QuestionInfo),
}

pub(crate) type Outcome = Result<Payload>;

/// News for a ticket.
pub(crate) enum News {
    /// This is its outcome, or of a stream the next item.
    Outcome(Outcome),
    /// Its future, which the JavaScript thread has, can go on.
    Woken,
}

/// Calls the host's `drain`. Weak: it keeps no process alive.
pub(crate) type Wake = ThreadsafeFunction<(), (), (), napi::Status, false, true>;

/// The news that one JavaScript thread has not seen yet.
pub(crate) struct Queue {
    wake: Wake,
    news: Mutex<Vec<(i64, News)>>,
}

impl Queue {
    pub(crate) fn new(wake: Wake) -> Arc<Self> {
        Arc::new(Self { wake, news: Mutex::default() })
    }

    /// Adds news; the first since the last drain wakes the JavaScript thread.
    pub(crate) fn push(&self, ticket: i64, news: News) {
        let mut queue = self.lock();
        let is_first = queue.is_empty();
        queue.push((ticket, news));
        drop(queue);
        if is_first {
            // A thread that is going away cannot be woken, and nobody there waits.
            let _ = self.wake.call((), ThreadsafeFunctionCallMode::NonBlocking);
        }
    }

    pub(crate) fn take(&self) -> Vec<(i64, News)> {
        std::mem::take(&mut self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(i64, News)>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The duty to settle one promise. Dropped without it, as by a panic, it settles the promise with an error.
pub(crate) struct Completion {
    queue: Arc<Queue>,
    ticket: i64,
    is_open: bool,
}

impl Completion {
    pub(crate) fn new(queue: Arc<Queue>, ticket: i64) -> Self {
        Self { queue, ticket, is_open: true }
    }

    pub(crate) fn complete(mut self, outcome: Outcome) {
        self.is_open = false;
        self.queue.push(self.ticket, News::Outcome(outcome));
    }
}

impl Drop for Completion {
    fn drop(&mut self) {
        if self.is_open {
            let error = if std::thread::panicking() {
                panicked()
            } else {
                Error::new(Code::Cancelled, "the call was given up before it ended")
            };
            self.queue.push(self.ticket, News::Outcome(Err(error)));
        }
    }
}

/// What a promise is told of a panic.
pub(crate) fn panicked() -> Error {
    Error::new(Code::Internal, "internal error, please report it: a panic; standard error has its text")
}
