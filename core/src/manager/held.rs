//! The current credential, and how it stands by both clocks.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use super::policy::LARGEST_MARGIN;
use super::schedule::Throw;
use crate::clock::{Clock, GLANCE};
use crate::credential::Credential;
use crate::sync::{AtomicBool, AtomicU64};

/// A credential with what is needed to judge it without asking anybody.
pub(crate) struct Held {
    pub(crate) credential: Arc<Credential>,
    clock: Arc<dyn Clock>,
    /// When it was fetched, by both clocks.
    wall: SystemTime,
    monotonic: Duration,
    /// What it had left then; `None` for no end.
    life: Option<Duration>,
    /// What the source wishes: to be asked again at this age.
    ask_again_after: Option<Duration>,
    /// Decides, once for all managers that hold it, where in its interval the refresh falls.
    pub(super) throw: Throw,
    /// Nanoseconds after its birth. The earliest that any of its managers wants.
    refresh_after: AtomicU64,
    successor_asked: AtomicBool,
    is_refused: AtomicBool,
}

/// Clocks that are set right by less than this have not jumped.
const SMALLEST_JUMP: Duration = Duration::from_secs(1);

/// From best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// To be handed out.
    Good,
    /// To be handed out, while its successor is fetched.
    Due,
    /// Valid, but to be handed out only where no better one can be had: inside the margin, or the clocks
    /// disagree.
    Marginal,
    /// Never to be handed out again.
    Over,
}

impl Held {
    pub(crate) fn new(
        credential: Arc<Credential>,
        ask_again_at: Option<SystemTime>,
        clock: Arc<dyn Clock>,
        throw: Throw,
    ) -> Self {
        let wall = clock.wall();
        let life = credential.expires_at.map(|end| end.duration_since(wall).unwrap_or_default());
        let monotonic = clock.monotonic();
        Self {
            credential,
            wall,
            monotonic,
            clock,
            life,
            ask_again_after: ask_again_at.and_then(|at| at.duration_since(wall).ok()),
            throw,
            refresh_after: AtomicU64::new(u64::MAX),
            successor_asked: AtomicBool::new(false),
            is_refused: AtomicBool::new(false),
        }
    }

    /// The same in a forked child, where nobody has asked for its successor yet.
    pub(super) fn inherited(&self, throw: Throw) -> Self {
        Self {
            credential: Arc::clone(&self.credential),
            clock: Arc::clone(&self.clock),
            throw,
            refresh_after: AtomicU64::new(u64::MAX),
            successor_asked: AtomicBool::new(false),
            is_refused: AtomicBool::new(self.is_refused.load(Relaxed)),
            ..*self
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.credential.generation
    }

    pub(super) fn life(&self) -> Option<Duration> {
        self.life
    }

    pub(super) fn ask_again_after(&self) -> Option<Duration> {
        self.ask_again_after
    }

    /// The moment, on the monotonic clock, when it came.
    pub(super) fn born(&self) -> Duration {
        self.monotonic
    }

    pub(super) fn refresh_after(&self, age: Duration) {
        self.refresh_after.store(u64::try_from(age.as_nanos()).unwrap_or(u64::MAX), Relaxed);
    }

    /// Whether this caller is the first past the refresh point, who starts the fetch. Should that fail, the alarm
    /// sets the pace, and no caller.
    pub(crate) fn asks_for_successor(&self) -> bool {
        !self.successor_asked.load(Relaxed) && !self.successor_asked.swap(true, Relaxed)
    }

    /// How it stands for a manager with this margin.
    pub(crate) fn standing(&self, margin: Duration) -> Standing {
        let Some(life) = self.life else {
            return Standing::Good;
        };
        let margin = margin.min(life / LARGEST_MARGIN);
        // What is good at a glance has a margin left that no glance misses by; anything else gets a closer look.
        if margin > GLANCE {
            let standing = self.standing_at(self.clock.glance(), life, margin);
            if standing <= Standing::Due {
                return standing;
            }
        }
        self.standing_at((self.clock.wall(), self.clock.monotonic()), life, margin)
    }

    fn standing_at(
        &self,
        (wall, monotonic): (SystemTime, Duration),
        life: Duration,
        margin: Duration,
    ) -> Standing {
        let age = monotonic.saturating_sub(self.monotonic);
        let left_by_wall = self.credential.expires_at.and_then(|end| end.duration_since(wall).ok());
        let left = left_by_wall.unwrap_or_default().min(life.saturating_sub(age));
        if left.is_zero() {
            Standing::Over
        } else if left < margin || self.clocks_disagree(wall, age, margin) {
            Standing::Marginal
        } else if age.as_nanos() >= u128::from(self.refresh_after.load(Relaxed)) {
            Standing::Due
        } else {
            Standing::Good
        }
    }

    /// A server refused it. Whoever still holds it learns of that here, before any news comes round.
    pub(super) fn refuse(&self) {
        self.is_refused.store(true, Relaxed);
    }

    /// Whether it may still be used at all.
    pub(crate) fn is_valid(&self) -> bool {
        self.standing(Duration::ZERO) < Standing::Over && !self.is_refused.load(Relaxed)
    }

    /// A jump of the wall clock by more than the margin: the token may have been dated by a wrong clock.
    fn clocks_disagree(&self, wall: SystemTime, age: Duration, margin: Duration) -> bool {
        let expected = self.wall + age;
        let apart = wall.duration_since(expected).unwrap_or_else(|earlier| earlier.duration());
        apart > margin.max(SMALLEST_JUMP)
    }
}
