//! How many logins pass in a second.

use tokio::time::Instant;

/// `Rate` lets through what has been saved up: so many a second, at most so many at once.
pub(super) struct Rate {
    per_second: f64,
    most: f64,
    saved: f64,
    looked: Instant,
}

impl Rate {
    pub(super) fn new((per_second, most): (u32, u32), now: Instant) -> Self {
        let most = f64::from(most);
        Self { per_second: f64::from(per_second), most, saved: most, looked: now }
    }

    /// Whether one more may pass at `now`; counts it.
    pub(super) fn passes(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.looked).as_secs_f64();
        self.saved = (self.saved + since * self.per_second).min(self.most);
        self.looked = now;
        let passes = self.saved >= 1.0;
        if passes {
            self.saved -= 1.0;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::time::Duration;

    #[test]
    fn a_burst_passes_and_then_so_many_a_second() {
        let start = clock::instant();
        let mut rate = Rate::new((2, 3), start);
        let mut at = |milliseconds| rate.passes(start + Duration::from_millis(milliseconds));
        assert_eq!([0, 0, 0, 0].map(&mut at), [true, true, true, false]);
        assert_eq!([499, 500, 501].map(&mut at), [false, true, false]);
        assert_eq!([60_000, 60_000, 60_000, 60_000].map(&mut at), [true, true, true, false]);
    }

    #[test]
    fn none_a_second_are_none() {
        let start = clock::instant();
        let mut rate = Rate::new((0, 0), start);
        assert!(!rate.passes(start) && !rate.passes(start + Duration::from_secs(3600)));
    }
}
