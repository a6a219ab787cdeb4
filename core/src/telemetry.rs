//! Metrics, through the `metrics` facade: whoever installs a recorder gets them, and without one they cost nothing.
//!
//! Their names and labels are part of what keyrotor promises; [the crate's documentation](crate#metrics) lists them.

use std::time::{Duration, SystemTime};

use crate::error::Error;

/// Whose token it is.
#[derive(Clone, Copy)]
#[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "nobody counts"))]
pub(crate) struct Labels<'a> {
    pub(crate) provider: &'a str,
    pub(crate) target: &'a str,
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
}

pub(crate) use recorded::*;
