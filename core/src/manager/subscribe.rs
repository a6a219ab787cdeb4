//! What subscribers and listeners hold. Nobody of them can delay a refresh.

use std::sync::Arc;

use keyrotor_proto::Event;
use tokio::sync::{broadcast, watch};

use super::audience::{Audience, Newest};
use crate::credential::Credential;
use crate::host::Task;
use crate::runtime::Engine;

/// The current credential at once, then each newer one; the latest where several came in between.
///
/// It stays with the process that made it: a forked child subscribes anew.
pub struct Subscription {
    newest: watch::Receiver<Newest>,
    /// The generation that was given out last.
    seen: u64,
}

impl Subscription {
    pub(super) fn new(newest: watch::Receiver<Newest>) -> Self {
        Self { newest, seen: 0 }
    }

    /// The next credential; `None` once the manager is closed. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Arc<Credential>> {
        loop {
            let newest = self.newest.borrow_and_update().clone();
            if newest.is_closed {
                return None;
            }
            // Newer than what was given out, and not over by now.
            if let Some(held) = newest.held
                && held.credential.generation > self.seen
                && held.is_valid()
            {
                self.seen = held.credential.generation;
                return Some(Arc::clone(&held.credential));
            }
            self.newest.changed().await.ok()?;
        }
    }

    /// Each call of `callback` runs where it may take as long as it likes, and the next one waits for it.
    pub(super) fn drive(
        mut self,
        engine: Arc<Engine>,
        mut callback: impl FnMut(&Arc<Credential>) + Send + 'static,
    ) -> SubscriptionHandle {
        let runtime = engine.handle().clone();
        let task = runtime.spawn(async move {
            while let Some(credential) = self.next().await {
                let called = engine.foreign.run(move || {
                    let call = std::panic::AssertUnwindSafe(|| callback(&credential));
                    if std::panic::catch_unwind(call).is_err() {
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
        SubscriptionHandle { _task: Task::new(task.abort_handle()) }
    }
}

/// Ends its subscription when dropped.
#[derive(Debug)]
pub struct SubscriptionHandle {
    _task: Task,
}

/// The events of one manager, from the moment of [`TokenManager::events`](crate::TokenManager::events) on.
///
/// It keeps the newest 64 for a reader that is behind; what such a reader lost is counted in the `missed` of the
/// next event that it gets.
pub struct EventStream {
    /// `None` after the last.
    events: Option<broadcast::Receiver<Event>>,
}

impl EventStream {
    pub(super) fn new(events: broadcast::Receiver<Event>) -> Self {
        Self { events: Some(events) }
    }

    pub(super) fn ended() -> Self {
        Self { events: None }
    }

    /// The next event; `None` after the last. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Event> {
        let mut missed = 0;
        loop {
            match self.events.as_mut()?.recv().await {
                Ok(mut event) => {
                    event.missed = missed;
                    if Audience::is_last_word(&event) {
                        self.events = None;
                    }
                    return Some(event);
                }
                Err(broadcast::error::RecvError::Lagged(count)) => missed += count,
                Err(broadcast::error::RecvError::Closed) => self.events = None,
            }
        }
    }
}
