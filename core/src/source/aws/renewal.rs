//! When AWS keys are renewed: pure functions of how long they are good, and dice.
//!
//! Processes that started together got their keys together, and would ask for the next ones together, for ever. So the
//! first renewal falls almost anywhere in the keys' life; from then on a fleet is spread, and small differences keep it
//! so.

use std::time::Duration;

use crate::manager::schedule::{Dice, between};

/// Shares of the time for which keys are good for a whole token.
const FIRST_RENEWAL: (f64, f64) = (0.1, 1.0);
const LATER_RENEWAL: (f64, f64) = (0.9, 1.0);
/// Keys that are good for less are renewed when they no longer are.
const SHORTEST_SPAN: Duration = Duration::from_secs(60);
/// Shares of what is left of keys whose renewal failed, after which it is tried again.
const NEXT_TRY: (f64, f64) = (0.125, 0.5);

/// How long after they came keys are renewed which are good for a whole token for `span`.
pub(super) fn renewal_delay(span: Duration, is_first: bool, dice: Dice) -> Option<Duration> {
    let share = if is_first { FIRST_RENEWAL } else { LATER_RENEWAL };
    (span >= SHORTEST_SPAN).then(|| span.mul_f64(between(share, dice)))
}

/// How long after a failed renewal of keys that have so much left it is tried again.
pub(super) fn next_try(left: Duration, dice: Dice) -> Duration {
    left.mul_f64(between(NEXT_TRY, dice))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(2700);

    #[test]
    fn s02_the_first_renewal_spreads_and_later_ones_vary_by_a_tenth() {
        let delay = |is_first, dice| renewal_delay(SPAN, is_first, dice).unwrap().as_secs();
        assert_eq!((delay(true, || 0.0), delay(true, || 1.0)), (270, 2700));
        assert_eq!((delay(false, || 0.0), delay(false, || 1.0)), (2430, 2700));
        assert_eq!(renewal_delay(Duration::from_secs(59), true, || 1.0), None);
    }

    #[test]
    fn s02_a_failed_renewal_is_tried_again_while_the_keys_last() {
        let left = Duration::from_secs(1000);
        assert_eq!((next_try(left, || 0.0).as_secs(), next_try(left, || 1.0).as_secs()), (125, 500));
    }
}
