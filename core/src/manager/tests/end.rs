//! What is left of a manager that was closed.

use super::*;

#[tokio::test]
async fn t18_close_ends_waiting_and_is_idempotent() {
    let it = setup(|source| source.gate = Some(Semaphore::new(0)));
    let manager = it.manager.clone();
    let waiting = tokio::spawn(async move { manager.token_async().await });
    settle().await;
    it.manager.close();
    it.manager.close();
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::Closed);
    assert_eq!(it.manager.token().unwrap_err().code(), Code::Closed);
    assert_eq!(it.state(), State::Closed);
    it.advance(1000).await;
    assert_eq!(it.calls(), 1);
}

#[tokio::test]
async fn t18_whoever_listens_to_a_manager_that_was_never_used_is_told_of_its_end() {
    let it = setup(|_| {});
    let mut events = it.manager.events();
    let unused = it.another(TokenRefreshConfig::default());
    let mut of_unused = unused.events();
    for (manager, events) in [(&it.manager, &mut events), (&unused, &mut of_unused)] {
        manager.close();
        assert_eq!(events.next().await.unwrap().kind(), EventKind::EventClosed);
        assert!(events.next().await.is_none());
        assert!(manager.events().next().await.is_none());
    }
}

#[tokio::test]
async fn t18_a_closed_manager_leaves_no_alarm_and_no_feed() {
    let identity = Identity::of("scripted").and("test", "closed");
    let it = setup(|source| source.identity = Some(identity.clone()));
    it.first_token().await;
    assert!(super::super::feed::is_registered(&identity));
    it.manager.close();
    assert!(!super::super::feed::is_registered(&identity), "the handle still lives, and holds nothing");
}
