//! Logins are renewed on the live connection before their lease ends, whatever the server makes of that.

use std::time::{Duration, Instant};

use keyrotor_emulator::Refuse;
use serde_json::json;

use crate::load::{hashes, refused, traffic};
use crate::support;

#[tokio::test]
async fn c03_a_cut_ten_seconds_after_each_login_is_never_met() {
    let emulator = support::emulator(&["--session-limit", "10"]).await;
    let client = support::client(&emulator, support::lives(900, 10)).await;
    let failures = traffic(&client, 0, Duration::from_secs(60)).await;
    assert!(failures.is_empty(), "{failures:?}");
    let record = emulator.record();
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (1, 0));
    assert_eq!(client.stats().reconnects, 0);
    // Between 80 % and 95 % of 10 s: six or seven times in a minute, each with another token.
    assert!((6..=7).contains(&record.totals.relogins), "{:?}", record.totals);
    for pair in record.logins.windows(2) {
        let left = pair[1].lease_left_seconds.unwrap();
        assert_ne!(pair[0].token_sha256, pair[1].token_sha256);
        assert!(left > 9.0, "{left}");
        let apart = seconds(&pair[1].time) - seconds(&pair[0].time);
        let apart = if apart < 0.0 { apart + 60.0 } else { apart };
        assert!((7.95..=9.5).contains(&apart), "re-AUTH after {apart} s of 10");
    }
}

/// The pause after a login that was throttled is a second at most, which this lease has room for.
#[tokio::test]
async fn c04_a_throttled_reauth_keeps_the_live_connection() {
    let emulator = support::emulator(&["--session-limit", "13"]).await;
    let client = support::client(&emulator, support::lives(900, 13)).await;
    emulator.faults().throttle(None);
    let throttled = || emulator.record().logins.iter().any(|login| login.reason == Some("throttled"));
    let (start, mut failures) = (Instant::now(), Vec::new());
    while emulator.record().totals.relogins == 0 {
        assert!(start.elapsed() < Duration::from_secs(60), "{:?}", emulator.record().logins);
        failures.extend(traffic(&client, 0, Duration::from_millis(20)).await);
        if throttled() {
            emulator.faults().clear();
        }
    }
    let record = emulator.record();
    assert!(failures.is_empty() && throttled(), "{failures:?} {:?}", record.logins);
    assert_eq!((record.totals.connections, client.stats().reconnects), (1, 0));
}

#[tokio::test]
async fn c04_a_refused_reauth_is_followed_by_a_newer_token_on_the_live_connection() {
    let emulator = support::emulator(&["--session-limit", "8"]).await;
    let client = support::client(&emulator, support::lives(900, 8)).await;
    emulator.faults().refuse(Refuse { count: Some(1), ..Refuse::default() }).unwrap();
    let failures = traffic(&client, 0, Duration::from_secs(9)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "{failures:?} {:?}", record.logins);
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (1, 0));
    assert_eq!((refused(&emulator), record.totals.relogins), (1, 1));
    let hashes = hashes(&emulator);
    assert_eq!(
        hashes.iter().collect::<std::collections::HashSet<_>>().len(),
        3,
        "each login has its own token"
    );
}

#[tokio::test]
async fn c04_a_reauth_refused_twice_replaces_the_connection_before_its_lease_ends() {
    let emulator = support::emulator(&["--session-limit", "20"]).await;
    let client = support::client(&emulator, support::lives(900, 20)).await;
    emulator.faults().refuse(Refuse { count: Some(2), ..Refuse::default() }).unwrap();
    let failures = traffic(&client, 0, Duration::from_secs(22)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "the old connection serves until the new one is there: {failures:?}");
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (2, 0));
    assert_eq!((refused(&emulator), client.stats().reconnects), (2, 1));
}

#[tokio::test]
async fn c04_a_server_that_stalls_over_a_reauth_keeps_its_connection() {
    let emulator = support::emulator(&["--session-limit", "10"]).await;
    let patience =
        json!({"requestTimeout": 5000, "authenticationInfo": {"iamCredentials": {"leaseSeconds": 10}}});
    let client = support::client(&emulator, patience).await;
    tokio::time::sleep(Duration::from_millis(8500)).await;
    emulator.faults().stall(Duration::from_secs(1));
    let failures = traffic(&client, 0, Duration::from_secs(5)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "{failures:?} {:?}", record.logins);
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (1, 0));
}

/// The seconds of an RFC 3339 time.
fn seconds(time: &str) -> f64 {
    time.trim_end_matches('Z').rsplit(':').next().unwrap().parse().unwrap()
}
