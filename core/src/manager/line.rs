//! Who may log in at one server next, while it does not take every login.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::pace::{Jitter, Kind, Series};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::sync::{Mutex, MutexGuard};

/// Once so many may try at once, the gate is open.
const WIDE: u32 = 64;

/// A trouble that is over for so long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(120);

/// The gates of one identity, by server. One without trouble lives as long as somebody stands at it.
#[derive(Default)]
pub(super) struct Gates(Vec<(Box<str>, Arc<Line>)>);

impl Gates {
    pub(super) fn of(&mut self, server: &str, make: impl FnOnce() -> Line) -> Arc<Line> {
        self.0.retain(|(_, line)| Arc::strong_count(line) > 1 || line.is_in_trouble());
        if let Some((_, line)) = self.0.iter().find(|(name, _)| **name == *server) {
            return Arc::clone(line);
        }
        let line = Arc::new(make());
        self.0.push((server.into(), Arc::clone(&line)));
        line
    }
}

/// What all who log in at one server with one identity share.
pub(super) struct Line {
    pub(super) clock: Arc<dyn Clock>,
    state: Mutex<State>,
    pub(super) changed: Notify,
}

#[derive(Default)]
struct State {
    /// Grows with each failure: what began before it is told nothing new by it, and tells nothing new.
    round: u64,
    trouble: Option<Trouble>,
    refusals: Series,
    outages: Series,
    throttles: Series,
}

/// Why not everybody may log in.
struct Trouble {
    error: Error,
    until: Duration,
    /// How many try now, and how many may at once.
    inside: u32,
    width: u32,
    /// Something new may go out at once, and nobody knows yet what will come of it.
    is_open_to_new: bool,
    repeat: Option<Repeat>,
}

/// What was refused is held back longer than what is new.
struct Repeat {
    refused: Arc<Credential>,
    until: Duration,
}

/// What somebody who wants to log in is told.
pub(super) enum Turn {
    Now(u64),
    /// After others, who try for all.
    After,
    In(Duration, Error),
}

pub(super) struct Failure<'a> {
    pub(super) kind: Kind,
    pub(super) credential: &'a Arc<Credential>,
    pub(super) error: &'a Error,
}

impl Line {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Mutex::default(), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of the last login, while nobody got in since.
    pub(super) fn failure(&self) -> Option<Error> {
        self.error_where(|_| true)
    }

    /// The [`failure`](Self::failure), unless something new may go out at once, or somebody may find out now.
    pub(super) fn trouble(&self) -> Option<Error> {
        let now = self.clock.monotonic();
        self.error_where(|trouble| {
            !trouble.is_open_to_new && (now < trouble.until || trouble.inside >= trouble.width)
        })
    }

    fn error_where(&self, matters: impl Fn(&Trouble) -> bool) -> Option<Error> {
        let state = self.state();
        // Once one got in, it is only a matter of turns.
        let trouble = state.trouble.as_ref().filter(|trouble| trouble.width == 1 && matters(trouble));
        trouble.map(|trouble| trouble.error.clone())
    }

    fn is_in_trouble(&self) -> bool {
        let now = self.clock.monotonic();
        self.state().trouble.as_ref().is_some_and(|trouble| now < trouble.until + FORGOTTEN_AFTER)
    }

    pub(super) fn turn(&self) -> Turn {
        let mut state = self.state();
        let round = state.round;
        let Some(trouble) = &mut state.trouble else { return Turn::Now(round) };
        let pause = trouble.until.saturating_sub(self.clock.monotonic());
        if !pause.is_zero() {
            return Turn::In(pause, trouble.error.clone());
        }
        if trouble.inside >= trouble.width {
            return Turn::After;
        }
        trouble.inside += 1;
        Turn::Now(round)
    }

    /// A failure of this round holds up everybody; one of an earlier round is known already.
    pub(super) fn shut(&self, round: u64, failure: &Failure<'_>, jitter: Jitter) {
        let now = self.clock.monotonic();
        {
            let mut state = self.state();
            if round != state.round {
                return;
            }
            state.round += 1;
            let series = match failure.kind {
                Kind::Refused => &mut state.refusals,
                Kind::Unavailable => &mut state.outages,
                Kind::Throttled => &mut state.throttles,
            };
            let until = series.note(failure.kind, now, jitter);
            let repeat = (failure.kind == Kind::Refused).then(|| Repeat {
                refused: Arc::clone(failure.credential),
                until: series.until_repeat(now, jitter),
            });
            let error = failure.error.clone();
            let is_open_to_new = failure.kind == Kind::Refused && until <= now;
            state.trouble = Some(Trouble { error, until, inside: 0, width: 1, is_open_to_new, repeat });
        }
        self.changed.notify_waiters();
    }

    /// Nobody has anything to log in with until then.
    pub(super) fn hold(&self, round: u64, error: &Error, until: Duration) {
        {
            let mut state = self.state();
            if round != state.round {
                return;
            }
            state.round += 1;
            let error = error.clone();
            let (is_open_to_new, repeat) = (false, None);
            state.trouble = Some(Trouble { error, until, inside: 0, width: 1, is_open_to_new, repeat });
        }
        self.changed.notify_waiters();
    }

    /// A login of this round was taken: twice as many may follow. One of an earlier round says nothing about now.
    pub(super) fn opened(&self, round: u64) {
        let mut state = self.state();
        if round != state.round {
            return;
        }
        state.refusals.end();
        state.outages.end();
        state.throttles.end();
        let is_wide = state.trouble.as_mut().is_some_and(|trouble| {
            trouble.width *= 2;
            trouble.width >= WIDE
        });
        if is_wide {
            state.trouble = None;
        }
    }

    /// Whoever entered in this round goes, which may be the next one's turn.
    pub(super) fn left(&self, round: u64) {
        {
            let mut state = self.state();
            if round != state.round {
                return;
            }
            if let Some(trouble) = &mut state.trouble {
                trouble.inside = trouble.inside.saturating_sub(1);
            }
        }
        self.changed.notify_waiters();
    }

    /// Whether this server refused it just now.
    pub(super) fn holds_back(&self, credential: &Credential) -> bool {
        let state = self.state();
        state.trouble.as_ref().and_then(|trouble| trouble.held_back(credential, &*self.clock)).is_some()
    }

    /// What this server refused already goes out again no sooner than it would after a second refusal.
    pub(super) fn let_out(&self, credential: &Credential) -> Result<()> {
        let error = {
            let mut state = self.state();
            let Some(trouble) = &mut state.trouble else { return Ok(()) };
            let Some(until) = trouble.held_back(credential, &*self.clock) else { return Ok(()) };
            trouble.until = trouble.until.max(until);
            trouble.is_open_to_new = false;
            trouble.error.clone()
        };
        self.changed.notify_waiters();
        Err(error)
    }
}

impl Trouble {
    /// Until when this goes out no more, where it was refused.
    fn held_back(&self, credential: &Credential, clock: &dyn Clock) -> Option<Duration> {
        let repeat = self.repeat.as_ref().filter(|repeat| repeat.refused.secret == credential.secret);
        repeat.map(|repeat| repeat.until).filter(|until| clock.monotonic() < *until)
    }
}
