//! Hours of trouble on the injected clock, with somebody who asks every second.

use super::*;

/// What somebody saw who asked every second.
#[derive(Debug, Default)]
struct Seen {
    tokens: u32,
    errors: u32,
    /// The longest row of errors.
    longest_gap: u32,
    gap: u32,
}

impl Seen {
    fn note(&mut self, is_token: bool) {
        if is_token {
            (self.tokens, self.gap) = (self.tokens + 1, 0);
        } else {
            (self.errors, self.gap) = (self.errors + 1, self.gap + 1);
        }
        self.longest_gap = self.longest_gap.max(self.gap);
    }
}

/// Lets so many seconds pass; `each` may make trouble. No token that is over is ever seen.
async fn ask_every_second(it: &Setup, seconds: u64, each: impl Fn(u64, &Setup)) -> Seen {
    let mut seen = Seen::default();
    for second in 0..seconds {
        each(second, it);
        it.advance(1).await;
        let answer = it.manager.credential();
        if let Ok(credential) = &answer {
            let end = credential.expires_at.unwrap();
            assert!(end > it.clock.wall(), "second {second}: a token that is over");
        }
        seen.note(answer.is_ok());
    }
    seen
}

#[tokio::test]
async fn t07_t08_a_source_that_flaps_is_no_outage() {
    let it = setup(|_| {});
    it.first_token().await;
    // Away for 6 of every 10 minutes.
    let seen =
        ask_every_second(&it, 10_800, |second, it| it.source.fails.store(second % 600 < 360, SeqCst)).await;
    assert_eq!(seen.errors, 0, "{seen:?}");
    assert!((18..=60).contains(&it.manager.status().counts.unwrap().fetched), "{:?}", it.manager.status());
}

#[tokio::test]
async fn t07_t08_a_source_that_is_dead_for_an_hour_is_back_within_a_pause() {
    let it = setup(|_| {});
    it.first_token().await;
    it.source.fails.store(true, SeqCst);
    let dead = ask_every_second(&it, 899, |_, _| {}).await;
    assert_eq!(dead.errors, 0, "served to its end: {dead:?}");
    // Growing pauses to the margin; inside it, where a better token is wanted, one a second at most.
    assert!(it.calls() < 30 + 60, "{} questions while there is a token", it.calls());
    let dead = ask_every_second(&it, 2700, |_, _| {}).await;
    assert_eq!(dead.tokens, 0, "{dead:?}");
    // Whoever holds none may cause one a second, however many they are.
    assert!(it.calls() < 2900, "{} questions while there is none", it.calls());
    it.source.fails.store(false, SeqCst);
    let back = ask_every_second(&it, 60, |_, _| {}).await;
    assert!(back.longest_gap <= 30, "{back:?}");
}

#[tokio::test]
async fn t16_a_source_that_is_slow_delays_nobody_who_has_a_token() {
    let it = setup(|source| source.gate = Some(Semaphore::new(1)));
    it.first_token().await;
    // Answers 8 s after each question, of the 10 s that it has.
    let seen = ask_every_second(&it, 3600, |second, it| {
        if second % 8 == 0 {
            it.source.gate.as_ref().unwrap().add_permits(1);
        }
    })
    .await;
    assert_eq!(seen.errors, 0, "{seen:?}");
}

#[tokio::test]
async fn t07_a_source_that_throttles_is_asked_as_seldom_as_it_wants() {
    let it = setup(|source| source.throttles = Some(Duration::from_secs(120)));
    it.manager.token_async().await.unwrap_err();
    ask_every_second(&it, 3600, |_, _| {}).await;
    assert!((29..=31).contains(&it.calls()), "{} questions in an hour", it.calls());
}

#[tokio::test]
async fn t07_a_source_of_short_lives_is_not_asked_in_a_rush() {
    for life in [1, 2, 5, 10] {
        let it = setup(|source| {
            *source.life.lock().unwrap() = Duration::from_secs(life);
            source.fixed_life = None;
        });
        it.first_token().await;
        let seen = ask_every_second(&it, 600, |_, _| {}).await;
        assert_eq!(seen.errors, 0, "a life of {life} s: {seen:?}");
        let most = 600 / life * 2;
        assert!(u64::from(it.calls()) <= most, "a life of {life} s: {} questions, not {most}", it.calls());
    }
}

#[tokio::test]
async fn t08_a_source_that_lies_about_the_end_is_not_believed() {
    let it = setup(|source| *source.life.lock().unwrap() = Duration::ZERO);
    let seen = ask_every_second(&it, 600, |_, _| {}).await;
    assert_eq!(seen.tokens, 0);
    let error = it.manager.token().unwrap_err();
    assert!(error.message().contains("already expired"), "{error}");
    // What lives for ever is refreshed all the same, and refused where the server knows better.
    *it.source.life.lock().unwrap() = Duration::from_secs(1 << 32);
    it.advance(30).await;
    let credential = it.manager.credential().unwrap();
    it.manager.reject(credential.generation);
    assert_ne!(it.manager.credential_async().await.unwrap().secret, credential.secret);
}

#[tokio::test]
async fn t09_a_role_that_is_rotated_under_us_costs_one_refused_login_each_time() {
    let it = setup(|_| {});
    it.first_token().await;
    let refused = AtomicU32::new(0);
    let seen = ask_every_second(&it, 7200, |second, it| {
        if second % 1800 == 900 {
            it.manager.reject(it.manager.credential().unwrap().generation);
            refused.fetch_add(1, SeqCst);
        }
        if let Ok(credential) = it.manager.credential() {
            it.manager.accept(credential.generation);
        }
    })
    .await;
    assert_eq!((refused.load(SeqCst), seen.errors), (4, 0), "{seen:?}");
}

#[tokio::test]
async fn t10_a_clock_that_is_stepped_both_ways_leaves_no_gap() {
    let it = setup(|_| {});
    it.first_token().await;
    let seen = ask_every_second(&it, 7200, |second, it| match second % 1000 {
        300 => it.clock.step_wall(1200.0),
        600 => it.clock.step_wall(-1200.0),
        900 => it.clock.step_wall(3.0),
        _ => {}
    })
    .await;
    assert!(seen.longest_gap <= 1, "{seen:?}");
}
