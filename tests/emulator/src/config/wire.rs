//! How times and durations stand in a configuration file.

use crate::date;
use serde::de::{Deserialize, Deserializer, Error};
use std::time::{Duration, SystemTime};

/// RFC 3339 text, in UTC.
pub(crate) fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SystemTime>, D::Error> {
    let Some(text) = Option::<String>::deserialize(from)? else {
        return Ok(None);
    };
    date::parse_rfc3339(&text)
        .map(Some)
        .ok_or_else(|| D::Error::custom("expected a time such as 2025-01-01T00:00:00Z"))
}

/// Seconds, fractions allowed.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Duration>, D::Error> {
    let Some(seconds) = Option::<f64>::deserialize(from)? else {
        return Ok(None);
    };
    Duration::try_from_secs_f64(seconds)
        .map(Some)
        .map_err(|_| D::Error::custom("expected a duration in seconds, zero or more"))
}
