//! Metrics, through the `metrics` facade: whoever installs a recorder gets them, and without one they cost nothing.
//!
//! Their names and labels are part of what keyrotor promises; [the crate's documentation](crate#metrics) lists them.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use crate::clock::Clock;
use crate::error::Error;

/// Whose token it is.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody counts"))]
pub(crate) struct Labels<'a> {
    pub(crate) provider: &'a str,
    pub(crate) target: &'a str,
}

/// A connection of the client, counted for as long as this lives.
#[cfg_attr(not(test), allow(dead_code, reason = "the client is about to count"))]
pub(crate) struct OpenConnection {
    target: Box<str>,
    clock: Arc<dyn Clock>,
    since: Duration,
}

#[cfg_attr(not(test), allow(dead_code, reason = "the client is about to count"))]
impl OpenConnection {
    /// Of a connection to this `host:port` that was made just now.
    pub(crate) fn new(target: &str, clock: Arc<dyn Clock>) -> Self {
        connection_opened(target);
        let since = clock.monotonic();
        Self { target: target.into(), clock, since }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        connection_closed(&self.target, self.clock.monotonic().saturating_sub(self.since));
    }
}

#[cfg(feature = "metrics")]
mod recorded {
    use std::time::UNIX_EPOCH;

    use metrics::{SharedString, counter, gauge, histogram};

    use super::*;

    fn seconds(at: SystemTime) -> f64 {
        at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
    }

    fn count_refresh(labels: Labels<'_>, result: &'static str, took: Duration) {
        let (provider, target) = (SharedString::from(labels.provider.to_owned()), labels.target.to_owned());
        counter!("keyrotor_token_refresh_total", "provider" => provider.clone(), "target" => target.clone(),
            "result" => result)
        .increment(1);
        histogram!("keyrotor_token_refresh_duration_seconds", "provider" => provider, "target" => target)
            .record(took.as_secs_f64());
    }

    pub(crate) fn refreshed(
        labels: Labels<'_>,
        end: Option<SystemTime>,
        age_of_the_last: Option<Duration>,
        took: Duration,
    ) {
        count_refresh(labels, "success", took);
        let (provider, target) = (labels.provider.to_owned(), labels.target.to_owned());
        if let Some(age) = age_of_the_last {
            histogram!("keyrotor_token_age_seconds", "provider" => provider.clone(), "target" => target.clone())
                .record(age.as_secs_f64());
        }
        if let Some(end) = end {
            gauge!("keyrotor_token_expiry_timestamp_seconds", "provider" => provider, "target" => target)
                .set(seconds(end));
        }
        gauge!("keyrotor_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    }

    pub(crate) fn refresh_failed(labels: Labels<'_>, took: Duration) {
        count_refresh(labels, "failure", took);
    }

    #[cfg(feature = "aws")]
    pub(crate) fn keys_fetched(provider: &str, end: Option<SystemTime>) {
        if let Some(end) = end {
            gauge!("keyrotor_credentials_expiry_timestamp_seconds", "provider" => provider.to_owned())
                .set(seconds(end));
        }
    }

    pub(crate) fn auth_failed(error: &Error) {
        counter!("keyrotor_auth_failures_total", "reason" => error.name()).increment(1);
    }

    pub(crate) fn reauthenticated(result: &'static str) {
        counter!("keyrotor_reauth_total", "client" => "keyrotor", "result" => result).increment(1);
    }

    #[cfg_attr(not(test), allow(dead_code, reason = "the client is about to count"))]
    pub(crate) fn connection_opened(target: &str) {
        gauge!("keyrotor_connections_open", "target" => target.to_owned()).increment(1.0);
    }

    #[cfg_attr(not(test), allow(dead_code, reason = "the client is about to count"))]
    pub(crate) fn connection_closed(target: &str, age: Duration) {
        gauge!("keyrotor_connections_open", "target" => target.to_owned()).decrement(1.0);
        histogram!("keyrotor_connection_age_seconds", "target" => target.to_owned())
            .record(age.as_secs_f64());
    }

    pub(crate) fn fallback(labels: Labels<'_>, is_in_use: bool) {
        let (provider, target) = (labels.provider.to_owned(), labels.target.to_owned());
        let value = if is_in_use { 1.0 } else { 0.0 };
        gauge!("keyrotor_fallback_in_use", "provider" => provider, "target" => target).set(value);
    }

    pub(crate) fn clock_skew(seconds_ahead: f64) {
        gauge!("keyrotor_clock_skew_seconds").set(seconds_ahead);
    }
}

#[cfg(not(feature = "metrics"))]
mod recorded {
    use super::*;

    pub(crate) fn refreshed(_: Labels<'_>, _: Option<SystemTime>, _: Option<Duration>, _: Duration) {}
    pub(crate) fn refresh_failed(_: Labels<'_>, _: Duration) {}
    #[cfg(feature = "aws")]
    pub(crate) fn keys_fetched(_: &str, _: Option<SystemTime>) {}
    pub(crate) fn auth_failed(_: &Error) {}
    pub(crate) fn reauthenticated(_: &'static str) {}
    pub(crate) fn connection_opened(_: &str) {}
    pub(crate) fn connection_closed(_: &str, _: Duration) {}
    pub(crate) fn fallback(_: Labels<'_>, _: bool) {}
    pub(crate) fn clock_skew(_: f64) {}
}

pub(crate) use recorded::*;
