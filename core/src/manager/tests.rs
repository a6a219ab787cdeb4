//! The promises of the manager, on a clock that is wound by hand.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use keyrotor_proto::{EventKind, State};
use tokio::sync::Semaphore;

use super::*;
use crate::clock::manual::{ManualClock, settle};
use crate::clock::{BoxFuture, Clock};
use crate::runtime::Engine;
use crate::source::{Fetch, Fetched, SourceError};

const LIFE: Duration = Duration::from_secs(900);

/// A source that a test rules.
struct Scripted {
    clock: ManualClock,
    life: Mutex<Duration>,
    fixed_life: Option<Duration>,
    calls: AtomicU32,
    fails: AtomicBool,
    permanently: AtomicBool,
    panics: AtomicBool,
    /// One permit lets one call through.
    gate: Option<Semaphore>,
    inline: bool,
    same_secret: AtomicBool,
    throttles: Option<Duration>,
}

impl Scripted {
    fn answer(&self) -> Result<Fetched, SourceError> {
        let call = self.calls.load(SeqCst);
        assert!(!self.panics.load(SeqCst), "scripted panic");
        let error = Error::new(Code::CredentialsFetchFailed, format!("scripted failure {call}"));
        if let Some(pause) = self.throttles {
            return Err(SourceError::Throttled(error, Some(pause)));
        }
        if self.permanently.load(SeqCst) {
            return Err(SourceError::Permanent(error));
        }
        if self.fails.load(SeqCst) {
            return Err(SourceError::Transient(error));
        }
        let secret = if self.same_secret.load(SeqCst) { "same".to_owned() } else { format!("token-{call}") };
        let now = self.clock.wall();
        Ok(Fetched::new("user", secret, now).expires_at(now + *self.life.lock().unwrap()))
    }
}

impl Source for Arc<Scripted> {
    fn name(&self) -> &str {
        "scripted"
    }

    fn fetch<'a>(&'a self, _: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, SeqCst);
            if let Some(gate) = &self.gate {
                gate.acquire().await.unwrap().forget();
            }
            self.answer()
        })
    }

    fn fetch_now(&self, _: &Fetch) -> Option<Result<Fetched, SourceError>> {
        self.inline.then(|| {
            self.calls.fetch_add(1, SeqCst);
            self.answer()
        })
    }

    fn token_life(&self) -> Option<Duration> {
        self.fixed_life
    }
}

struct Setup {
    clock: ManualClock,
    source: Arc<Scripted>,
    manager: TokenManager,
}

fn source(clock: &ManualClock) -> Scripted {
    Scripted {
        clock: clock.clone(),
        life: Mutex::new(LIFE),
        fixed_life: Some(LIFE),
        calls: AtomicU32::new(0),
        fails: AtomicBool::new(false),
        permanently: AtomicBool::new(false),
        panics: AtomicBool::new(false),
        gate: None,
        inline: false,
        same_secret: AtomicBool::new(false),
        throttles: None,
    }
}

/// The worst throw of the dice: delays at their longest.
fn setup(change: impl FnOnce(&mut Scripted)) -> Setup {
    setup_with(TokenRefreshConfig::default(), change)
}

fn setup_with(config: TokenRefreshConfig, change: impl FnOnce(&mut Scripted)) -> Setup {
    let clock = ManualClock::new();
    let mut scripted = source(&clock);
    change(&mut scripted);
    let source = Arc::new(scripted);
    let engine = Engine::for_test(Arc::new(clock.clone()));
    let shared = Shared::new(Arc::new(Arc::clone(&source)), config, || 1.0, Some(engine));
    Setup { clock, source, manager: TokenManager::from_shared(shared) }
}

impl Setup {
    fn calls(&self) -> u32 {
        self.source.calls.load(SeqCst)
    }

    fn state(&self) -> State {
        self.manager.status().state()
    }

    async fn first_token(&self) -> String {
        self.manager.token_async().await.unwrap().expose().to_owned()
    }

    async fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds)).await;
    }
}

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
async fn t09_a_refused_token_is_never_handed_out_again() {
    let it = setup(|_| {});
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    it.manager.reject(first.generation);
    let second = it.manager.credential_async().await.unwrap();
    assert_ne!(first.secret, second.secret);
    assert_eq!(it.manager.status().counts.unwrap().rejected, 1, "it counts once per generation");
    it.manager.reject(first.generation);
    assert_eq!(it.manager.credential().unwrap(), second, "an old generation's refusal changes nothing");
}

#[tokio::test]
async fn t09_a_refused_identity_is_paced() {
    let it = setup(|_| {});
    let mut handed_out = 0;
    for _ in 0..3000 {
        if let Ok(credential) = it.manager.credential_async().await {
            handed_out += 1;
            it.manager.reject(credential.generation);
        }
        it.clock.advance(Duration::from_millis(10)).await;
    }
    assert!((3..=10).contains(&handed_out), "{handed_out} tokens went out in 30 s");
    assert_eq!(it.manager.token().unwrap_err().code(), Code::AuthRefused);
}

#[tokio::test]
async fn t09_a_source_that_repeats_the_refused_secret_is_backed_off() {
    let it = setup(|source| source.same_secret = AtomicBool::new(true));
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    settle().await;
    it.manager.accept(0);
    let mut refusals = 1;
    for _ in 0..3000 {
        if let Ok(credential) = it.manager.credential() {
            refusals += 1;
            it.manager.reject(credential.generation);
        }
        it.clock.advance(Duration::from_millis(10)).await;
    }
    assert!(refusals <= 10, "{refusals}");
}

#[tokio::test]
async fn t09_a_late_word_of_acceptance_does_not_end_the_pauses() {
    let it = setup(|_| {});
    let mut handed_out = 0;
    for _ in 0..3000 {
        if let Ok(credential) = it.manager.credential_async().await {
            handed_out += 1;
            it.manager.reject(credential.generation);
            it.manager.accept(credential.generation);
        }
        it.clock.advance(Duration::from_millis(10)).await;
    }
    assert!((3..=10).contains(&handed_out), "{handed_out}");
}

#[tokio::test]
async fn t09_t08_a_new_subscriber_sees_no_refused_and_no_expired_token() {
    let it = setup(|source| source.gate = Some(Semaphore::new(1)));
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    let mut late = it.manager.subscribe().unwrap();
    it.source.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(late.next().await.unwrap().generation, 2);

    let it = setup(|_| {});
    it.first_token().await;
    it.source.fails.store(true, SeqCst);
    it.advance(1000).await;
    let mut late = it.manager.subscribe().unwrap();
    it.source.fails.store(false, SeqCst);
    it.advance(60).await;
    assert!(late.next().await.unwrap().generation > 1);
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

#[tokio::test]
async fn t09_a_login_that_works_ends_the_pauses() {
    let it = setup(|_| {});
    for _ in 0..5 {
        let credential = it.manager.credential_async().await.unwrap();
        it.manager.reject(credential.generation);
        let next = it.manager.credential_async().await.unwrap();
        it.manager.accept(next.generation);
    }
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
    let unused = TokenManager::new(Arc::clone(&it.source), TokenRefreshConfig::default()).unwrap();
    let mut of_unused = unused.events();
    for (manager, events) in [(&it.manager, &mut events), (&unused, &mut of_unused)] {
        manager.close();
        assert_eq!(events.next().await.unwrap().kind(), EventKind::EventClosed);
        assert!(events.next().await.is_none());
        assert!(manager.events().next().await.is_none());
    }
}

#[tokio::test]
async fn t19_subscribers_see_the_current_credential_then_each_newer_one() {
    let it = setup(|_| {});
    let mut subscription = it.manager.subscribe().unwrap();
    assert_eq!(subscription.next().await.unwrap().generation, 1);
    it.manager.refresh().await.unwrap();
    it.manager.refresh().await.unwrap();
    assert_eq!(subscription.next().await.unwrap().generation, 3, "a slow one sees the latest");
    let mut late = it.manager.subscribe().unwrap();
    assert_eq!(late.next().await.unwrap().generation, 3);
    it.manager.close();
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn t19_a_subscriber_that_hangs_or_panics_hurts_nobody() {
    let it = setup(|_| {});
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let _hanging = it.manager.subscribe_with(move |_| {
        let _ = blocked.recv();
    });
    let _panicking = it.manager.subscribe_with(|_| panic!("scripted"));
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let _counting = it.manager.subscribe_with(move |credential| sender.send(credential.generation).unwrap());
    assert_eq!(seen.recv().await, Some(1));
    it.manager.refresh().await.unwrap();
    assert_eq!(seen.recv().await, Some(2));
    drop(unblock);
}

#[tokio::test]
async fn t20_status_and_events_say_what_happened() {
    let it = setup(|_| {});
    let mut events = it.manager.events();
    it.first_token().await;
    let status = it.manager.status();
    assert_eq!(
        (status.source.as_str(), status.username.as_str(), status.generation),
        ("scripted", "user", 1)
    );
    let start = status.issued_at.unwrap().seconds;
    assert_eq!(status.expires_at.unwrap().seconds, start + 900);
    assert_eq!(status.next_refresh_at.unwrap().seconds, start + 480);
    it.source.fails.store(true, SeqCst);
    it.advance(485).await;
    assert_eq!(it.manager.status().last_error.unwrap().name, "credentials-fetch-failed");
    it.source.fails.store(false, SeqCst);
    it.advance(10).await;
    it.manager.close();
    let mut kinds = Vec::new();
    while let Some(event) = events.next().await {
        if !kinds.contains(&event.kind()) || event.kind() == EventKind::EventFetched {
            kinds.push(event.kind());
        }
    }
    let expected = [
        EventKind::EventFetched,
        EventKind::EventFetchFailed,
        EventKind::EventDegraded,
        EventKind::EventFetched,
        EventKind::EventRecovered,
        EventKind::EventClosed,
    ];
    assert_eq!(kinds, expected);
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
async fn t17_debug_of_a_manager_shows_no_secret() {
    let it = setup(|_| {});
    let token = it.first_token().await;
    let credential = it.manager.credential().unwrap();
    for text in [format!("{:?}", it.manager), format!("{credential:?}"), format!("{:?}", it.manager.status())]
    {
        assert!(!text.contains(&token), "{text}");
    }
}
