//! Futures that the JavaScript thread polls itself: commands, whose replies it waits for.
//!
//! A command is on its way to the socket before `execute` returns, and a reply costs one wake-up of the event
//! loop, shared with all that came with it; no other thread has to be asked first. Rare and heavy work, such as
//! connecting, is not done here but by [`runtime::run`](crate::runtime::run).

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::AcqRel;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::completion::{News, Outcome, Queue, panicked};

/// The futures of one JavaScript thread, by ticket.
pub(crate) struct Local {
    queue: Arc<Queue>,
    tasks: Mutex<HashMap<i64, Task>>,
}

struct Task {
    future: Pin<Box<dyn Future<Output = Outcome>>>,
    bell: Arc<Bell>,
}

/// Tells the JavaScript thread, once until it looks.
struct Bell {
    queue: Arc<Queue>,
    ticket: i64,
    rung: AtomicBool,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        if !self.rung.swap(true, AcqRel) {
            self.queue.push(self.ticket, News::Woken);
        }
    }
}

impl Local {
    pub(crate) fn new(queue: Arc<Queue>) -> Self {
        Self { queue, tasks: Mutex::default() }
    }

    /// Polls the future now and whenever it can go on; its outcome comes as the ticket's news.
    pub(crate) fn start(&self, ticket: i64, future: impl Future<Output = Outcome> + 'static) {
        let bell = Arc::new(Bell { queue: Arc::clone(&self.queue), ticket, rung: AtomicBool::new(false) });
        if let Some(outcome) = self.poll(Task { future: Box::pin(future), bell }) {
            self.queue.push(ticket, News::Outcome(outcome));
        }
    }

    /// Goes on with the future that has this ticket; its outcome, if that was the end of it.
    pub(crate) fn go_on(&self, ticket: i64) -> Option<Outcome> {
        let task = self.tasks().remove(&ticket)?;
        self.poll(task)
    }

    fn poll(&self, mut task: Task) -> Option<Outcome> {
        task.bell.rung.store(false, std::sync::atomic::Ordering::Release);
        let waker = Waker::from(Arc::clone(&task.bell));
        let mut context = Context::from_waker(&waker);
        let polled = catch_unwind(AssertUnwindSafe(|| task.future.as_mut().poll(&mut context)));
        match polled {
            Ok(Poll::Ready(outcome)) => Some(outcome),
            Ok(Poll::Pending) => {
                self.tasks().insert(task.bell.ticket, task);
                None
            }
            Err(_) => Some(Err(panicked())),
        }
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, HashMap<i64, Task>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
