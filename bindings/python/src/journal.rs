//! What happens to tokens and logins, into Python's `logging`.
//!
//! Whoever refreshes a token only puts the event into a queue. A thread of its own asks Python which of them are logged,
//! for many at once, and hands these over; it stays a moment for more, and goes.

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
/// Events for which levels are asked for at once.
const ASKED_AT_ONCE: usize = 32;
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
    /// Events that were lost since the last one that was logged.
    missed: u64,
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
        if self.events.len() <= KEPT {
            return;
        }
        let least = self.events.iter().position(|event| is_good_news(event.kind())).unwrap_or_default();
        let lost = self.events.remove(least).map_or(0, |lost| lost.missed + 1);
        match self.events.get_mut(least) {
            Some(next) => next.missed += lost,
            None => self.missed += lost,
        }
    }
}

/// What is amiss is kept for longer than this.
fn is_good_news(kind: EventKind) -> bool {
    matches!(kind, EventKind::EventFetched | EventKind::EventRecovered | EventKind::EventReauthenticated)
}

impl Journal {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is to be told next; nothing where nothing came for a while. `missed` is of events that were not told.
    fn next(&self, missed: u64) -> Option<(Vec<Event>, u64)> {
        let mut state = self.state();
        state.missed += missed;
        if state.events.is_empty() && !state.is_ending {
            state = self.has_more.wait_timeout(state, BREATH).unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.events.is_empty() {
            state.teller = Teller::Waiting;
            self.has_told.notify_all();
            let waited = self.has_more.wait_timeout_while(state, STAY, |state| state.events.is_empty());
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let some = state.events.len().min(ASKED_AT_ONCE);
        state.teller = if some == 0 { Teller::Gone } else { Teller::AtIt };
        (some > 0).then(|| (state.events.drain(..some).collect(), std::mem::take(&mut state.missed)))
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
    let mut missed = 0;
    while let Some((events, lost)) = mine.value.next(missed) {
        missed = lost;
        // Once the interpreter is about to end, nobody is left to be told.
        let Some(wanted) = gate::attach(|py| wanted(py, &events)) else { continue };
        for event in events {
            missed += event.missed;
            if wanted.contains(&event.kind()) {
                let event = Event { missed: std::mem::take(&mut missed), ..event };
                // One at a time: a fork waits for whoever is inside.
                gate::attach(|py| log(py, &event).unwrap_or_else(|error| error.write_unraisable(py, None)));
            }
        }
    }
}

/// The kinds of these that are logged as things stand. Levels may change at any time, so each time they are asked for.
fn wanted(py: Python<'_>, events: &[Event]) -> Vec<EventKind> {
    gate::go_before_logging(py).unwrap_or_else(|error| error.write_unraisable(py, None));
    let mut kinds: Vec<_> = events.iter().map(Event::kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.retain(|kind| {
        is_wanted(py, *kind).unwrap_or_else(|error| {
            error.write_unraisable(py, None);
            false
        })
    });
    kinds
}

fn is_wanted(py: Python<'_>, kind: EventKind) -> PyResult<bool> {
    static IS_WANTED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let asked = IS_WANTED.import(py, "keyrotor._events", "is_wanted")?;
    asked.call1((status::kind(kind),))?.is_truthy()
}

fn log(py: Python<'_>, event: &Event) -> PyResult<()> {
    static LOG: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    LOG.import(py, "keyrotor._events", "log")?.call1((status::event(py, event)?,))?;
    Ok(())
}
