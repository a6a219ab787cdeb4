//! Moments as messages and logs write them.

use std::time::{SystemTime, UNIX_EPOCH};

use chrono::{DateTime, SecondsFormat};
use keyrotor_proto::Timestamp;

pub(crate) fn timestamp(at: SystemTime) -> Timestamp {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default(),
    }
}

/// `2025-06-15T12:34:56Z`
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let at = DateTime::from_timestamp(timestamp(at).seconds, 0);
    at.map_or_else(|| "the far future".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn moments_are_written_without_fractions_and_whatever_their_size() {
        let at = UNIX_EPOCH + Duration::from_millis(1_749_990_896_789);
        assert_eq!(rfc3339(at), "2025-06-15T12:34:56Z");
        assert_eq!(rfc3339(UNIX_EPOCH + Duration::from_secs(1 << 60)), "the far future");
    }
}
