//! How a manager refreshes. Every default of the engine lives here.

use std::time::Duration;

use keyrotor_proto::Code;

use crate::error::{Error, Result};

const DEFAULT_RATIO: f64 = 0.75;
const DEFAULT_MARGIN: Duration = Duration::from_secs(60);
const DEFAULT_SOURCE_TIMEOUT: Duration = Duration::from_secs(10);
const SHORTEST_INTERVAL: Duration = Duration::from_secs(1);
/// Of a token's life, where the service fixes the life: 8 minutes of 15.
const DEFAULT_INTERVAL: f64 = 8.0 / 15.0;
/// A margin never takes more than a token's life divided by this.
pub(super) const LARGEST_MARGIN: u32 = 4;
/// With a ratio, a token is refreshed at least this long before its end, where its life allows.
const LATEST_REFRESH: Duration = Duration::from_secs(180);

/// When a token is refreshed, and how a failing source is asked again.
///
/// ```
/// use std::time::Duration;
/// use keyrotor::TokenRefreshConfig;
///
/// let config = TokenRefreshConfig { interval: Some(Duration::from_secs(300)), ..Default::default() };
/// # let _ = config;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct TokenRefreshConfig {
    /// Time between refreshes, for sources whose tokens have a known life. From 1 s to that life less the
    /// margin; unset: 8/15 of the life.
    pub interval: Option<Duration>,
    /// Share of a token's life after which it is refreshed, for sources that decide the life with each answer.
    /// Between 0 and 1, default 0.75; never later than 3 minutes before the end, where the life allows it.
    pub ratio: f64,
    /// A token with less than this left is not handed out while a better one can be had. Default 60 s; at most a
    /// quarter of the life counts.
    pub margin: Duration,
    /// How long one round of attempts may take, which is how long a caller waits at most. Default 10 s.
    pub source_timeout: Duration,
    /// How a failing source is asked again.
    pub retry: RetryConfig,
    /// Whether nothing runs in the background; see [Lazy mode](crate#lazy-mode). Unset: under AWS Lambda only.
    pub lazy: Option<bool>,
}

impl Default for TokenRefreshConfig {
    fn default() -> Self {
        Self {
            interval: None,
            ratio: DEFAULT_RATIO,
            margin: DEFAULT_MARGIN,
            source_timeout: DEFAULT_SOURCE_TIMEOUT,
            retry: RetryConfig::default(),
            lazy: None,
        }
    }
}

/// How a failing source is asked again. It never stops: after `max_attempts` whoever waits gets the error.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryConfig {
    /// Attempts that a waiting caller sits through. Default 3.
    pub max_attempts: u32,
    /// The first delay. Default 200 ms.
    pub initial_delay: Duration,
    /// The longest delay. Default 30 s.
    pub max_delay: Duration,
    /// What each delay grows by. Default 2.
    pub backoff_multiplier: f64,
    /// A delay varies by this much to both sides, 0 to 100, and never beyond the longest. Unset: full jitter, from 0
    /// to the delay. Holds for the pauses after failed logins, too.
    pub jitter_percentage: Option<u32>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            initial_delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(30),
            backoff_multiplier: 2.0,
            jitter_percentage: None,
        }
    }
}

/// Set by AWS Lambda, which freezes a process between two invocations.
const LAMBDA: &str = "AWS_LAMBDA_FUNCTION_NAME";

impl TokenRefreshConfig {
    /// Whether this manager works only while somebody uses it.
    pub(crate) fn is_lazy(&self) -> bool {
        self.lazy.unwrap_or_else(|| std::env::var_os(LAMBDA).is_some_and(|name| !name.is_empty()))
    }

    /// The margin that counts for a token of this life.
    pub(crate) fn margin_of(&self, life: Duration) -> Duration {
        self.margin.min(life / LARGEST_MARGIN)
    }

    /// How long after its birth a token is refreshed, before jitter.
    pub(crate) fn refresh_after(&self, life: Duration, fixed_life: Option<Duration>) -> Duration {
        let wished = match fixed_life {
            None => life.mul_f64(self.ratio),
            Some(fixed_life) => {
                let interval = self.interval.unwrap_or(fixed_life.mul_f64(DEFAULT_INTERVAL));
                // Credentials that end early cut a token short: keep the interval's share of what is left.
                let share = interval.as_secs_f64() / fixed_life.as_secs_f64();
                interval.min(life.mul_f64(share))
            }
        };
        wished.min(self.latest_refresh(life, fixed_life))
    }

    /// How long after its birth a token is refreshed at the latest, whatever the jitter.
    pub(crate) fn latest_refresh(&self, life: Duration, fixed_life: Option<Duration>) -> Duration {
        let before_the_margin = life.saturating_sub(self.margin_of(life));
        let three_minutes_before = life.checked_sub(LATEST_REFRESH).filter(|left| !left.is_zero());
        match (fixed_life, three_minutes_before) {
            (None, Some(three_minutes_before)) => before_the_margin.min(three_minutes_before),
            _ => before_the_margin,
        }
    }

    /// Checks everything that can be checked before the first token. `field` is the path of the interval.
    pub(crate) fn validate(&self, fixed_life: Option<Duration>, field: &str) -> Result<()> {
        if let Some(interval) = self.interval {
            let life = fixed_life.ok_or_else(|| {
                Error::config(
                    Code::ConfigInvalid,
                    field,
                    "this source decides the life of its tokens: set a ratio",
                )
            })?;
            let longest = life.saturating_sub(self.margin_of(life));
            if interval < SHORTEST_INTERVAL || interval > longest {
                return Err(Error::config(
                    Code::ConfigInvalid,
                    field,
                    format!(
                        "{} s is out of bounds: from {} s to {} s, the token's life of {} s less its margin",
                        interval.as_secs_f64(),
                        SHORTEST_INTERVAL.as_secs(),
                        longest.as_secs_f64(),
                        life.as_secs(),
                    ),
                ));
            }
        }
        self.validate_numbers()
    }

    fn validate_numbers(&self) -> Result<()> {
        let invalid = |field: &str, bounds: &str| Err(Error::config(Code::ConfigInvalid, field, bounds));
        if !(self.ratio > 0.0 && self.ratio < 1.0) {
            return invalid("refresh.ratio", "must lie between 0 and 1, both excluded");
        }
        if self.source_timeout.is_zero() {
            return invalid("refresh.source_timeout", "must be more than 0");
        }
        let retry = &self.retry;
        if retry.max_attempts == 0 {
            return invalid("refresh.retry.max_attempts", "must be at least 1");
        }
        if !(retry.backoff_multiplier >= 1.0 && retry.backoff_multiplier.is_finite()) {
            return invalid("refresh.retry.backoff_multiplier", "must be at least 1");
        }
        if retry.initial_delay.is_zero() || retry.max_delay < retry.initial_delay {
            return invalid("refresh.retry.initial_delay", "must be more than 0 and at most max_delay");
        }
        if retry.jitter_percentage.is_some_and(|percent| percent > 100) {
            return invalid("refresh.retry.jitter_percentage", "must be at most 100");
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Duration = Duration::from_secs(900);

    fn with_interval(seconds: f64) -> TokenRefreshConfig {
        TokenRefreshConfig { interval: Some(Duration::from_secs_f64(seconds)), ..Default::default() }
    }

    #[test]
    fn t13_the_default_interval_is_eight_minutes_of_fifteen() {
        let config = TokenRefreshConfig::default();
        assert_eq!(config.refresh_after(LIFE, Some(LIFE)).as_secs(), 480);
    }

    #[test]
    fn t13_bounds_are_named() {
        for (seconds, life) in
            [(0.0, 900), (0.5, 900), (870.0, 900), (900.0, 900), (43_200.0, 900), (8.0, 10)]
        {
            let life = Duration::from_secs(life);
            let error = with_interval(seconds).validate(Some(life), "refresh_interval").unwrap_err();
            assert_eq!(error.code(), Code::ConfigInvalid, "{seconds}");
            assert!(error.message().contains("from 1 s to"), "{error}");
            assert!(error.message().contains(&format!("{} s less its margin", life.as_secs())), "{error}");
        }
        for (seconds, life) in [(1.0, 900), (480.0, 900), (840.0, 900), (7.5, 10)] {
            with_interval(seconds).validate(Some(Duration::from_secs(life)), "refresh_interval").unwrap();
        }
    }

    #[test]
    fn t14_the_ratio_leaves_three_minutes_where_the_life_allows() {
        let config = TokenRefreshConfig::default();
        let after = |seconds| config.refresh_after(Duration::from_secs(seconds), None).as_secs_f64();
        assert_eq!(after(3600), 2700.0);
        assert_eq!(after(300), 120.0);
        assert_eq!(after(30), 22.5);
    }

    #[test]
    fn t02_a_token_cut_short_is_refreshed_in_proportion() {
        let config = TokenRefreshConfig::default();
        assert_eq!(config.refresh_after(Duration::from_secs(12), Some(LIFE)).as_secs_f64(), 6.4);
    }

    #[test]
    fn t03_the_margin_is_at_most_a_quarter() {
        let config = TokenRefreshConfig::default();
        assert_eq!(config.margin_of(LIFE).as_secs(), 60);
        assert_eq!(config.margin_of(Duration::from_secs(10)).as_secs_f64(), 2.5);
    }
}
