//! What a host's event loop is told: outcomes of calls, and connections to watch.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::Value;

use super::Line;
use crate::error::Result;

/// `Mailbox` collects what an event loop has to hear, and rings once for all that came since it looked.
pub struct Mailbox {
    letters: Mutex<Vec<Letter>>,
    bell: Box<dyn Fn() + Send + Sync>,
    is_rung: AtomicBool,
    /// The loop looks anyway, in a moment.
    is_watched: AtomicBool,
}

/// One thing to hear.
pub enum Letter {
    /// How the call of this number ended.
    Outcome(u64, Outcome),
    /// A connection is there. The loop reads it when it is readable, until it has [ended](Line::has_ended).
    Opened(Arc<Line>),
}

/// How a call ended.
pub enum Outcome {
    /// Of a command.
    One(Result<Value>),
    /// Of a batch.
    Many(Result<Vec<Result<Value>>>),
}

impl From<Result<Value>> for Outcome {
    fn from(outcome: Result<Value>) -> Self {
        Self::One(outcome)
    }
}

impl From<Result<Vec<Result<Value>>>> for Outcome {
    fn from(outcome: Result<Vec<Result<Value>>>) -> Self {
        Self::Many(outcome)
    }
}

impl Mailbox {
    /// `bell` has the loop [look](Self::take). It is called on any thread, with locks held: it must return at once,
    /// and not come back here.
    pub fn new(bell: impl Fn() + Send + Sync + 'static) -> Self {
        Self {
            letters: Mutex::default(),
            bell: Box::new(bell),
            is_rung: AtomicBool::new(false),
            is_watched: AtomicBool::new(false),
        }
    }

    /// All that came. The next letter rings again.
    pub fn take(&self) -> Vec<Letter> {
        self.is_rung.store(false, SeqCst);
        std::mem::take(&mut *self.letters())
    }

    /// Runs what may bring letters, on the loop's thread, without a ring: the loop takes them right after.
    pub fn watch<T>(&self, work: impl FnOnce() -> T) -> T {
        self.is_watched.store(true, SeqCst);
        let outcome = work();
        self.is_watched.store(false, SeqCst);
        outcome
    }

    pub(in crate::client) fn put(&self, letter: Letter) {
        self.letters().push(letter);
        self.ring();
    }

    /// Has the loop look: something changed that it sees for itself.
    pub fn ring(&self) {
        if !self.is_watched.load(SeqCst) && !self.is_rung.swap(true, SeqCst) {
            (self.bell)();
        }
    }

    fn letters(&self) -> MutexGuard<'_, Vec<Letter>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    fn outcome(number: u64) -> Letter {
        Letter::Outcome(number, Outcome::One(Ok(Value::Okay)))
    }

    #[test]
    fn it_rings_once_until_somebody_looks() {
        let rings = Arc::<AtomicU32>::default();
        let heard = Arc::clone(&rings);
        let mailbox = Mailbox::new(move || {
            heard.fetch_add(1, SeqCst);
        });
        mailbox.put(outcome(1));
        mailbox.put(outcome(2));
        assert_eq!((rings.load(SeqCst), mailbox.take().len()), (1, 2));
        mailbox.put(outcome(3));
        assert_eq!(rings.load(SeqCst), 2);
        mailbox.take();
        mailbox.watch(|| mailbox.put(outcome(4)));
        assert_eq!((rings.load(SeqCst), mailbox.take().len()), (2, 1));
    }
}
