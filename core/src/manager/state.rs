//! What changes while a feed lives, under one lock.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use keyrotor_proto::{Counts, EventKind};

use super::feed::Waiting;
use super::line::Gates;
use super::members::Members;
use super::news::News;
use super::refusal::Refusals;
use crate::error::{Error, Result};
use crate::runtime::Engine;
use crate::sync::AbortHandle;
use crate::timer::Alarm;

/// How long the last error answers for a source that was just asked.
const ERROR_STANDS_FOR: Duration = Duration::from_secs(1);

/// Changed by [`Feed::change`](super::feed::Feed::change) alone. Nothing that is not ours runs meanwhile: no source, no log, no recorder, nobody
/// who waits. What others are to learn of a change goes into `news`.
#[derive(Default)]
pub(super) struct State {
    pub(super) members: Members,
    /// There while a manager is in use that works in the background.
    pub(super) engine: Option<Arc<Engine>>,
    pub(super) flight: Option<Flight>,
    pub(super) flights: u64,
    pub(super) alarm: Option<Alarm>,
    pub(super) next_refresh_at: Option<SystemTime>,
    /// In a row.
    pub(super) failures: u32,
    pub(super) last_error: Option<Error>,
    pub(super) last_try: Option<Duration>,
    /// When the source may be asked again, where it said so.
    pub(super) not_before: Option<Duration>,
    /// Degraded or expired, where listeners were told so.
    pub(super) announced: Option<EventKind>,
    pub(super) refusals: Refusals,
    pub(super) gates: Gates,
    pub(super) counts: Counts,
    pub(super) news: News,
}

/// The one fetch that is under way.
pub(super) struct Flight {
    pub(super) number: u64,
    pub(super) waiting: Waiting,
    pub(super) task: AbortHandle,
}

impl State {
    /// Whether anybody wants work in the background.
    pub(super) fn is_driven(&self) -> bool {
        self.members.iter().any(|member| member.is_active && !member.policy.is_lazy)
    }

    pub(super) fn is_flying(&self) -> bool {
        self.flight.is_some()
    }

    /// Ends this flight, if it is still the one.
    pub(super) fn land(&mut self, number: u64) -> bool {
        let is_mine = self.flight.as_ref().is_some_and(|flight| flight.number == number);
        if is_mine {
            self.flight = None;
        }
        is_mine
    }

    /// Kept while somebody wants work in the background; a lazy manager's fetch holds it for itself.
    pub(super) fn engine(&mut self) -> Result<Arc<Engine>> {
        if let Some(engine) = &self.engine {
            return Ok(Arc::clone(engine));
        }
        let engine = Engine::shared()?;
        if self.is_driven() {
            self.engine = Some(Arc::clone(&engine));
        }
        Ok(engine)
    }

    pub(super) fn forget_troubles(&mut self) {
        self.failures = 0;
        self.last_error = None;
        self.not_before = None;
        self.announced = None;
        self.refusals = Refusals::default();
        self.gates = Gates::default();
    }

    pub(super) fn running_engine(&self) -> Option<&Arc<Engine>> {
        self.engine.as_ref()
    }

    #[cfg(test)]
    pub(super) fn run_on(&mut self, engine: Arc<Engine>) {
        self.engine = Some(engine);
    }

    /// The last error, while it is too fresh to ask again.
    pub(super) fn recent_error(&self, now: Duration) -> Option<Error> {
        let tried = self.last_try?;
        let until = self.not_before.unwrap_or_default().max(tried + ERROR_STANDS_FOR);
        self.last_error.clone().filter(|_| self.failures > 0 && now < until)
    }
}

/// Whether a fetch that is under way has somebody left who waits for it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flights {
    End,
    GoOn,
}

/// What is let go of outside the lock.
pub(super) struct Resting {
    pub(super) _flight: Option<Flight>,
    pub(super) _engine: Option<Arc<Engine>>,
}
