//! How many logins a second are taken.

use std::sync::{Mutex, PoisonError};
use tokio::time::Instant;

/// `Throttle` is a bucket of logins that is filled at a steady pace.
pub(crate) struct Throttle {
    per_second: f64,
    most: f64,
    bucket: Mutex<Bucket>,
}

struct Bucket {
    logins: f64,
    filled: Instant,
}

impl Throttle {
    /// The bucket holds one second's worth, at least one login.
    pub(crate) fn new(per_second: f64, now: Instant) -> Self {
        Self::holding(per_second.max(1.0), per_second, now)
    }

    /// The bucket holds so many, and is full at first.
    pub(crate) fn holding(most: f64, per_second: f64, now: Instant) -> Self {
        Self { per_second, most, bucket: Mutex::new(Bucket { logins: most, filled: now }) }
    }

    /// Whether one more login may be taken; counts it if so.
    pub(crate) fn takes(&self, now: Instant) -> bool {
        let mut bucket = self.bucket.lock().unwrap_or_else(PoisonError::into_inner);
        let new = now.saturating_duration_since(bucket.filled).as_secs_f64() * self.per_second;
        bucket.logins = (bucket.logins + new).min(self.most);
        bucket.filled = now;
        let takes = bucket.logins >= 1.0;
        if takes {
            bucket.logins -= 1.0;
        }
        takes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use std::time::Duration;

    #[test]
    fn a_second_takes_its_number_of_logins() {
        let start = clock::instant();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let throttle = Throttle::new(2.0, start);
        let taken = [0, 0, 0, 400, 500, 900, 1000, 9000, 9000, 9000].map(|time| throttle.takes(at(time)));
        assert_eq!(taken, [true, true, false, false, true, false, true, true, true, false]);
        let slow = Throttle::new(0.5, start);
        assert_eq!([0, 1000, 2000, 3000].map(|time| slow.takes(at(time))), [true, false, true, false]);
    }

    #[test]
    fn what_the_bucket_holds_passes_at_once() {
        let start = clock::instant();
        let at = |milliseconds| start + Duration::from_millis(milliseconds);
        let burst = Throttle::holding(3.0, 2.0, start);
        let taken = [0, 0, 0, 0, 499, 500, 60_000, 60_000, 60_000, 60_000].map(|time| burst.takes(at(time)));
        assert_eq!(taken, [true, true, true, false, false, true, true, true, true, false]);
        let none = Throttle::holding(0.0, 0.0, start);
        assert!(!none.takes(start) && !none.takes(at(3_600_000)));
    }
}
