//! A source that dates its tokens by the second makes the same bytes again: what a server refused does not go out with them.

use super::gate::{SERVER, refused, succeed};
use super::*;

#[tokio::test]
async fn c06_what_was_refused_after_it_was_replaced_is_not_signed_again() {
    let it = setup(|source| source.signs = true);
    let gate = it.manager.login_gate(SERVER).unwrap();
    let attempt = gate.enter().await.unwrap();
    let refused_one = attempt.credential().await.unwrap();
    let second = it.manager.refresh().await.unwrap();
    attempt.failed(&refused_one, &refused());
    assert_eq!(it.manager.status().counts.unwrap().rejected, 0, "another is current");
    let third = it.manager.refresh().await.unwrap();
    assert!(third.secret != refused_one.secret && third.secret != second.secret, "{third:?}");
    let probe = gate.enter_or_fail().await.unwrap();
    let newer = probe.credential_after(third.generation).await.unwrap();
    assert!(newer.generation > third.generation && newer.secret != refused_one.secret, "{newer:?}");
    succeed(probe).await;
}

#[tokio::test]
async fn c06_what_was_signed_again_before_it_was_refused_is_replaced() {
    let it = setup(|source| source.signs = true);
    let gate = it.manager.login_gate(SERVER).unwrap();
    let attempt = gate.enter().await.unwrap();
    let refused_one = attempt.credential().await.unwrap();
    it.manager.refresh().await.unwrap();
    assert_eq!(
        it.manager.refresh().await.unwrap().secret,
        refused_one.secret,
        "the same bytes in a new life"
    );
    attempt.failed(&refused_one, &refused());
    let probe = gate.enter_or_fail().await.unwrap();
    assert_ne!(probe.credential().await.unwrap().secret, refused_one.secret);
    assert_eq!(it.manager.status().counts.unwrap().rejected, 1);
}

#[tokio::test]
async fn c06_what_is_being_signed_again_while_it_is_refused_does_not_go_out() {
    let it = setup(|source| {
        source.signs = true;
        source.gate = Some(Semaphore::new(2));
    });
    let gate = it.manager.login_gate(SERVER).unwrap();
    let attempt = gate.enter().await.unwrap();
    let refused_one = attempt.credential().await.unwrap();
    it.manager.refresh().await.unwrap();
    let under_way = tokio::spawn({
        let manager = it.manager.clone();
        async move { manager.refresh().await.unwrap() }
    });
    settle().await;
    attempt.failed(&refused_one, &refused());
    it.source.gate.as_ref().unwrap().add_permits(2);
    assert_eq!(under_way.await.unwrap().secret, refused_one.secret, "asked for before anybody knew");
    let probe = gate.enter_or_fail().await.unwrap();
    assert_ne!(probe.credential().await.unwrap().secret, refused_one.secret);
    succeed(probe).await;
    assert!(gate.trouble().is_none());
}

#[tokio::test]
async fn t09_the_two_latest_that_were_refused_are_both_avoided() {
    let it = setup_thrown(|| 0.0, TokenRefreshConfig::default(), |source| source.signs = true);
    let gate = it.manager.login_gate(SERVER).unwrap();
    let mut seen = Vec::new();
    for _ in 0..3 {
        let attempt = gate.enter().await.unwrap();
        let credential = attempt.credential().await.unwrap();
        seen.push(credential.secret.expose().to_owned());
        if seen.len() < 3 {
            attempt.failed(&credential, &refused());
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3, "{seen:?}");
}
