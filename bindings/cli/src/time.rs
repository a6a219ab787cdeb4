//! Moments on the command line and in what is printed.

use std::time::SystemTime;

use chrono::{DateTime, SecondsFormat, Utc};

/// Reads `2025-01-01T00:00:00Z`.
pub(crate) fn parse(text: &str) -> Result<SystemTime, String> {
    DateTime::parse_from_rfc3339(text)
        .map(SystemTime::from)
        .map_err(|error| format!("{error}; write it as 2025-01-01T00:00:00Z"))
}

/// Writes `2025-01-01T00:00:00Z`.
pub(crate) fn format(at: SystemTime) -> String {
    DateTime::<Utc>::from(at).to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "a command runs once, by the machine's clock")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}
