//! The only place that reads clocks and waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A hundred years.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// `Clock` tells the time that tokens are judged by, and the time that leases run on.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    shifted: Option<(SystemTime, Instant)>,
    /// By how many seconds it is wrong on purpose; clones are wrong alike.
    skew: Arc<AtomicI64>,
}

impl Clock {
    /// Starts at `at` and runs on from there, or follows the system's clock.
    pub(crate) fn start(at: Option<SystemTime>) -> Self {
        Self { shifted: at.map(|at| (at, instant())), skew: Arc::default() }
    }

    /// Goes wrong by this many seconds, ahead where they are positive.
    pub(crate) fn skew(&self, seconds: i64) {
        self.skew.store(seconds, Relaxed);
    }

    /// The time by which tokens are judged.
    pub(crate) fn now(&self) -> SystemTime {
        let right = match self.shifted {
            Some((at, started)) => at + instant().duration_since(started),
            None => wall(),
        };
        let skew = self.skew.load(Relaxed);
        let by = Duration::from_secs(skew.unsigned_abs());
        let wrong = if skew < 0 { right.checked_sub(by) } else { right.checked_add(by) };
        wrong.unwrap_or(right)
    }
}

#[expect(clippy::disallowed_methods, reason = "this module is the emulator's clock")]
fn wall() -> SystemTime {
    SystemTime::now()
}

/// The monotonic time, for leases and faults.
#[expect(clippy::disallowed_methods, reason = "this module is the emulator's clock")]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// The monotonic time after `time`, which may be as long as a number can say.
pub(crate) fn after(time: Duration) -> Instant {
    let now = instant();
    now.checked_add(time).unwrap_or_else(|| now + FOREVER)
}

/// Waits until `deadline`.
pub(crate) async fn wait_until(deadline: Instant) {
    tokio::time::sleep_until(deadline).await;
}

/// Waits for `time`.
pub(crate) async fn wait(time: Duration) {
    wait_until(after(time)).await;
}
