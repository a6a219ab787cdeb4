//! New tokens under load: nobody notices.

use std::time::Duration;

use serde_json::json;

use crate::load::traffic;
use crate::support;

#[tokio::test]
async fn c18_forced_rotations_are_invisible() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let manager = client.token_manager().unwrap().clone();
    let rotating = tokio::spawn(async move {
        for _ in 0..100 {
            manager.refresh().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let failures = traffic(&client, Duration::from_secs(2)).await;
    rotating.await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
    assert!(client.status().unwrap().generation > 100);
}
