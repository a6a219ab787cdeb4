//! What happens to tokens and logins, into Python's `logging`.
//!
//! Whoever refreshes a token only puts the event into a queue. A thread of its own hands what is there to Python, many
//! events while it holds Python's lock once; it stays a moment for more, and goes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyrotor::host::{Own, PerProcess, observe_events};
use keyrotor::proto::{Event, EventKind};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::{gate, status};

/// Events kept while Python is busy; beyond these, the oldest are counted only.
const KEPT: usize = 256;
/// Events told while Python's lock is held, which nobody can fork meanwhile.
const TOLD_AT_ONCE: usize = 32;
/// Once all is told, the thread hears of nothing for so long: a rush of events does not wake it for each.
const BREATH: Duration = Duration::from_millis(10);
/// How long it then waits for more before it goes.
const STAY: Duration = Duration::from_millis(100);
/// How long the interpreter waits for what is still to be told, when it ends: a log may hang.
const PATIENCE_AT_THE_END: Duration = Duration::from_secs(1);

static JOURNAL: PerProcess<Journal> = PerProcess::new();

#[derive(Default)]
struct Journal {
    state: Mutex<State>,
    /// There is something to tell, or no time left.
    has_more: Condvar,
    /// All is told.
    has_told: Condvar,
}

#[derive(Default)]
struct State {
    events: VecDeque<Event>,
    teller: Teller,
    is_ending: bool,
}

/// The thread that tells.
#[derive(Default, PartialEq)]
enum Teller {
    #[default]
    Gone,
    /// It looks again by itself.
    AtIt,
    Waiting,
}

impl State {
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

impl Journal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be told next; nothing where nothing came for a while.
    fn next(&self) -> Option<Vec<Event>> {
        let mut state = self.state();
        if state.events.is_empty() && !state.is_ending {
            state = self.has_more.wait_timeout(state, BREATH).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.events.is_empty() {
            state.teller = Teller::Waiting;
            self.has_told.notify_all();
            let waited = self.has_more.wait_timeout_while(state, STAY, |state| state.events.is_empty());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let some = state.events.len().min(TOLD_AT_ONCE);
        state.teller = if some == 0 { Teller::Gone } else { Teller::AtIt };
        (some > 0).then(|| state.events.drain(..some).collect())
    }
}

/// Waits until what happened so far is told, when the interpreter is about to end.
pub(crate) fn finish() {
    let mine = JOURNAL.get(Journal::default);
    let mut state = mine.value.state();
    state.is_ending = true;
    mine.value.has_more.notify_all();
    let is_at_it = |state: &mut State| state.teller == Teller::AtIt;
    drop(mine.value.has_told.wait_timeout_while(state, PATIENCE_AT_THE_END, is_at_it));
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
    let (event, mine) = (event.clone(), JOURNAL.get(Journal::default));
    let mut state = mine.value.state();
    state.push(event);
    match state.teller {
        Teller::AtIt => {}
        Teller::Waiting => {
            state.teller = Teller::AtIt;
            drop(state);
            mine.value.has_more.notify_one();
        }
        Teller::Gone => {
            let journal = Arc::clone(&mine);
            let name = "keyrotor-log".to_owned();
            let thread = std::thread::Builder::new().name(name).spawn(move || tell_all(&journal));
            // Where the system has no thread, the next event tries again.
            state.teller = if thread.is_ok() { Teller::AtIt } else { Teller::Gone };
        }
    }
}

fn tell_all(mine: &Own<Journal>) {
    while let Some(events) = mine.value.next() {
        // Once the interpreter is about to end, nobody is left to be told.
        gate::attach(|py| tell(py, &events));
    }
}

/// Events that nobody logs are not even made Python's. Levels may change at any time, so each time they are asked for.
fn tell(py: Python<'_>, events: &[Event]) {
    let mut wanted = Vec::new();
    for event in events {
        if let Err(error) = tell_one(py, event, &mut wanted) {
            error.write_unraisable(py, None);
        }
    }
}

fn tell_one(py: Python<'_>, event: &Event, wanted: &mut Vec<(EventKind, bool)>) -> PyResult<()> {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let kind = event.kind();
    let is_wanted = match wanted.iter().find(|(known, _)| *known == kind) {
        Some((_, is_wanted)) => *is_wanted,
        None => {
            let is_wanted = is_wanted(py, kind)?;
            wanted.push((kind, is_wanted));
            is_wanted
        }
    };
    if is_wanted {
        LOG.import(py, "keyrotor._events", "log")?.call1((status::event(py, event)?,))?;
    }
    Ok(())
}

fn is_wanted(py: Python<'_>, kind: EventKind) -> PyResult<bool> {
    static IS_WANTED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let asked = IS_WANTED.import(py, "keyrotor._events", "is_wanted")?;
    asked.call1((status::kind(kind),))?.is_truthy()
}
