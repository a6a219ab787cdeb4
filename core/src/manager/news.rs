//! What happened to a feed, told to whoever wants to know: subscribers, listeners, the log, the recorder of metrics.
//!
//! All of these run code that is not ours, so they are told outside the lock, in the order in which things happened,
//! by one thread at a time. Credentials go out before anything else: a log that hangs holds up the log.

use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::{Event, EventKind};

use super::feed::Feed;
use super::held::Held;
use super::members::Members;
use super::observer;
use crate::error::Error;
use crate::telemetry;
use crate::time::{rfc3339, timestamp};

/// Stories that wait to be told; of more fetches than that, the latest stands for those before it.
const KEPT: usize = 64;
/// How many stories one thread tells before another goes on: whoever asked for a token is to get it.
const TOLD_BY_ONE: usize = 16;

#[derive(Default)]
pub(super) struct News {
    credentials: Vec<Change>,
    stories: VecDeque<Story>,
    is_spreading: bool,
}

/// Of the credential.
enum Change {
    Published(Arc<Held>),
    Withdrawn(u64),
}

enum Story {
    Fetched { held: Arc<Held>, before: Option<Arc<Held>>, was_failing: bool, took: Duration },
    Failed(Failure),
    Rejected { generation: u64, error: Error },
}

/// What a fetch changed.
#[derive(Clone, Copy)]
struct Fetch {
    /// The source did not merely give again what it gave before.
    is_new: bool,
    was_failing: bool,
}

/// A round that ended without a credential.
pub(super) struct Failure {
    pub(super) error: Error,
    pub(super) failures: u32,
    pub(super) took: Duration,
    /// `None` where only the next call tries again.
    pub(super) retry_in: Option<Duration>,
    /// Degraded or expired, where that is new.
    pub(super) became: Option<EventKind>,
}

impl News {
    pub(super) fn fetched(
        &mut self,
        held: Arc<Held>,
        before: Option<Arc<Held>>,
        was_failing: bool,
        took: Duration,
    ) {
        self.credentials.push(Change::Published(Arc::clone(&held)));
        let is_full = self.stories.len() >= KEPT;
        match self.stories.back_mut().filter(|_| is_full) {
            Some(Story::Fetched { held: latest, .. }) => *latest = held,
            _ => self.stories.push_back(Story::Fetched { held, before, was_failing, took }),
        }
    }

    pub(super) fn failed(&mut self, failure: Failure) {
        self.stories.push_back(Story::Failed(failure));
    }

    pub(super) fn rejected(&mut self, generation: u64, error: Error) {
        self.credentials.push(Change::Withdrawn(generation));
        self.stories.push_back(Story::Rejected { generation, error });
    }
}

impl Feed {
    /// Tells what there is to tell. Where somebody is at it already, that one goes on with this.
    pub(super) fn spread_news(self: &Arc<Self>) {
        let (members, credentials, is_mine) = {
            let mut state = self.look();
            if state.news.credentials.is_empty() && state.news.stories.is_empty() {
                return;
            }
            let credentials = std::mem::take(&mut state.news.credentials);
            let is_mine = !std::mem::replace(&mut state.news.is_spreading, true);
            (state.members.clone(), credentials, is_mine)
        };
        for change in &credentials {
            for member in members.iter() {
                match change {
                    Change::Published(held) => member.audience.publish(held),
                    Change::Withdrawn(generation) => member.audience.withdraw(*generation),
                }
            }
        }
        if is_mine {
            self.tell_stories();
        }
    }

    fn tell_stories(self: &Arc<Self>) {
        for _ in 0..TOLD_BY_ONE {
            let Some((members, story)) = self.next_story() else { return };
            // A log or a recorder that panics must not stop the token.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| self.tell(&members, &story)));
        }
        let Ok(engine) = self.look().engine() else { return self.tell_stories() };
        let (feed, runtime) = (Arc::clone(self), engine.handle().clone());
        runtime.spawn(async move {
            feed.tell_stories();
            drop(engine);
        });
    }

    fn next_story(&self) -> Option<(Members, Story)> {
        let mut state = self.look();
        let story = state.news.stories.pop_front();
        state.news.is_spreading = story.is_some();
        Some((state.members.clone(), story?))
    }

    fn tell(&self, members: &Members, story: &Story) {
        match story {
            Story::Fetched { held, before, was_failing, took } => {
                let is_new = before.as_ref().is_none_or(|before| before.generation() != held.generation());
                self.tell_fetched(members, held, Fetch { is_new, was_failing: *was_failing });
                let age = before.as_ref().map(|before| held.born().saturating_sub(before.born()));
                telemetry::refreshed(self.labels(), held.credential.expires_at, age, *took);
            }
            Story::Failed(failure) => {
                self.tell_failed(members, failure);
                telemetry::refresh_failed(self.labels(), failure.took);
            }
            Story::Rejected { generation, error } => {
                tracing::warn!(source = &*self.name, generation, "the server refused the token: {error}");
                self.tell_event(members, EventKind::EventRejected, *generation, Some(error));
                telemetry::auth_failed(error);
            }
        }
    }

    fn tell_fetched(&self, members: &Members, held: &Held, fetch: Fetch) {
        let (source, generation) = (&*self.name, held.generation());
        // Written down only where somebody reads it.
        let end = || held.credential.expires_at.map_or_else(|| "never".to_owned(), rfc3339);
        if fetch.is_new {
            tracing::info!(source, generation, expires_at = end(), "IAM token refreshed successfully");
            self.tell_event(members, EventKind::EventFetched, generation, None);
        } else {
            tracing::warn!(source, generation, expires_at = end(), "the source gave the same token again");
        }
        if fetch.was_failing {
            self.tell_event(members, EventKind::EventRecovered, generation, None);
        }
    }

    fn tell_failed(&self, members: &Members, failure: &Failure) {
        let held = self.current.load();
        let end = held.as_ref().and_then(|held| held.credential.expires_at);
        let said = failure.error.message();
        let error = said.strip_prefix("Failed to refresh IAM token: ").unwrap_or(said);
        tracing::warn!(
            source = &*self.name,
            generation = self.generation(),
            expires_at = end.map(rfc3339).as_deref().unwrap_or("no token"),
            failures = failure.failures,
            retry_in_seconds = failure.retry_in.map(|pause| pause.as_secs_f64()),
            "Failed to refresh IAM token: {error}"
        );
        let generation = self.generation();
        self.tell_event(members, EventKind::EventFetchFailed, generation, Some(&failure.error));
        if let Some(kind) = failure.became {
            self.tell_event(members, kind, generation, Some(&failure.error));
        }
    }

    fn tell_event(&self, members: &Members, kind: EventKind, generation: u64, error: Option<&Error>) {
        if observer::is_there() || members.iter().any(|member| member.audience.has_listeners()) {
            let event = self.event(kind, generation, error);
            observer::tell(&event);
            members.iter().for_each(|member| member.audience.tell(&event));
        }
    }

    pub(super) fn event(&self, kind: EventKind, generation: u64, error: Option<&Error>) -> Event {
        let held = self.current.load();
        let expires_at = held.as_ref().and_then(|held| held.credential.expires_at);
        Event {
            kind: kind.into(),
            at: Some(timestamp(self.clock.wall())),
            source: self.name.to_string(),
            generation,
            expires_at: expires_at.map(timestamp),
            error: error.map(Error::detail),
            missed: 0,
        }
    }

    pub(super) fn labels(&self) -> telemetry::Labels<'_> {
        telemetry::Labels { provider: &self.name, target: self.source.target() }
    }
}
