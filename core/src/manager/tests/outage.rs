//! A source that fails, for a moment or for long.

use super::*;

#[tokio::test]
async fn t07_refreshing_never_stops() {
    let it = setup(|_| {});
    it.first_token().await;
    it.source.fails.store(true, SeqCst);
    it.advance(30 * 480).await;
    assert_eq!(it.state(), State::Expired);
    it.source.fails.store(false, SeqCst);
    it.advance(30).await;
    assert_eq!(it.state(), State::Fresh);
    it.manager.token().unwrap();
}

#[tokio::test]
async fn t08_a_failed_refresh_takes_no_valid_token_away() {
    let it = setup(|_| {});
    let first = it.first_token().await;
    it.source.fails.store(true, SeqCst);
    it.advance(899).await;
    assert_eq!(it.manager.token().unwrap().expose(), first);
    assert_eq!(it.manager.token_async().await.unwrap().expose(), first);
    assert_eq!(it.state(), State::Degraded);
    it.advance(1).await;
    let error = it.manager.token().unwrap_err();
    assert!(error.message().starts_with("scripted failure"), "{error}");
    assert_eq!(it.state(), State::Expired);
}

#[tokio::test]
async fn t07_a_source_that_asks_to_be_left_alone_is() {
    let it = setup(|source| source.throttles = Some(Duration::from_secs(60)));
    it.manager.token_async().await.unwrap_err();
    it.advance(59).await;
    it.manager.token_async().await.unwrap_err();
    assert_eq!(it.calls(), 1);
    it.advance(2).await;
    assert_eq!(it.calls(), 2);
}

#[tokio::test]
async fn t08_b01_what_is_made_on_the_spot_obeys_the_same_rules() {
    let it = setup(|source| {
        source.inline = true;
        *source.life.lock().unwrap() = Duration::ZERO;
    });
    assert!(it.manager.token().unwrap_err().message().contains("already expired"));
    let it = setup(|source| {
        source.inline = true;
        source.panics = AtomicBool::new(true);
    });
    assert_eq!(it.manager.token().unwrap_err().code(), Code::Internal);
    it.manager.status();
}
