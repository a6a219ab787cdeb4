//! Lazy mode, against a real server: nothing beside what somebody asked for.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests, against a real server and real time"
)]

mod support;

use std::time::Duration;

use keyrotor::cmd;
use serde_json::json;

#[tokio::test]
async fn t12_a_lazy_client_logs_in_when_it_connects_and_never_beside() {
    let emulator = support::emulator(&[]).await;
    let mut patch = support::lives(5, 5);
    patch["lazyRefresh"] = json!(true);
    let client = support::client(&emulator, patch).await;
    client.execute(cmd("SET").arg("key").arg("value")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    client.execute(cmd("GET").arg("key")).await.unwrap();
    assert_eq!((client.stats().reauths, client.status().unwrap().counts.unwrap().attempts), (0, 1));
    assert_eq!(emulator.record().totals.logins_accepted, 1);
    // What finds the connection gone brings a new one, with a new token.
    emulator.faults().kill(None);
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    while client.execute(cmd("GET").arg("key")).await.is_err() {
        assert!(std::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(client.status().unwrap().generation, 2);
}
