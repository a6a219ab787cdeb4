//! One fetch for all who wait, within its budget.

use super::*;

#[tokio::test]
async fn t04_a_thousand_callers_cause_one_fetch() {
    let it = setup(|source| source.gate = Some(Semaphore::new(0)));
    let waiting: Vec<_> = (0..1000)
        .map(|_| {
            let manager = it.manager.clone();
            tokio::spawn(async move { manager.token_async().await })
        })
        .collect();
    settle().await;
    assert_eq!(it.calls(), 1);
    it.source.gate.as_ref().unwrap().add_permits(1);
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().unwrap().expose(), "token-1");
    }
    assert_eq!(it.calls(), 1);
}

#[tokio::test]
async fn t04_a_failing_source_is_asked_one_round_for_all() {
    let it = setup(|source| source.fails = AtomicBool::new(true));
    let waiting: Vec<_> = (0..1000)
        .map(|_| {
            let manager = it.manager.clone();
            tokio::spawn(async move { manager.token_async().await })
        })
        .collect();
    settle().await;
    for _ in 0..10 {
        it.clock.advance(Duration::from_millis(100)).await;
    }
    for waiting in waiting {
        let error = waiting.await.unwrap().unwrap_err();
        assert_eq!(error.message(), "scripted failure 3", "all share the outcome of the third attempt");
    }
    assert_eq!(it.calls(), 3);
}

#[tokio::test]
async fn t04_an_error_that_repeating_cannot_cure_is_told_at_once() {
    let it = setup(|source| source.permanently = AtomicBool::new(true));
    assert_eq!(it.manager.token_async().await.unwrap_err().message(), "scripted failure 1");
    it.advance(30).await;
    assert!(it.calls() > 1, "and yet it is tried again");
}

#[tokio::test]
async fn t04_without_a_margin_a_token_is_still_kept() {
    let config = TokenRefreshConfig { margin: Duration::ZERO, ..Default::default() };
    let it = setup_with(config, |_| {});
    for _ in 0..100 {
        it.first_token().await;
        it.clock.step_wall(0.001);
    }
    assert_eq!(it.calls(), 1);
}

#[tokio::test]
async fn t11_a_token_past_its_refresh_point_is_handed_out_while_its_successor_is_fetched() {
    let it = setup(|source| source.gate = Some(Semaphore::new(1)));
    let first = it.first_token().await;
    it.advance(485).await;
    assert_eq!(it.calls(), 2, "the refresh is under way");
    assert_eq!(it.manager.token().unwrap().expose(), first);
    it.source.gate.as_ref().unwrap().add_permits(1);
    settle().await;
    assert_eq!(it.manager.token().unwrap().expose(), "token-2");
}

#[tokio::test]
async fn t11_whoever_may_not_wait_is_told_that_a_fetch_is_under_way() {
    let it = setup(|source| source.gate = Some(Semaphore::new(0)));
    assert_eq!(it.manager.token().unwrap_err().code(), Code::CredentialsPending);
    it.source.gate.as_ref().unwrap().add_permits(1);
    settle().await;
    assert_eq!(it.manager.token().unwrap().expose(), "token-1");
}

#[tokio::test]
async fn t16_a_source_that_hangs_is_its_own_error() {
    let it = setup(|source| source.gate = Some(Semaphore::new(0)));
    let manager = it.manager.clone();
    let waiting = tokio::spawn(async move { manager.token_async().await });
    settle().await;
    it.advance(10).await;
    let error = waiting.await.unwrap().unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsTimeout, Some("scripted")));
    assert!(error.message().contains("scripted did not answer within 10 s"), "{error}");
}

#[tokio::test]
async fn b01_a_source_that_panics_is_an_error_and_is_asked_again() {
    let it = setup(|source| source.panics = AtomicBool::new(true));
    assert_eq!(it.manager.token_async().await.unwrap_err().code(), Code::Internal);
    it.source.panics.store(false, SeqCst);
    it.advance(2).await;
    it.manager.token().unwrap();
}
