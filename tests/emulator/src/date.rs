//! UTC dates: X-Amz-Date in, RFC 3339 in and out.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: i64 = 86_400;

/// Reads `20250615T123456Z`: exactly this form, and a date that exists.
pub(crate) fn parse_amz(text: &str) -> Option<SystemTime> {
    if text.len() != 16 || text.get(8..9) != Some("T") || text.get(15..) != Some("Z") {
        return None;
    }
    let seconds = civil(
        [number(text.get(0..4)?)?, number(text.get(4..6)?)?, number(text.get(6..8)?)?],
        [number(text.get(9..11)?)?, number(text.get(11..13)?)?, number(text.get(13..15)?)?],
    )?;
    at(seconds)
}

/// Reads `2025-06-15T12:34:56Z`, with or without a fraction.
pub(crate) fn parse_rfc3339(text: &str) -> Option<SystemTime> {
    let text = text.strip_suffix('Z').or_else(|| text.strip_suffix("+00:00"))?;
    let (date, time) = text.split_once(['T', ' '])?;
    let (time, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let mut date = date.split('-').map(number);
    let mut time = time.split(':').map(number);
    let seconds =
        civil([date.next()??, date.next()??, date.next()??], [time.next()??, time.next()??, time.next()??])?;
    if date.next().is_some() || time.next().is_some() || fraction.len() > 9 {
        return None;
    }
    let nanos = u64::try_from(number(&format!("{fraction:0<9}"))?).ok()?;
    Some(at(seconds)? + Duration::from_nanos(nanos))
}

/// Writes `2025-06-15T12:34:56.789Z`.
pub(crate) fn rfc3339(time: SystemTime) -> String {
    let millis = time.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_millis();
    format!("{}.{millis:03}Z", rfc3339_seconds(time).trim_end_matches('Z'))
}

/// Writes `2025-06-15T12:34:56Z`; a fraction is left out.
pub(crate) fn rfc3339_seconds(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let (day, second) = (seconds / DAY, seconds % DAY);
    let (year, month, date) = from_days(day);
    let (hour, minute) = (second / 3600, second / 60 % 60);
    format!("{year:04}-{month:02}-{date:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

/// Writes `Sun, 15 Jun 2025 12:34:56 GMT`, as in the header `Date`.
pub(crate) fn http(time: SystemTime) -> String {
    httpdate::fmt_http_date(time)
}

/// Writes `20250615T123456Z`.
pub(crate) fn amz(time: SystemTime) -> String {
    rfc3339_seconds(time).replace(['-', ':'], "")
}

/// The first whole second that is not before `time`.
pub(crate) fn whole_second(time: SystemTime) -> SystemTime {
    let nanos = time.duration_since(UNIX_EPOCH).unwrap_or_default().subsec_nanos();
    match nanos {
        0 => time,
        nanos => time + Duration::from_nanos(1_000_000_000 - u64::from(nanos)),
    }
}

fn number(digits: &str) -> Option<i64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if plain { digits.parse().ok() } else { None }
}

fn at(seconds: i64) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(seconds).ok()?))
}

fn civil([year, month, day]: [i64; 3], [hour, minute, second]: [i64; 3]) -> Option<i64> {
    let exists = (1..=12).contains(&month) && day >= 1 && hour < 24 && minute < 60 && second < 60;
    let days = to_days(year, month, day);
    if !exists || from_days(days) != (year, month, day) {
        return None;
    }
    Some(days * DAY + hour * 3600 + minute * 60 + second)
}

// Howard Hinnant's civil calendar, years starting in March so that the leap day comes last.
fn to_days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day_of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for (amz, rfc, epoch) in [
            ("19700101T000000Z", "1970-01-01T00:00:00.000Z", 0),
            ("20240229T235959Z", "2024-02-29T23:59:59.000Z", 1_709_251_199),
            ("20250615T123456Z", "2025-06-15T12:34:56.000Z", 1_749_990_896),
        ] {
            let time = parse_amz(amz).expect(amz);
            assert_eq!(time, UNIX_EPOCH + Duration::from_secs(epoch));
            assert_eq!(rfc3339(time), rfc);
            assert_eq!(crate::date::amz(time), amz);
            assert_eq!(parse_rfc3339(rfc), Some(time));
        }
        let half = parse_rfc3339("2025-01-01T00:00:00.5Z").expect("a fraction");
        assert_eq!(half, UNIX_EPOCH + Duration::from_millis(1_735_689_600_500));
        let whole = UNIX_EPOCH + Duration::from_secs(1_735_689_601);
        assert_eq!([half, whole].map(whole_second), [whole; 2]);
    }

    #[test]
    fn dates_that_do_not_exist_are_refused() {
        for text in ["20230229T000000Z", "20251301T000000Z", "20250100T000000Z", "20250101T240000Z", "", "x"]
        {
            assert_eq!(parse_amz(text), None, "{text}");
        }
        for text in [
            "20250101 000000Z",
            "20250101T000000",
            "+0250101T000000Z",
            "2025-1-01T00:00:00Z",
            "2é250101T00000Z",
        ] {
            assert_eq!(parse_amz(text), None, "{text}");
        }
    }
}
