//! What the servers refused, and how slowly the next token may go to them.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;

use super::feed::Feed;
use super::schedule::{self, Dice};
use crate::credential::Credential;
use crate::error::Error;
use crate::secret::Secret;

/// The cloud credentials behind refused tokens are dropped at most this often.
const FORGET_KEYS_EVERY: Duration = Duration::from_secs(30);
/// Refusals this far apart have nothing to do with each other.
const SERIES_ENDS_AFTER: Duration = Duration::from_secs(120);

#[derive(Default)]
pub(super) struct Refusals {
    in_a_row: u32,
    last: Option<Arc<Credential>>,
    last_at: Option<Duration>,
    paused_until: Option<Duration>,
    error: Option<Error>,
    keys_forgotten_at: Option<Duration>,
}

impl Refusals {
    pub(super) fn refused(&self) -> Option<Arc<Credential>> {
        self.last.clone()
    }

    /// The refusal itself, while no new token may go out.
    pub(super) fn pause_error(&self, now: Duration) -> Option<Error> {
        self.paused_until.filter(|until| now < *until).and(self.error.clone())
    }

    /// Whether the last login was refused.
    pub(super) fn is_open(&self) -> bool {
        self.in_a_row > 0
    }

    /// Where the source gave again what was refused, the next one goes out no sooner than after a second refusal.
    pub(super) fn note_repeat(&mut self, secret: &Secret, now: Duration, dice: Dice) {
        if self.last.as_ref().is_some_and(|refused| refused.secret == *secret) {
            let pause = schedule::refusal_pause(self.in_a_row.max(2), dice);
            self.paused_until = Some(self.paused_until.unwrap_or_default().max(now + pause));
        }
    }

    fn note(&mut self, credential: Arc<Credential>, error: Error, now: Duration, dice: Dice) -> Duration {
        if self.last_at.is_some_and(|at| now > at + SERIES_ENDS_AFTER) {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last = Some(credential);
        self.last_at = Some(now);
        self.error = Some(error);
        let pause = schedule::refusal_pause(self.in_a_row, dice);
        self.paused_until = Some(now + pause);
        pause
    }

    fn may_forget_keys(&mut self, now: Duration) -> bool {
        let may = self.keys_forgotten_at.is_none_or(|at| now >= at + FORGET_KEYS_EVERY);
        if may {
            self.keys_forgotten_at = Some(now);
        }
        may
    }

    fn clear(&mut self) {
        self.in_a_row = 0;
        self.paused_until = None;
        self.error = None;
    }
}

impl Feed {
    /// A server refused this generation. Counts once, and not at all for one that is current no more.
    pub(super) fn reject(self: &Arc<Self>, generation: u64, error: Option<&Error>) {
        let must_forget_keys = self.change(|state| {
            let current = self.current.load_full();
            let Some(held) = current.filter(|held| held.credential.generation == generation) else {
                return false;
            };
            let now = self.clock.monotonic();
            let error = error.cloned().unwrap_or_else(|| self.refused_error());
            held.refuse();
            self.current.store(None);
            state.counts.rejected += 1;
            state.last_error = Some(error.clone());
            let pause = state.refusals.note(Arc::clone(&held.credential), error.clone(), now, self.dice);
            state.news.rejected(generation, error);
            if state.is_driven() && !state.is_flying() {
                self.set_alarm(state, pause);
            }
            state.refusals.may_forget_keys(now)
        });
        if must_forget_keys {
            self.source.invalidate();
        }
        // Only now, so that the keys which the server refused are not asked once more.
        self.change(|state| {
            let is_wanted = self.current.load().is_none() && state.is_driven() && !state.is_flying();
            if is_wanted && state.refusals.pause_error(self.clock.monotonic()).is_none() {
                // No thread can be had: whoever asks next tries again.
                let _ = self.take_off(state);
            }
        });
    }

    pub(super) fn accept(&self, generation: u64) {
        self.change(|state| {
            let current = self.current.load();
            // One that was refused meanwhile says nothing about its successors.
            if current.as_ref().is_some_and(|held| held.credential.generation == generation) {
                state.refusals.clear();
            }
        });
    }

    fn refused_error(&self) -> Error {
        Error::new(
            Code::AuthRefused,
            format!(
                "the server refused the token of {}; `keyrotor explain-token` shows what it says",
                self.name
            ),
        )
        .with_source(&*self.name)
    }
}
