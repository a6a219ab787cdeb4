//! The only place that reads clocks and waits.

use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// A hundred years.
const FOREVER: Duration = Duration::from_secs(100 * 365 * 86_400);

/// `Clock` tells the time that tokens are judged by, and the time that leases run on.
#[derive(Clone, Debug)]
pub(crate) struct Clock {
    shifted: Option<(SystemTime, Instant)>,
}

impl Clock {
    /// Starts at `at` and runs on from there, or follows the system's clock.
    pub(crate) fn start(at: Option<SystemTime>) -> Self {
        Self { shifted: at.map(|at| (at, instant())) }
    }

    /// The time by which tokens are judged.
    pub(crate) fn now(&self) -> SystemTime {
        match self.shifted {
            Some((at, started)) => at + instant().duration_since(started),
            None => wall(),
        }
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
