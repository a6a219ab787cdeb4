//! Who is told: credentials to subscribers, events to listeners. Nobody can delay a refresh.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use keyrotor_proto::{Event, EventKind};
use tokio::runtime::Handle;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::held::{Held, Standing};
use super::state::{Shared, State};
use crate::credential::Credential;
use crate::error::Error;
use crate::host;
use crate::runtime::Engine;
use crate::time::timestamp;

/// The newest of what a subscriber may see.
#[derive(Clone)]
pub(crate) enum Latest {
    Waiting,
    Token(Arc<Held>),
    Closed,
}

/// The current credential at once, then each newer one; the latest where several came in between.
pub struct Subscription {
    latest: watch::Receiver<Latest>,
    /// The generation that was given out last.
    seen: u64,
}

impl Subscription {
    /// The next credential; `None` once the manager is closed. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Credential>> {
        loop {
            let latest = self.latest.borrow_and_update().clone();
            match latest {
                Latest::Token(held) if self.is_news(&held) => {
                    self.seen = held.credential.generation;
                    return Some(Arc::clone(&held.credential));
                }
                Latest::Closed => return None,
                Latest::Token(_) | Latest::Waiting => {}
            }
            self.latest.changed().await.ok()?;
        }
    }

    /// Newer than what was given out, and not over by now.
    fn is_news(&self, held: &Held) -> bool {
        self.seen < held.credential.generation && held.standing() < Standing::Over
    }

    pub(super) fn drive(
        mut self,
        runtime: &Handle,
        mut callback: impl FnMut(&Arc<Credential>) + Send + 'static,
    ) -> SubscriptionHandle {
        let task = runtime.spawn(async move {
            while let Some(credential) = self.next().await {
                // A thread of the blocking pool, so that a callback that hangs holds up nobody but itself.
                let called = tokio::task::spawn_blocking(move || {
                    let outcome = host::where_blocking_is_fine(|| {
                        std::panic::catch_unwind(AssertUnwindSafe(|| callback(&credential)))
                    });
                    if outcome.is_err() {
                        tracing::error!("a subscriber panicked; it stays subscribed");
                    }
                    callback
                });
                match called.await {
                    Ok(back) => callback = back,
                    Err(_) => return,
                }
            }
        });
        SubscriptionHandle { task: task.abort_handle() }
    }
}

/// Ends its subscription when dropped.
#[derive(Debug)]
pub struct SubscriptionHandle {
    task: AbortHandle,
}

impl Drop for SubscriptionHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The events of one manager, from the moment of [`TokenManager::events`](crate::TokenManager::events) on.
pub struct EventStream {
    events: broadcast::Receiver<Event>,
    ended: bool,
}

impl EventStream {
    /// The next event; `None` after the last. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        while !self.ended {
            match self.events.recv().await {
                Ok(event) => {
                    self.ended = event.kind() == EventKind::EventClosed;
                    return Some(event);
                }
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => self.ended = true,
            }
        }
        None
    }
}

impl Shared {
    pub(super) fn subscription(&self) -> Subscription {
        Subscription { latest: self.latest.subscribe(), seen: 0 }
    }

    pub(super) fn event_stream(&self) -> EventStream {
        EventStream { events: self.events.subscribe(), ended: self.state().closed }
    }

    pub(super) fn announce(
        &self,
        state: &State,
        engine: &Engine,
        credential: &Credential,
        was_failing: bool,
    ) {
        tracing::info!(
            source = self.source.name(),
            generation = credential.generation,
            expires_at = ?credential.expires_at,
            "IAM token refreshed successfully"
        );
        self.emit_at(Some(engine), state.generation, EventKind::EventFetched, None);
        if was_failing {
            self.emit_at(Some(engine), state.generation, EventKind::EventRecovered, None);
        }
    }

    pub(super) fn emit(&self, kind: EventKind, error: Option<&Error>) {
        let (engine, generation) = {
            let state = self.state();
            (state.engine.clone(), state.generation)
        };
        self.emit_at(engine.as_deref(), generation, kind, error);
    }

    /// Without an engine, which is before the first use, there is no clock to name the moment.
    pub(super) fn emit_at(
        &self,
        engine: Option<&Engine>,
        generation: u64,
        kind: EventKind,
        error: Option<&Error>,
    ) {
        let expires_at = self.current.load().as_ref().and_then(|held| held.credential.expires_at);
        // An error here only says that nobody listens.
        let _ = self.events.send(Event {
            kind: kind.into(),
            at: engine.map(|engine| timestamp(engine.clock.wall())),
            source: self.source.name().to_owned(),
            generation,
            expires_at: expires_at.map(timestamp),
            error: error.map(Error::detail),
        });
    }
}
