//! How slowly logins go to a server that does not take them.

use std::collections::VecDeque;
use std::time::Duration;

use keyrotor_proto::Code;

use super::schedule::{Dice, jittered};
use crate::error::Error;

/// Refusals this far apart have nothing to do with each other.
const SERIES_ENDS_AFTER: Duration = Duration::from_secs(120);
/// Full jitter may throw one short pause after the other, and some services lock out whoever is refused too often: so
/// an identity sends no more than this many logins within a window, whatever the dice say.
const MOST_REFUSALS: usize = 10;
const WINDOW: Duration = Duration::from_secs(30);

/// The ways in which a server does not take a login, each with its pauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// It says no to this token.
    Refused,
    /// It cannot check any for now.
    Unavailable,
    /// There were too many.
    Throttled,
}

impl Kind {
    /// `None` where an error says nothing about the logins of others: one node of a cluster that hangs, say, is not
    /// all of them.
    pub(super) fn of(error: &Error) -> Option<Self> {
        match error.code() {
            Code::AuthRefused => Some(Self::Refused),
            Code::AuthThrottled => Some(Self::Throttled),
            Code::AuthUnavailable | Code::AuthIdentityMismatch | Code::AuthIdentityUnknown => {
                Some(Self::Unavailable)
            }
            _ => None,
        }
    }

    /// The pause after the `failures`-th failure in a row, counted from 1, before jitter.
    fn pause(self, failures: u32) -> Duration {
        let (first, cap, doublings) = match self {
            // After the first refusal a new token goes out at once.
            Self::Refused if failures <= 1 => return Duration::ZERO,
            Self::Refused => (1000, 30_000, failures - 2),
            Self::Unavailable => (250, 1000, failures.saturating_sub(1)),
            Self::Throttled => (1000, 30_000, failures.saturating_sub(1)),
        };
        Duration::from_millis(first << doublings.min(5)).min(Duration::from_millis(cap))
    }
}

/// What pauses vary by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Jitter {
    /// Unset: full jitter.
    pub(super) percentage: Option<u32>,
    pub(super) dice: Dice,
}

impl Jitter {
    fn of(self, kind: Kind, failures: u32) -> Duration {
        let longest = kind.pause(u32::MAX);
        jittered(kind.pause(failures), self.percentage, self.dice).min(longest)
    }
}

/// Failures of one kind that followed each other.
#[derive(Default)]
pub(super) struct Series {
    in_a_row: u32,
    last_at: Option<Duration>,
    /// When the latest refusals came, eldest first.
    refusals: VecDeque<Duration>,
}

impl Series {
    /// One more failure. Tells until when no login may go out.
    pub(super) fn note(&mut self, kind: Kind, now: Duration, jitter: Jitter) -> Duration {
        if self.last_at.is_some_and(|at| now > at + SERIES_ENDS_AFTER) {
            self.in_a_row = 0;
        }
        self.in_a_row = self.in_a_row.saturating_add(1);
        self.last_at = Some(now);
        if kind == Kind::Refused {
            self.refusals.push_back(now);
            while self.refusals.len() > MOST_REFUSALS {
                self.refusals.pop_front();
            }
        }
        self.no_sooner(now + jitter.of(kind, self.in_a_row))
    }

    /// Until when what was refused already is held back: no sooner than after a second refusal.
    pub(super) fn until_repeat(&self, now: Duration, jitter: Jitter) -> Duration {
        self.no_sooner(now + jitter.of(Kind::Refused, self.in_a_row.max(2)))
    }

    fn no_sooner(&self, at: Duration) -> Duration {
        let is_full = self.refusals.len() >= MOST_REFUSALS;
        match self.refusals.front().filter(|_| is_full) {
            Some(eldest) => at.max(*eldest + WINDOW),
            None => at,
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.in_a_row > 0
    }

    /// A login was taken.
    pub(super) fn end(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FULL: Jitter = Jitter { percentage: None, dice: || 1.0 };

    fn pauses(kind: Kind, jitter: Jitter) -> Vec<u128> {
        let (mut series, mut now) = (Series::default(), Duration::ZERO);
        let mut pause = || {
            let until = series.note(kind, now, jitter);
            let pause = until - now;
            now = until;
            pause.as_millis()
        };
        (0..8).map(|_| pause()).collect()
    }

    #[test]
    fn t09_each_kind_of_failure_has_its_pauses() {
        assert_eq!(pauses(Kind::Refused, FULL), [0, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
        assert_eq!(pauses(Kind::Unavailable, FULL), [250, 500, 1000, 1000, 1000, 1000, 1000, 1000]);
        assert_eq!(pauses(Kind::Throttled, FULL), [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    }

    #[test]
    fn jitter_is_full_unless_it_is_set_and_never_goes_beyond_the_cap() {
        let at = |percentage, dice| pauses(Kind::Throttled, Jitter { percentage, dice });
        assert_eq!(at(None, || 0.0), [0; 8]);
        assert_eq!(at(None, || 0.5)[..2], [500, 1000]);
        assert_eq!(at(Some(10), || 0.0)[..2], [900, 1800]);
        assert_eq!(at(Some(10), || 1.0)[..2], [1100, 2200]);
        assert_eq!(at(Some(10), || 1.0)[7], 30_000);
    }

    #[test]
    fn t09_a_refused_identity_sends_at_most_ten_logins_in_any_thirty_seconds() {
        let dice: [(Option<u32>, Dice); 5] = [
            (None, || 0.0),
            (None, || 0.01),
            (None, crate::manager::schedule::random),
            (None, || 1.0),
            (Some(100), || 0.0),
        ];
        for (percentage, dice) in dice {
            let (mut series, mut now) = (Series::default(), Duration::ZERO);
            let mut logins = Vec::new();
            while now < WINDOW * 4 {
                logins.push(now);
                // The answer takes a moment.
                let answered = now + Duration::from_millis(1);
                now = series.note(Kind::Refused, answered, Jitter { percentage, dice });
            }
            for from in &logins {
                let within = logins.iter().filter(|at| (*from..*from + WINDOW).contains(*at)).count();
                assert!(within <= MOST_REFUSALS, "{within} from {from:?}: {logins:?}");
            }
        }
    }

    #[test]
    fn t09_refusals_that_are_far_apart_are_no_series() {
        let mut series = Series::default();
        let mut now = Duration::ZERO;
        for _ in 0..3 {
            assert_eq!(series.note(Kind::Refused, now, FULL), now);
            now += SERIES_ENDS_AFTER + Duration::from_millis(1);
        }
        now -= Duration::from_secs(100);
        assert_eq!(series.note(Kind::Refused, now, FULL), now + Duration::from_secs(1));
        series.end();
        assert_eq!(series.note(Kind::Refused, now, FULL), now);
    }
}
