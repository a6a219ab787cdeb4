//! What a listener is told of logins that were turned away.

use crate::support::{Client, Draft, config};
use keyrotor_emulator::{Cloud, CloudConfig, Refuse};

#[tokio::test]
async fn a_refused_login_comes_with_advice() {
    let cache = config();
    let (clock, keys) = (cache.clock, cache.keys.clone());
    let cloud = Cloud::start(CloudConfig { clock, keys, cache: Some(cache), ..CloudConfig::default() });
    let cloud = cloud.await.expect("a cloud");
    let cache = cloud.cache().expect("a cache");
    let mut refusals = cloud.refusals();
    let mut client = Client::connect(cache).await;
    client.login(0).await;
    assert_eq!(refusals.ready(), None, "a login that was accepted");

    client.call(&["CLIENT", "SETNAME", "worker-1"]).await;
    let token = Draft { cluster: "my-cluster.abc.cache.amazonaws.com", ..Draft::new(1) }.sign();
    client.call(&["AUTH", "app", &token]).await;
    let refusal = refusals.next().await.expect("a refusal");
    let line = refusal.to_string();
    for part in ["`app`", "worker-1", "E09", "my-cluster.abc.cache.amazonaws.com", "sign for `my-cluster`"] {
        assert!(line.contains(part), "{line} lacks {part}");
    }
    assert_eq!(cache.record().logins[1].found.as_deref(), Some("my-cluster.abc.cache.amazonaws.com"));
    assert!(!line.contains("Signature"), "{line}");

    client.call(&["AUTH", "nobody", &token]).await;
    let line = refusals.next().await.expect("a refusal").to_string();
    assert!(line.contains("E25") && line.contains("--user") && !line.contains("amazonaws"), "{line}");

    cache.faults().refuse(Refuse { count: Some(1), ..Refuse::default() }).expect("set");
    client.call(&["AUTH", "app", &Draft::new(2).sign()]).await;
    let line = refusals.next().await.expect("a refusal").to_string();
    assert!(line.contains("fault-refuse") && line.contains("/faults/clear"), "{line}");
    cloud.stop().await;
}
