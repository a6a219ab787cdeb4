//! Lazy mode: everything on use, nothing beside.

use super::*;

pub(super) fn lazy() -> TokenRefreshConfig {
    TokenRefreshConfig { lazy: Some(true), ..Default::default() }
}

#[tokio::test]
async fn t12_a_lazy_manager_does_nothing_that_nobody_asked_for() {
    let it = setup_with(lazy(), |_| {});
    let first = it.first_token().await;
    it.advance(899).await;
    assert_eq!((it.calls(), it.state()), (1, State::Fresh));
    assert_eq!(it.manager.status().next_refresh_at, None);
    assert_eq!(it.manager.token().unwrap().expose(), first, "who may not wait gets what is valid");
    settle().await;
    assert_eq!(it.calls(), 1);
    assert_eq!(it.first_token().await, "token-2", "and who may wait, what is better");
    it.advance(10_000).await;
    assert_eq!(it.calls(), 2);
    assert_eq!(it.first_token().await, "token-3");
}

#[tokio::test]
async fn t12_a_lazy_manager_signs_on_the_spot_past_the_refresh_point() {
    let it = setup_with(lazy(), |source| source.inline = true);
    it.manager.token().unwrap();
    it.advance(470).await;
    assert_eq!(it.manager.token().unwrap().expose(), "token-1");
    it.advance(20).await;
    assert_eq!(it.manager.token().unwrap().expose(), "token-2");
}

#[tokio::test]
async fn t07_t08_a_lazy_manager_asks_a_failing_source_when_it_is_asked() {
    let it = setup_with(lazy(), |_| {});
    let first = it.first_token().await;
    it.advance(600).await;
    it.source.fails.store(true, SeqCst);
    let manager = it.manager.clone();
    let waiting = tokio::spawn(async move { manager.token_async().await });
    it.advance(2).await;
    assert_eq!(waiting.await.unwrap().unwrap().expose(), first, "it is still valid");
    assert_eq!((it.calls(), it.state()), (4, State::Degraded));
    it.advance(200).await;
    assert_eq!(it.calls(), 4, "nobody asked");
    it.source.fails.store(false, SeqCst);
    assert_eq!(it.first_token().await, "token-5");
}

#[tokio::test]
async fn t09_a_lazy_manager_fetches_after_a_refusal_when_it_is_asked() {
    let it = setup_with(lazy(), |_| {});
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    it.advance(100).await;
    assert_eq!(it.calls(), 1);
    assert_ne!(it.manager.credential_async().await.unwrap().secret, first.secret);
}

#[tokio::test]
async fn t05_a_lazy_manager_gains_from_one_that_is_not() {
    let it =
        setup_with(lazy(), |source| source.identity = Some(Identity::of("scripted").and("test", "lazy")));
    it.first_token().await;
    it.advance(600).await;
    assert_eq!(it.calls(), 1);
    let eager = it.another(TokenRefreshConfig { lazy: Some(false), ..Default::default() });
    eager.token_async().await.unwrap();
    settle().await;
    assert_eq!(it.calls(), 2);
    it.advance(530).await;
    assert_eq!(it.calls(), 3);
    eager.close();
    it.advance(5000).await;
    assert_eq!(it.calls(), 3);
}
