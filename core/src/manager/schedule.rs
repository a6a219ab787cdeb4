//! When next: pure functions of policy, attempt and dice.

use std::cell::Cell;
use std::time::Duration;

use super::policy::{RetryConfig, TokenRefreshConfig};
use crate::process::Process;

/// The first refresh falls anywhere in this share of the interval, so that many managers made at once spread.
const FIRST_REFRESH: (f64, f64) = (0.3, 1.0);
const LATER_REFRESH: (f64, f64) = (0.9, 1.1);

/// A number from 0 to 1, thrown once per decision.
pub(crate) type Dice = fn() -> f64;

pub(crate) fn random() -> f64 {
    thread_local! {
        static SEEDED_IN: Cell<Process> = Cell::new(Process::this());
    }
    // Else the children of one parent would throw what it would have thrown next, all of them the same.
    if SEEDED_IN.get().is_gone() && rand::rng().reseed().is_ok() {
        SEEDED_IN.set(Process::this());
    }
    rand::random()
}

pub(crate) fn between((low, high): (f64, f64), dice: Dice) -> f64 {
    low + (high - low) * dice()
}

/// Where in the interval the refresh of one token falls: thrown once, for however many managers hold it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Throw(f64);

impl Throw {
    pub(crate) fn new(is_first: bool, dice: Dice) -> Self {
        Self(between(if is_first { FIRST_REFRESH } else { LATER_REFRESH }, dice))
    }
}

/// How long after its birth a token is refreshed. It is never put off into the margin.
pub(crate) fn refresh_delay(
    config: &TokenRefreshConfig,
    life: Duration,
    fixed_life: Option<Duration>,
    throw: Throw,
) -> Duration {
    let latest = config.latest_refresh(life, fixed_life);
    config.refresh_after(life, fixed_life).mul_f64(throw.0).min(latest)
}

/// The wait after the `failures`-th failure in a row, counted from 1.
pub(crate) fn backoff(retry: &RetryConfig, failures: u32, dice: Dice) -> Duration {
    let exponent = i32::try_from(failures.saturating_sub(1)).unwrap_or(i32::MAX);
    let grown = retry.initial_delay.as_secs_f64() * retry.backoff_multiplier.powi(exponent);
    let delay = Duration::from_secs_f64(grown.min(retry.max_delay.as_secs_f64()));
    jittered(delay, retry.jitter_percentage, dice).min(retry.max_delay)
}

/// From nothing to the whole delay, unless a percentage is set: then so much less or more.
pub(super) fn jittered(delay: Duration, percentage: Option<u32>, dice: Dice) -> Duration {
    let share = percentage.map(|percent| f64::from(percent) / 100.0);
    delay.mul_f64(between(share.map_or((0.0, 1.0), |share| (1.0 - share, 1.0 + share)), dice))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(900);

    #[test]
    fn t06_the_first_refresh_spreads_and_later_ones_vary_by_a_tenth() {
        let config = TokenRefreshConfig::default();
        let delay =
            |first, dice| refresh_delay(&config, LIFE, Some(LIFE), Throw::new(first, dice)).as_secs_f64();
        assert_eq!(delay(true, || 0.0), 144.0);
        assert_eq!(delay(true, || 1.0), 480.0);
        assert_eq!(delay(false, || 0.0), 432.0);
        assert_eq!(delay(false, || 1.0), 528.0);
    }

    #[test]
    fn t03_jitter_never_reaches_into_the_margin() {
        let config = TokenRefreshConfig { interval: Some(Duration::from_secs(840)), ..Default::default() };
        assert_eq!(refresh_delay(&config, LIFE, Some(LIFE), Throw::new(false, || 1.0)).as_secs(), 840);
    }

    #[test]
    fn t14_jitter_leaves_the_three_minutes_too() {
        let config = TokenRefreshConfig { ratio: 0.95, ..Default::default() };
        let delay = |life: u64| {
            let life = Duration::from_secs(life);
            refresh_delay(&config, life, None, Throw::new(false, || 1.0)).as_secs_f64()
        };
        assert_eq!(delay(3600), 3420.0);
        assert_eq!(delay(300), 120.0);
        assert_eq!(delay(30), 22.5);
    }

    #[test]
    fn backoff_doubles_to_its_cap_with_full_jitter_by_default() {
        let retry = RetryConfig::default();
        let delays: Vec<u128> = (1..=10).map(|n| backoff(&retry, n, || 1.0).as_millis()).collect();
        assert_eq!(delays, [200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
        assert_eq!(backoff(&retry, 5, || 0.0), Duration::ZERO);
        assert_eq!(backoff(&retry, u32::MAX, || 1.0).as_secs(), 30);
    }

    #[test]
    fn a_set_jitter_replaces_full_jitter() {
        let retry = RetryConfig { jitter_percentage: Some(10), ..Default::default() };
        assert_eq!(backoff(&retry, 1, || 0.0).as_millis(), 180);
        assert_eq!(backoff(&retry, 1, || 1.0).as_millis(), 220);
        assert_eq!(backoff(&retry, 20, || 1.0), retry.max_delay, "no jitter goes beyond the cap");
    }
}
