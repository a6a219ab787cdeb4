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

#[tokio::test]
async fn t14_a_source_that_decides_the_life_is_asked_at_a_ratio_of_it() {
    for (life, after) in [(3600, 2700), (300, 120), (30, 23)] {
        let it = setup(|source| {
            *source.life.lock().unwrap() = Duration::from_secs(life);
            source.fixed_life = None;
        });
        it.first_token().await;
        it.advance(after - 1).await;
        assert_eq!(it.calls(), 1, "a life of {life} s");
        it.advance(1).await;
        assert_eq!(it.calls(), 2, "a life of {life} s");
    }
}

/// The same throws in each run.
fn seeded() -> f64 {
    static LAST: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(20_250_615);
    // splitmix64
    let mut z = LAST.fetch_add(0x9e37_79b9_7f4a_7c15, SeqCst).wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[tokio::test]
async fn t06_the_refreshes_of_two_hundred_identities_spread() {
    const COUNT: usize = 200;
    let clock = ManualClock::new();
    let engine = Engine::for_test(Arc::new(clock.clone()));
    let managers: Vec<_> = (0..COUNT)
        .map(|_| {
            let feed = Feed::of(Arc::new(Arc::new(source(&clock))), Arc::new(clock.clone()), seeded);
            feed.change(|state| state.run_on(Arc::clone(&engine)));
            TokenManager::of_feed(feed, TokenRefreshConfig::default())
        })
        .collect();
    for manager in &managers {
        manager.token_async().await.unwrap();
    }
    // The first round is over after 480 s; then every tenth of a period is counted for three of them.
    clock.advance(Duration::from_secs(480)).await;
    let fetched = || managers.iter().map(|manager| manager.status().generation).sum::<u64>();
    for tenth in 0..30 {
        let before = fetched();
        clock.advance(Duration::from_secs(48)).await;
        let share = (fetched() - before) as f64 / COUNT as f64;
        assert!(share <= 0.2, "{share} of all refreshes fall into tenth {tenth}");
    }
}

#[tokio::test]
async fn s02_a_source_that_wishes_to_be_asked_sooner_is_and_one_that_wishes_later_is_not() {
    let refreshed_within = async |wish: u64, seconds: u64| {
        let it = setup(|source| source.asks_again_after = Some(Duration::from_secs(wish)));
        it.first_token().await;
        it.advance(seconds).await;
        it.calls() > 1
    };
    assert!(refreshed_within(100, 101).await);
    assert!(!refreshed_within(100, 99).await);
    assert!(refreshed_within(10_000, 481).await);
}
