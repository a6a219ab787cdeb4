//! How long to wait before the next try, by what went wrong.

use std::time::Duration;

use keyrotor_proto::Code;

use crate::config::Retry;
use crate::error::Error;

/// The pause before try `attempt + 1`, counted from 1, with `dice` between 0 and 1.
pub(super) fn pause(error: &Error, attempt: u32, retry: &Retry, dice: f64) -> Duration {
    let doubling = |first: u64, cap: u64| {
        let grown = first.saturating_mul(1 << (attempt - 1).min(16)).min(cap);
        Duration::from_millis(grown).mul_f64(dice)
    };
    match error.code() {
        // All who log in there take turns at one gate, which has these pauses.
        Code::AuthRefused
        | Code::AuthUnavailable
        | Code::AuthThrottled
        | Code::AuthIdentityMismatch
        | Code::AuthIdentityUnknown => Duration::ZERO,
        Code::AuthTimeout => doubling(250, 1000),
        _ if error.is_about_login() => doubling(200, 1000),
        _ => reconnect(retry, attempt, dice),
    }
}

/// The pause after the `attempt`-th connection that failed on the way, counted from 1.
pub(super) fn reconnect(retry: &Retry, attempt: u32, dice: f64) -> Duration {
    let exponent = i32::try_from(attempt - 1).unwrap_or(i32::MAX);
    let grown = (retry.first.as_secs_f64() * retry.base.powi(exponent)).min(retry.cap.as_secs_f64());
    let share = match retry.jitter_percentage {
        None => dice,
        Some(percent) => 1.0 + f64::from(percent) / 100.0 * (2.0 * dice - 1.0),
    };
    Duration::from_secs_f64(grown * share)
}

/// Connections that live shorter than this, one after the other, are made with growing pauses.
const SHORT_LIFE: Duration = Duration::from_secs(5);

/// How many connections in a row lived a short life.
#[derive(Debug, Default)]
pub(super) struct ShortLives(u32);

impl ShortLives {
    /// How long to wait before the next connection, after one that lived for `life`.
    pub(super) fn pause_after(&mut self, life: Duration, retry: &Retry) -> Option<Duration> {
        self.0 = if life < SHORT_LIFE { self.0 + 1 } else { 0 };
        (self.0 > 1).then(|| reconnect(retry, self.0 - 1, rand::random()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETRY: Retry = Retry {
        first: Duration::from_millis(50),
        base: 2.0,
        cap: Duration::from_millis(500),
        jitter_percentage: None,
    };

    fn pauses(code: Code) -> Vec<u128> {
        let error = Error::new(code, "");
        (1..=6).map(|attempt| pause(&error, attempt, &RETRY, 1.0).as_millis()).collect()
    }

    #[test]
    fn each_kind_of_failure_has_its_pace() {
        assert_eq!(pauses(Code::NetworkConnect), [50, 100, 200, 400, 500, 500]);
        assert_eq!(pauses(Code::CredentialsTimeout), [200, 400, 800, 1000, 1000, 1000]);
        assert_eq!(pauses(Code::AuthTimeout), [250, 500, 1000, 1000, 1000, 1000]);
        assert_eq!(pauses(Code::AuthThrottled), [0; 6], "these are the gate's");
    }

    #[test]
    fn jitter_is_full_unless_it_is_set() {
        let error = Error::new(Code::NetworkTls, "");
        assert_eq!(pause(&error, 3, &RETRY, 0.0), Duration::ZERO);
        let set = Retry { jitter_percentage: Some(20), ..RETRY };
        assert_eq!(pause(&error, 1, &set, 0.0).as_millis(), 40);
        assert_eq!(pause(&error, 1, &set, 1.0).as_millis(), 60);
    }
}
