//! When a token is old: margins, clocks, refresh points.

use super::*;

#[tokio::test]
async fn t12_nothing_is_asked_before_the_first_use() {
    let it = setup(|_| {});
    it.advance(2000).await;
    assert_eq!((it.calls(), it.state()), (0, State::Idle));
}

#[tokio::test]
async fn t03_inside_the_margin_a_new_token_is_made_first() {
    let it = setup(|source| {
        *source.life.lock().unwrap() = Duration::from_secs(10);
        source.fixed_life = None;
        source.inline = true;
    });
    let first = it.manager.token().unwrap();
    // The refresh point passes unseen, as it does where the timer is late.
    it.clock.step_wall(9.0);
    let second = it.manager.token().unwrap();
    assert_ne!(first, second);
}

#[tokio::test]
async fn t03_a_waiting_caller_gets_the_new_token_too() {
    let it = setup(|source| *source.life.lock().unwrap() = Duration::from_secs(10));
    let first = it.first_token().await;
    it.clock.step_wall(9.0);
    assert_ne!(first, it.first_token().await);
}

#[tokio::test]
async fn t10_either_clock_ends_a_token_and_a_jump_brings_a_new_one() {
    for jump in [1200.0, -1200.0] {
        let it = setup(|_| {});
        let first = it.first_token().await;
        it.clock.step_wall(jump);
        assert_ne!(it.first_token().await, first, "wall clock {jump} s");
    }
    let it = setup(|_| {});
    let first = it.first_token().await;
    it.clock.step_monotonic(LIFE);
    assert_ne!(it.first_token().await, first, "only the monotonic clock moved");
    let it = setup(|_| {});
    let first = it.first_token().await;
    it.clock.step_wall(LIFE.as_secs_f64());
    assert_ne!(it.first_token().await, first, "the monotonic clock stood still");
}

#[tokio::test]
async fn t06_t13_the_background_refresh_comes_at_its_time() {
    let config = TokenRefreshConfig { interval: Some(Duration::from_secs(100)), ..Default::default() };
    let it = setup_with(config, |_| {});
    it.first_token().await;
    it.advance(99).await;
    assert_eq!(it.calls(), 1);
    it.advance(2).await;
    assert_eq!(it.calls(), 2);
    it.advance(108).await;
    assert_eq!(it.calls(), 2);
    it.advance(2).await;
    assert_eq!(it.calls(), 3);
}
