//! What happens to tokens and logins, into Python's `logging`.
//!
//! Whoever refreshes a token only puts the event into a queue. A thread of its own hands it to Python; it is there
//! while there is something to tell.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use keyrotor::host::{Own, PerProcess, observe_events};
use keyrotor::proto::{Event, EventKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::{gate, status};

/// Events kept while Python is busy; beyond these, the oldest are counted only.
const KEPT: usize = 256;

static QUEUE: PerProcess<Mutex<Queue>> = PerProcess::new();

#[derive(Default)]
struct Queue {
    events: VecDeque<Event>,
    is_told: bool,
}

impl Queue {
    fn push(&mut self, event: Event) {
        self.events.push_back(event);
        if self.events.len() > KEPT
            && let Some(lost) = self.events.pop_front()
            && let Some(next) = self.events.front_mut()
        {
            next.missed += lost.missed + 1;
        }
    }
}

/// From now on, all that happens in this process is logged.
pub(crate) fn begin() {
    observe_events(note);
}

/// Runs wherever it happens.
fn note(event: &Event) {
    // Who closes a manager knows of it.
    if event.kind() == EventKind::EventClosed {
        return;
    }
    let mine = QUEUE.get(Mutex::default);
    let mut queue = locked(&mine);
    queue.push(event.clone());
    if !queue.is_told {
        let teller = Arc::clone(&mine);
        let thread =
            std::thread::Builder::new().name("keyrotor-log".to_owned()).spawn(move || tell_all(&teller));
        // Where the system has no thread, the next event tries again.
        queue.is_told = thread.is_ok();
    }
}

fn tell_all(mine: &Own<Mutex<Queue>>) {
    while let Some(event) = next(mine) {
        gate::attach(|py| {
            if let Err(error) = tell(py, &event) {
                error.write_unraisable(py, None);
            }
        });
    }
}

fn next(mine: &Own<Mutex<Queue>>) -> Option<Event> {
    let mut queue = locked(mine);
    let event = queue.events.pop_front();
    queue.is_told = event.is_some();
    event
}

fn tell(py: Python<'_>, event: &Event) -> PyResult<()> {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOG.import(py, "keyrotor._events", "log")?.call1((status::event(py, event)?,))?;
    Ok(())
}

fn locked(mine: &Own<Mutex<Queue>>) -> MutexGuard<'_, Queue> {
    mine.value.lock().unwrap_or_else(PoisonError::into_inner)
}
