//! One fetch: a round of attempts within the source's budget.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use keyrotor_proto::{Code, EventKind};
use tokio::sync::watch;
use tracing::Instrument;

use super::feed::{Feed, Outcome};
use super::members::Pace;
use super::news::Failure;
use super::schedule;
use super::state::State;
use crate::credential::Credential;
use crate::error::Error;
use crate::runtime::Engine;
use crate::source::{Fetch, Fetched, SourceError};

/// What came of asking the source, and how long it took.
pub(super) struct Made {
    pub(super) answer: Result<Fetched, SourceError>,
    pub(super) took: Duration,
}

impl Made {
    /// Whether it is a credential, and none of these.
    pub(super) fn is_none_of<'a>(&self, known: impl IntoIterator<Item = &'a Arc<Credential>>) -> bool {
        let made = self.answer.as_ref().map(|fetched| &fetched.secret);
        made.is_ok_and(|secret| known.into_iter().all(|known| known.secret != *secret))
    }

    pub(super) fn is_one_of<'a>(&self, known: impl IntoIterator<Item = &'a Arc<Credential>>) -> bool {
        self.answer.is_ok() && !self.is_none_of(known)
    }
}

/// Runs a round and tells everybody who waits for it. A panic in the source is an error like any other.
pub(super) async fn fly(
    feed: Arc<Feed>,
    engine: Arc<Engine>,
    pace: Pace,
    number: u64,
    waiting: watch::Sender<Option<Outcome>>,
) {
    let begun = feed.clock.monotonic();
    let span = tracing::info_span!("token_refresh", source = &*feed.name, target = feed.source.target());
    let round = AssertUnwindSafe(round(&feed, &pace).instrument(span)).catch_unwind().await;
    let answer = round.unwrap_or_else(|panic| Err(panicked(&feed, &*panic)));
    let took = feed.clock.monotonic().saturating_sub(begun);
    let outcome = feed.change_silently(|state| {
        if !state.land(number) {
            return None;
        }
        Some(match answer {
            Ok(fetched) => Ok(feed.install(state, fetched, took)),
            Err(error) => {
                feed.end_of_round(state, &error, took);
                Err(error)
            }
        })
    });
    // Whoever waits for it goes first: a log may hang.
    if let Some(outcome) = outcome {
        waiting.send_replace(Some(outcome));
    }
    feed.spread_news();
    // A lazy manager's fetch has the last hold on the thread that it runs on.
    drop(engine);
}

async fn round(feed: &Arc<Feed>, pace: &Pace) -> Result<Fetched, Error> {
    let deadline = feed.clock.monotonic() + pace.source_timeout;
    // Callers sat through a whole round when the failures began; from then on each round is one attempt.
    let attempts = if feed.look().failures == 0 { pace.retry.max_attempts } else { 1 };
    let mut attempt = 1;
    loop {
        let error = match attempt_once(feed, pace, deadline).await {
            Ok(fetched) => return Ok(fetched),
            Err(error) => error,
        };
        let is_last = attempt >= attempts;
        let pause = feed.change(|state| {
            feed.note_failure(state, error.clone().into_error());
            if let SourceError::Throttled(_, Some(asked)) = &error {
                state.not_before = feed.clock.monotonic().checked_add(*asked);
            }
            pause_after(feed, pace, state.failures, &error)
        });
        let over_budget = feed.clock.monotonic() + pause >= deadline;
        if is_last || over_budget || matches!(error, SourceError::Permanent(_)) {
            return Err(error.into_error());
        }
        feed.clock.sleep(pause).await;
        attempt += 1;
    }
}

async fn attempt_once(feed: &Arc<Feed>, pace: &Pace, deadline: Duration) -> Result<Fetched, SourceError> {
    let question = feed.change(|state| {
        state.counts.attempts += 1;
        feed.question(state)
    });
    let left = deadline.saturating_sub(feed.clock.monotonic());
    let fetched = tokio::select! {
        answer = feed.source.fetch(question) => answer?,
        () = feed.clock.sleep(left) => {
            return Err(SourceError::Transient(over_budget(&feed.name, pace.source_timeout)));
        }
    };
    not_expired(feed, fetched)
}

/// A credential made on the spot, by the rules of one that was fetched. `None` where it takes a fetch.
pub(super) fn fetch_now(feed: &Arc<Feed>, question: &Fetch) -> Option<Made> {
    let begun = feed.clock.monotonic();
    let answer = std::panic::catch_unwind(AssertUnwindSafe(|| feed.source.fetch_now(question)));
    let answer = match answer {
        Ok(answer) => answer?.and_then(|fetched| not_expired(feed, fetched)),
        Err(panic) => Err(SourceError::Transient(panic_error(feed, &*panic))),
    };
    Some(Made { answer, took: feed.clock.monotonic().saturating_sub(begun) })
}

fn not_expired(feed: &Feed, fetched: Fetched) -> Result<Fetched, SourceError> {
    let is_over = fetched.expires_at.is_some_and(|end| end <= feed.clock.wall());
    if is_over { Err(SourceError::Transient(expired_on_arrival(feed))) } else { Ok(fetched) }
}

fn pause_after(feed: &Feed, pace: &Pace, failures: u32, error: &SourceError) -> Duration {
    let backoff = schedule::backoff(&pace.retry, failures, feed.dice);
    match error {
        SourceError::Throttled(_, Some(asked)) => backoff.max(*asked),
        _ => backoff,
    }
}

impl Feed {
    /// Whoever waited is told; the alarm tries again, for ever.
    pub(super) fn end_of_round(self: &Arc<Self>, state: &mut State, error: &Error, took: Duration) {
        let asked = state.not_before.map_or(Duration::ZERO, |at| at.saturating_sub(self.clock.monotonic()));
        let retry = state.members.pace().retry;
        let pause = schedule::backoff(&retry, state.failures, self.dice).max(asked);
        let retry_in = state.is_driven().then_some(pause);
        if state.is_driven() {
            self.set_alarm(state, pause);
        }
        let kind = if self.valid().is_some() { EventKind::EventDegraded } else { EventKind::EventExpired };
        let became = Some(kind).filter(|kind| state.announced.replace(*kind) != Some(*kind));
        let (error, failures) = (error.clone(), state.failures);
        state.news.failed(Failure { error, failures, took, retry_in, became });
    }
}

/// A source that took longer than it may.
pub(crate) fn over_budget(source: &str, budget: Duration) -> Error {
    Error::new(
        Code::CredentialsTimeout,
        format!(
            "Failed to refresh IAM token: {source} did not answer within {} s; raise refresh.source_timeout or look \
             at the provider of its credentials",
            budget.as_secs_f64()
        ),
    )
    .with_source(source)
}

fn expired_on_arrival(feed: &Feed) -> Error {
    let source = &*feed.name;
    Error::new(
        Code::CredentialsFetchFailed,
        format!(
            "Failed to refresh IAM token: {source} gave one that had already expired; look at the clocks"
        ),
    )
    .with_source(source)
}

fn panicked(feed: &Arc<Feed>, panic: &(dyn std::any::Any + Send)) -> Error {
    let error = panic_error(feed, panic);
    feed.change(|state| feed.note_failure(state, error))
}

fn panic_error(feed: &Feed, panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::internal(format!("the source {} panicked: {text}", feed.name)).with_source(&*feed.name)
}
