//! One fetch: a round of attempts within the source's budget.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use keyrotor_proto::Code;
use tokio::sync::watch;

use super::schedule;
use super::state::{Outcome, Shared};
use crate::error::Error;
use crate::runtime::Engine;
use crate::source::{Fetch, Fetched, SourceError};

/// Runs a round and tells everybody who waits for it. A panic in the source is an error like any other.
pub(super) async fn fly(shared: Arc<Shared>, engine: Arc<Engine>, waiting: watch::Sender<Option<Outcome>>) {
    let round = AssertUnwindSafe(round(&shared, &engine)).catch_unwind().await;
    let answer = round.unwrap_or_else(|panic| Err(panicked(&shared, &engine, &*panic)));
    let outcome = {
        let mut state = shared.state();
        Shared::land(&mut state);
        if state.closed {
            return;
        }
        match answer {
            Ok(fetched) => Ok(shared.install(&mut state, &engine, fetched)),
            Err(error) => {
                shared.end_of_round(&mut state, &engine, &error);
                Err(error)
            }
        }
    };
    waiting.send_replace(Some(outcome));
}

async fn round(shared: &Arc<Shared>, engine: &Arc<Engine>) -> Result<Fetched, Error> {
    let deadline = engine.clock.monotonic() + shared.config.source_timeout;
    // Callers sat through a whole round when the failures began; from then on each round is one attempt.
    let attempts = if shared.state().failures == 0 { shared.config.retry.max_attempts } else { 1 };
    let mut attempt = 1;
    loop {
        let error = match attempt_once(shared, engine, deadline).await {
            Ok(fetched) => return Ok(fetched),
            Err(error) => error,
        };
        let (pause, is_last) = {
            let mut state = shared.state();
            shared.note_failure(&mut state, engine, error.clone().into_error());
            if let SourceError::Throttled(_, Some(asked)) = &error {
                state.not_before = engine.clock.monotonic().checked_add(*asked);
            }
            (pause_after(shared, state.failures, &error), attempt >= attempts)
        };
        let over_budget = engine.clock.monotonic() + pause >= deadline;
        if is_last || over_budget || matches!(error, SourceError::Permanent(_)) {
            return Err(error.into_error());
        }
        engine.clock.sleep(pause).await;
        attempt += 1;
    }
}

async fn attempt_once(shared: &Shared, engine: &Engine, deadline: Duration) -> Result<Fetched, SourceError> {
    let question = {
        let mut state = shared.state();
        state.counts.attempts += 1;
        shared.question(&state, engine)
    };
    let left = deadline.saturating_sub(engine.clock.monotonic());
    let fetched = tokio::select! {
        answer = shared.source.fetch(question.clone()) => answer?,
        () = engine.clock.sleep(left) => return Err(SourceError::Transient(over_budget(shared.source.name(), shared.config.source_timeout))),
    };
    if fetched.expires_at.is_some_and(|end| end <= engine.clock.wall()) {
        return Err(SourceError::Transient(expired_on_arrival(shared)));
    }
    slow_down_repeats(shared, engine, &question, &fetched);
    Ok(fetched)
}

/// A credential made on the spot, by the rules of one that was fetched. Called under the manager's lock.
pub(super) fn fetch_now(
    shared: &Shared,
    question: &Fetch,
    engine: &Engine,
) -> Option<Result<Fetched, SourceError>> {
    let answer = std::panic::catch_unwind(AssertUnwindSafe(|| shared.source.fetch_now(question)));
    let fetched = match answer {
        Ok(answer) => answer?,
        Err(panic) => Err(SourceError::Transient(panic_error(shared, &*panic))),
    };
    Some(fetched.and_then(|fetched| {
        let is_over = fetched.expires_at.is_some_and(|end| end <= engine.clock.wall());
        if is_over { Err(SourceError::Transient(expired_on_arrival(shared))) } else { Ok(fetched) }
    }))
}

/// A source that gives the refused secret again is a refused identity: it is paced like one.
fn slow_down_repeats(shared: &Shared, engine: &Engine, question: &Fetch, fetched: &Fetched) {
    if question.differs_from.iter().any(|other| other.secret == fetched.secret) {
        shared.state().refusals.same_again(&fetched.secret, engine.clock.monotonic(), shared.dice);
    }
}

fn pause_after(shared: &Shared, failures: u32, error: &SourceError) -> Duration {
    let backoff = schedule::backoff(&shared.config.retry, failures, shared.dice);
    match error {
        SourceError::Throttled(_, Some(asked)) => backoff.max(*asked),
        _ => backoff,
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

fn expired_on_arrival(shared: &Shared) -> Error {
    let source = shared.source.name();
    Error::new(
        Code::CredentialsFetchFailed,
        format!(
            "Failed to refresh IAM token: {source} gave one that had already expired; look at the clocks"
        ),
    )
    .with_source(source)
}

fn panicked(shared: &Arc<Shared>, engine: &Engine, panic: &(dyn std::any::Any + Send)) -> Error {
    let error = panic_error(shared, panic);
    shared.note_failure(&mut shared.state(), engine, error)
}

fn panic_error(shared: &Shared, panic: &(dyn std::any::Any + Send)) -> Error {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default();
    Error::internal(format!("the source {} panicked: {text}", shared.source.name()))
        .with_source(shared.source.name())
}
