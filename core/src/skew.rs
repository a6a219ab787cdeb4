//! How far this machine's clock is from the cloud's, as the services say that give credentials: each of their answers
//! has a date. Tokens are dated by this machine, and refused where it is wrong.

use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, SystemTime};

use chrono::DateTime;

use crate::clock;
use crate::telemetry;

/// A clock that is set right now and then stays well below; a token of 15 minutes can bear it.
const BEARABLE: Duration = Duration::from_secs(60);
/// Dates have whole seconds, so that on average they are this old when they are written.
const HALF_A_SECOND: i64 = 500;
const UNKNOWN: i64 = i64::MIN;

/// What the last answer said. There is one clock, so there is one for the process.
static LAST: Skew = Skew(AtomicI64::new(UNKNOWN));

/// Looks at the `Date` of an answer that came just now.
#[cfg_attr(not(any(feature = "aws-chain", feature = "azure")), allow(dead_code, reason = "nobody is asked"))]
pub(crate) fn note(date: Option<&str>) {
    let Some(theirs) = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) else { return };
    LAST.note(milliseconds(clock::system().wall()).saturating_sub(theirs.timestamp_millis()));
}

/// What to tell whoever wonders why tokens are refused.
pub(crate) fn warning() -> Option<String> {
    LAST.warning()
}

/// Milliseconds by which this machine's clock is ahead.
struct Skew(AtomicI64);

impl Skew {
    fn note(&self, ahead: i64) {
        let ahead = ahead - HALF_A_SECOND;
        let was_off = self.off().is_some();
        self.0.store(ahead, Relaxed);
        telemetry::clock_skew(ahead as f64 / 1000.0);
        if let Some(warning) = self.warning().filter(|_| !was_off) {
            tracing::warn!("{warning}");
        }
    }

    /// How far it is off, where that is more than it may be; `true` for ahead.
    fn off(&self) -> Option<(Duration, bool)> {
        let ahead = self.0.load(Relaxed);
        let off = Duration::from_millis(ahead.unsigned_abs());
        (ahead != UNKNOWN && off > BEARABLE).then_some((off, ahead > 0))
    }

    fn warning(&self) -> Option<String> {
        let (off, is_ahead) = self.off()?;
        let direction = if is_ahead { "ahead of" } else { "behind" };
        Some(format!(
            "this machine's clock is {} s {direction} that of the services which give the credentials; tokens are dated \
             by it and will be refused: set it right",
            off.as_secs()
        ))
    }
}

fn milliseconds(at: SystemTime) -> i64 {
    DateTime::<chrono::Utc>::from(at).timestamp_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(ahead_seconds: i64) -> Option<String> {
        let skew = Skew(AtomicI64::new(UNKNOWN));
        assert_eq!(skew.warning(), None, "nobody knows yet");
        skew.note(ahead_seconds * 1000 + HALF_A_SECOND);
        skew.warning()
    }

    #[test]
    fn t20_a_clock_that_is_off_by_more_than_a_minute_is_told_of() {
        assert_eq!((told(60), told(-60), told(0)), (None, None, None));
        assert!(told(61).unwrap().contains("61 s ahead of"));
        assert!(told(-7200).unwrap().contains("7200 s behind"));
    }

    #[test]
    fn t20_the_last_answer_counts() {
        let skew = Skew(AtomicI64::new(UNKNOWN));
        skew.note(90_000);
        skew.note(1_000);
        assert_eq!(skew.warning(), None);
    }

    #[test]
    fn dates_that_nobody_can_read_say_nothing() {
        for date in [None, Some(""), Some("yesterday"), Some("Sun, 15 Jun 2025 25:34:56 GMT")] {
            note(date);
        }
        assert_eq!(warning(), None);
    }
}
