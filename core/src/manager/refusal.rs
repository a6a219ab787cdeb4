//! What the servers refused, and how slowly the next token may go to them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;

use super::feed::Feed;
use super::pace::{Jitter, Kind, Series};
use crate::credential::Credential;
use crate::error::Error;
use crate::secret::Secret;

/// The cloud credentials behind refused tokens are dropped at most this often.
const FORGET_KEYS_EVERY: Duration = Duration::from_secs(30);

/// A token that is dated by the second can be made in three ways at a time: beside these one is left.
const REMEMBERED: usize = 2;

#[derive(Default)]
pub(super) struct Refusals {
    series: Series,
    last: Option<Refused>,
    /// The latest secrets that a server refused, whether they were current still or not.
    remembered: VecDeque<Arc<Credential>>,
    paused_until: Option<Duration>,
    keys_forgotten_at: Option<Duration>,
}

struct Refused {
    credential: Arc<Credential>,
    error: Error,
    pacing: Pacing,
}

/// Who holds the next tokens back after a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pacing {
    /// This identity does, whichever server they are for.
    Here,
    /// The gate of the one server that refused it does; others may like the next token better.
    AtTheGate,
}

impl Refusals {
    /// What the source is to differ from.
    pub(super) fn remembered(&self) -> impl Iterator<Item = &Arc<Credential>> {
        self.remembered.iter()
    }

    /// `false` where this secret is one of them already.
    fn remember(&mut self, refused: &Arc<Credential>) -> bool {
        let is_new = self.remembered.iter().all(|old| old.secret != refused.secret);
        if is_new {
            self.remembered.push_front(Arc::clone(refused));
            self.remembered.truncate(REMEMBERED);
        }
        is_new
    }

    /// The refusal itself, while no new token may go out.
    pub(super) fn pause_error(&self, now: Duration) -> Option<Error> {
        let last = self.paused_until(now).and(self.last.as_ref());
        last.map(|last| last.error.clone())
    }

    /// Until when no new token may go out, where that is still to come.
    pub(super) fn paused_until(&self, now: Duration) -> Option<Duration> {
        self.paused_until.filter(|until| now < *until)
    }

    /// Whether the last login was refused.
    pub(super) fn is_open(&self) -> bool {
        self.series.is_open()
    }

    /// Where the source gave again what was refused, the next one goes out no sooner than after a second refusal.
    pub(super) fn note_repeat(&mut self, secret: &Secret, now: Duration, jitter: Jitter) {
        let last = self.last.as_ref().filter(|last| last.pacing == Pacing::Here);
        if last.is_some_and(|last| last.credential.secret == *secret) {
            let until = self.series.until_repeat(now, jitter);
            self.paused_until = self.paused_until.max(Some(until));
        }
    }

    /// Tells how long the next token is held back.
    fn note(&mut self, refused: Refused, now: Duration, jitter: Jitter) -> Duration {
        let until = self.series.note(Kind::Refused, now, jitter);
        let until = if refused.pacing == Pacing::Here { until } else { now };
        self.remember(&refused.credential);
        self.last = Some(refused);
        self.paused_until = self.paused_until.max(Some(until));
        until.saturating_sub(now)
    }

    fn may_forget_keys(&mut self, now: Duration) -> bool {
        let may = self.keys_forgotten_at.is_none_or(|at| now >= at + FORGET_KEYS_EVERY);
        if may {
            self.keys_forgotten_at = Some(now);
        }
        may
    }

    fn clear(&mut self) {
        self.series.end();
        self.paused_until = None;
    }
}

impl Feed {
    /// A server refused this generation. Counts once, and not at all for one that is current no more.
    pub(super) fn reject(self: &Arc<Self>, generation: u64, error: Option<&Error>, pacing: Pacing) {
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
            let refused = Refused { credential: Arc::clone(&held.credential), error: error.clone(), pacing };
            let jitter = self.jitter(state);
            let pause = state.refusals.note(refused, now, jitter);
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

    /// The server behind a gate refused this credential. One that is current no more is remembered all the same: a
    /// source that is asked twice within a second may sign the very same bytes again, or have done so.
    pub(super) fn refuse(self: &Arc<Self>, refused: &Arc<Credential>, error: &Error) {
        let current = self.change(|state| {
            let is_news = state.refusals.remember(refused);
            let current = self.current.load_full().filter(|held| {
                let was_signed_again = is_news && held.credential.secret == refused.secret;
                was_signed_again || held.generation() == refused.generation
            });
            current.map(|held| held.generation())
        });
        if let Some(generation) = current {
            self.reject(generation, Some(error), Pacing::AtTheGate);
        }
    }

    pub(super) fn accept(self: &Arc<Self>, generation: u64) {
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
