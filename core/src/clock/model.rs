//! The time of the model checker's runs: it passes where a run says so, and each run begins anew.

use super::manual::ManualClock;
use super::{Arc, Clock, Duration};

shuttle::lazy_static! {
    static ref CLOCK: ManualClock = ManualClock::new();
}

pub(super) fn clock() -> Arc<dyn Clock> {
    Arc::new(CLOCK.clone())
}

/// Both clocks run on by this much at once.
pub fn pass(duration: Duration) {
    CLOCK.step_wall(duration.as_secs_f64());
    CLOCK.step_monotonic(duration);
}
