//! One manager: its own policy, subscribers and end, over the feed of its identity.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use keyrotor_proto::{Code, EventKind, State as StateName, Status};

use super::audience::Audience;
use super::feed::{Demand, Feed, Outcome, Waiting, Wish};
use super::held::{Held, Standing};
use super::members::Policy;
use super::observer;
use super::refusal::Pacing;
use super::subscribe::{EventStream, Subscription};
use super::{closed_error, pending_error, round};
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::process::Process;
use crate::sync::{self, ArcSwapOption, AtomicBool};
use crate::telemetry;

/// Closed when it goes.
pub(super) struct Handle {
    /// `None` once it is closed.
    home: ArcSwapOption<Home>,
    policy: Arc<Policy>,
    /// What is left to say of a manager that was closed.
    farewell: OnceLock<Box<Status>>,
}

/// What a manager has in one process. In a forked child it moves: what is in this one may be locked for ever.
pub(super) struct Home {
    pub(super) feed: Arc<Feed>,
    pub(super) audience: Arc<Audience>,
    process: Process,
    is_used: AtomicBool,
    /// The client logs in with the fallback password.
    is_fallback: AtomicBool,
}

impl Home {
    fn new(feed: Arc<Feed>, policy: &Arc<Policy>) -> Arc<Self> {
        let audience = Arc::new(Audience::new());
        feed.join(&audience, policy);
        let (is_used, is_fallback) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { feed, audience, process: Process::this(), is_used, is_fallback })
    }

    /// Something that concerns this manager alone.
    fn tell(&self, kind: EventKind, error: Option<&Error>) {
        let event = self.feed.event(kind, self.feed.generation(), error);
        observer::tell(&event);
        self.audience.tell(&event);
    }
}

impl Handle {
    pub(super) fn new(feed: Arc<Feed>, policy: Policy) -> Self {
        let policy = Arc::new(policy);
        let home = Home::new(feed, &policy);
        Self { home: ArcSwapOption::from(Some(home)), policy, farewell: OnceLock::new() }
    }

    /// What is asked of the current credential most of all, without a lock: `None` where there is none that is
    /// good enough. The first who sees that it is due starts the fetch of its successor.
    pub(super) fn at_hand<T>(&self, take: impl FnOnce(&Held) -> T) -> Option<T> {
        let home = self.home.load();
        let home = home.as_ref().filter(|home| home.is_used.load(Relaxed))?;
        let current = home.feed.current.load();
        let held = current.as_ref()?;
        match held.standing(self.policy.refresh.margin) {
            Standing::Good => {}
            Standing::Due if !self.policy.is_lazy => {
                if home.process.is_gone() {
                    // Due for the parent; here it is renewed at a moment of its own.
                    self.used().ok()?;
                } else if held.asks_for_successor() {
                    self.home().ok()?.feed.refresh_beside();
                }
            }
            _ => return None,
        }
        Some(take(held))
    }

    /// A usable token, or something to wait for.
    pub(super) fn demand(&self, may_wait: bool) -> Result<Demand> {
        if let Some(credential) = self.at_hand(|held| Arc::clone(&held.credential)) {
            return Ok(Demand::Ready(credential));
        }
        let (margin, is_lazy) = (self.policy.refresh.margin, self.policy.is_lazy);
        self.used()?.feed.demand(Wish { margin, is_lazy, may_wait })
    }

    pub(super) fn start(&self) -> Result<()> {
        // What a forked child inherits is at hand there, but nothing runs for it yet.
        self.used()?;
        self.demand(true).map(|_| ()).or_else(|error| match error.code() {
            Code::Closed | Code::Internal => Err(error),
            // It goes on trying; whoever asks for a token is told.
            _ => Ok(()),
        })
    }

    /// A new token, or something to wait for.
    pub(super) fn force(&self) -> Result<Demand> {
        self.used()?.feed.force(self.policy.refresh.margin)
    }

    /// The current credential unless it is over.
    pub(super) fn valid(&self) -> Option<Arc<Credential>> {
        self.home.load().as_ref()?.feed.valid()
    }

    /// For whoever may not wait.
    pub(super) fn pending(&self) -> Error {
        self.home().map_or_else(|closed| closed, |home| home.feed.pending())
    }

    /// Waits for a fetch; where it fails, a token that is still valid serves.
    pub(super) async fn waited(&self, waiting: Waiting) -> Outcome {
        self.outcome(waiting).await.or_else(|error| self.valid().ok_or(error))
    }

    pub(super) async fn outcome(&self, waiting: Waiting) -> Outcome {
        let home = self.home()?;
        let Waiting { mut outcome, runtime, budget } = waiting;
        tokio::select! {
            biased;
            outcome = outcome.wait_for(Option::is_some) => match outcome {
                Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(pending_error(&home.feed.name))),
                // The fetch was ended with its last manager.
                Err(_) => Err(closed_error()),
            },
            () = home.audience.end() => Err(closed_error()),
            error = self.out_of_patience(&home.feed, budget, &runtime) => Err(error),
        }
    }

    /// Others may be more patient than this manager.
    async fn out_of_patience(&self, feed: &Feed, in_all: Duration, runtime: &sync::Handle) -> Error {
        let budget = self.policy.refresh.source_timeout;
        if budget >= in_all {
            return std::future::pending().await;
        }
        let sleep = {
            // The timer is bound here, so that the future may be awaited anywhere.
            let _inside = runtime.enter();
            feed.clock.sleep(budget)
        };
        sleep.await;
        round::over_budget(&feed.name, budget)
    }

    pub(super) fn reject(&self, generation: u64, error: Option<&Error>) {
        if let Ok(home) = self.home() {
            home.feed.reject(generation, error, Pacing::Here);
        }
    }

    pub(super) fn accept(&self, generation: u64) {
        if let Ok(home) = self.home() {
            home.feed.accept(generation);
        }
    }

    pub(super) fn subscribe(&self) -> Result<Subscription> {
        self.start()?;
        Ok(self.home()?.audience.subscribe())
    }

    pub(super) fn listen(&self) -> EventStream {
        self.home().map_or_else(|_| EventStream::ended(), |home| home.audience.listen())
    }

    /// What this manager shares with others of its identity.
    pub(super) fn feed(&self) -> Result<Arc<Feed>> {
        Ok(Arc::clone(&self.home()?.feed))
    }

    /// Ends when the manager is closed.
    pub(super) fn end(&self) -> Result<impl Future<Output = ()> + Send + use<>> {
        Ok(self.home()?.audience.end())
    }

    /// Something that concerns this manager alone.
    pub(super) fn emit(&self, kind: EventKind, error: Option<&Error>) {
        let Ok(home) = self.home() else { return };
        match kind {
            EventKind::EventReauthenticated => telemetry::reauthenticated("success"),
            EventKind::EventReauthFailed => telemetry::reauthenticated("failure"),
            _ => {}
        }
        home.tell(kind, error);
    }

    /// Which way the client of this manager logs in from now on: by the fallback password, for this reason, or by
    /// token.
    pub(super) fn note_fallback(&self, because: Option<&Error>) {
        let Ok(home) = self.home() else { return };
        let is_fallback = because.is_some();
        if home.is_fallback.swap(is_fallback, Relaxed) == is_fallback {
            return;
        }
        telemetry::fallback(home.feed.labels(), is_fallback);
        let source = &*home.feed.name;
        match because {
            Some(error) => {
                tracing::warn!(
                    source,
                    "logging in with the fallback password, since there is no token: {error}"
                );
                self.emit(EventKind::EventFallback, because);
            }
            None => tracing::info!(source, "logging in with a token again"),
        }
    }

    pub(super) fn status(&self) -> Status {
        match self.home() {
            Ok(home) => {
                let fallback = home.is_fallback.load(Relaxed);
                Status { fallback, ..home.feed.status(&home.audience) }
            }
            Err(_) => self.farewell.get().map(|status| (**status).clone()).unwrap_or_default(),
        }
    }

    pub(super) fn close(&self) {
        let Some(home) = self.home.load_full() else { return };
        if home.process.is_gone() {
            let source = home.feed.name.to_string();
            let _ = self.farewell.set(Box::new(farewell(Status { source, ..Status::default() })));
            // What it holds is the parent's.
            std::mem::forget((self.home.swap(None), home));
            return;
        }
        let _ = self.farewell.set(Box::new(farewell(home.feed.status(&home.audience))));
        self.note_fallback(None);
        if self.home.swap(None).is_none() {
            return;
        }
        home.feed.leave(&home.audience);
        home.audience.close();
        home.tell(EventKind::EventClosed, None);
    }

    /// As if this were a child of the process that made the manager.
    #[cfg(test)]
    pub(super) fn pretend_to_be_forked(&self) -> Arc<Home> {
        let old = self.home.load_full().unwrap();
        let (feed, audience) = (Arc::clone(&old.feed), Arc::clone(&old.audience));
        let is_used = AtomicBool::new(old.is_used.load(Relaxed));
        let is_fallback = AtomicBool::new(false);
        let gone = Arc::new(Home { feed, audience, process: Process::gone(), is_used, is_fallback });
        self.home.store(Some(Arc::clone(&gone)));
        gone
    }

    /// The home of this process, from the first use of this manager on.
    fn used(&self) -> Result<Arc<Home>> {
        let home = self.home()?;
        if !home.is_used.load(Relaxed) {
            home.feed.activate(&home.audience)?;
            home.is_used.store(true, Relaxed);
        }
        Ok(home)
    }

    fn home(&self) -> Result<Arc<Home>> {
        let home = self.home.load_full().ok_or_else(closed_error)?;
        if home.process.is_gone() { self.moved(home) } else { Ok(home) }
    }

    fn moved(&self, old: Arc<Home>) -> Result<Arc<Home>> {
        let new = Home::new(old.feed.inherit(), &self.policy);
        let before = self.home.compare_and_swap(&Some(Arc::clone(&old)), Some(Arc::clone(&new)));
        let is_mine = before.as_ref().is_some_and(|before| Arc::ptr_eq(before, &old));
        // What it holds is the parent's.
        std::mem::forget(old);
        if is_mine {
            return Ok(new);
        }
        new.feed.leave(&new.audience);
        self.home.load_full().ok_or_else(closed_error)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

/// The status of one that was closed: who it was and what it did, and nothing of its token.
fn farewell(status: Status) -> Status {
    Status {
        state: StateName::Closed.into(),
        username: String::new(),
        issued_at: None,
        expires_at: None,
        next_refresh_at: None,
        ..status
    }
}
