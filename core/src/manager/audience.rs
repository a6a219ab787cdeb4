//! Who listens to one manager: subscribers want credentials, listeners want events.

use std::sync::{Arc, OnceLock};

use keyrotor_proto::{Event, EventKind};
use tokio::sync::broadcast;

use super::held::Held;
use super::subscribe::{EventStream, Subscription};
use crate::sync::Latest;

/// Events kept for a reader that is behind.
const EVENTS_KEPT: usize = 64;

/// The newest of what a subscriber may see.
#[derive(Clone, Default)]
pub(super) struct Newest {
    pub(super) held: Option<Arc<Held>>,
    /// No generation up to this one is news.
    floor: u64,
    pub(super) is_closed: bool,
}

/// Tokens and events of one manager. What is sent here wakes others, so it is sent under no lock of ours.
pub(crate) struct Audience {
    newest: Latest<Newest>,
    /// Made for the first listener; most managers have none.
    events: OnceLock<broadcast::Sender<Event>>,
}

impl Audience {
    pub(super) fn new() -> Self {
        Self { newest: Latest::new(Newest::default()), events: OnceLock::new() }
    }

    /// A newer credential. One that comes late, after its successor or its refusal, is no news.
    pub(super) fn publish(&self, held: &Arc<Held>) {
        self.newest.send_if_modified(|newest| {
            let is_news = held.credential.generation > newest.floor && !newest.is_closed;
            if is_news {
                newest.floor = held.credential.generation;
                newest.held = Some(Arc::clone(held));
            }
            is_news
        });
    }

    /// A refused credential is shown to nobody any more.
    pub(super) fn withdraw(&self, generation: u64) {
        self.newest.send_if_modified(|newest| {
            newest.floor = newest.floor.max(generation);
            let is_shown = newest.held.as_ref().is_some_and(|held| held.credential.generation <= generation);
            if is_shown {
                newest.held = None;
            }
            is_shown
        });
    }

    pub(super) fn close(&self) {
        self.newest
            .send_modify(|newest| *newest = Newest { held: None, floor: newest.floor, is_closed: true });
    }

    /// Ends when the manager is closed.
    pub(super) fn end(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut newest = self.newest.subscribe();
        async move {
            // An error says that nobody is left who could close it.
            let _ = newest.wait_for(|newest| newest.is_closed).await;
        }
    }

    pub(super) fn subscribe(&self) -> Subscription {
        Subscription::new(self.newest.subscribe())
    }

    pub(super) fn subscribers(&self) -> u64 {
        u64::try_from(self.newest.receiver_count()).unwrap_or(u64::MAX)
    }

    pub(super) fn listen(&self) -> EventStream {
        let events = self.events.get_or_init(|| broadcast::Sender::new(EVENTS_KEPT));
        let stream = EventStream::new(events.subscribe());
        // A close between the two was not heard.
        if self.newest.borrow().is_closed { EventStream::ended() } else { stream }
    }

    /// Whether an event would be heard by anybody.
    pub(super) fn has_listeners(&self) -> bool {
        self.events.get().is_some_and(|events| events.receiver_count() > 0)
    }

    pub(super) fn tell(&self, event: &Event) {
        if let Some(events) = self.events.get() {
            // An error here only says that nobody listens.
            let _ = events.send(event.clone());
        }
    }

    pub(super) fn is_last_word(event: &Event) -> bool {
        event.kind() == EventKind::EventClosed
    }
}
