//! The promises of the manager, on a clock that is wound by hand. One file a promise, or a few that belong together.

mod age;
mod alone;
mod dated;
mod end;
mod faults;
mod flight;
mod foreign;
mod fork;
mod gate;
mod lazy;
mod logged;
#[cfg(feature = "metrics")]
mod metered;
mod on_the_spot;
mod outage;
mod refusal;
mod shared;
mod told;

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::SeqCst};
use std::time::Duration;

use keyrotor_proto::{EventKind, State};
use tokio::sync::Semaphore;

use super::schedule::Dice;
use super::*;
use crate::clock::manual::{ManualClock, settle};
use crate::clock::{BoxFuture, Clock};
use crate::identity::Identity;
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
    /// Signs what has a date in whole seconds: one is dated back where it would be a token that it is to differ from.
    signs: bool,
    throttles: Option<Duration>,
    asks_again_after: Option<Duration>,
    identity: Option<Identity>,
    /// What somebody else's code may do to us: called wherever the manager calls the source.
    intrudes: Mutex<Option<Arc<dyn Fn() + Send + Sync>>>,
}

impl Scripted {
    fn intrude(&self) {
        let intrusion = self.intrudes.lock().unwrap().clone();
        if let Some(intrusion) = intrusion {
            intrusion();
        }
    }

    fn answer(&self, question: &Fetch) -> Result<Fetched, SourceError> {
        self.intrude();
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
        let secret = match self.same_secret.load(SeqCst) {
            true => "same".to_owned(),
            false if self.signs => self.signed(question),
            false => format!("token-{call}"),
        };
        let now = self.clock.wall();
        let mut fetched = Fetched::new("user", secret, now).expires_at(now + *self.life.lock().unwrap());
        fetched.ask_again_at = self.asks_again_after.map(|after| now + after);
        Ok(fetched)
    }
}

impl Scripted {
    fn signed(&self, question: &Fetch) -> String {
        let second = self.clock.monotonic().as_secs();
        let mut dated = (0..=2).map(|back| format!("signed {second} - {back}"));
        let is_new = |secret: &String| question.differs_from.iter().all(|old| old.secret.expose() != secret);
        dated.find(is_new).unwrap()
    }
}

impl Source for Arc<Scripted> {
    fn name(&self) -> &str {
        "scripted"
    }

    fn fetch<'a>(&'a self, question: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            self.calls.fetch_add(1, SeqCst);
            if let Some(gate) = &self.gate {
                gate.acquire().await.unwrap().forget();
            }
            self.answer(&question)
        })
    }

    fn fetch_now(&self, question: &Fetch) -> Option<Result<Fetched, SourceError>> {
        self.inline.then(|| {
            self.calls.fetch_add(1, SeqCst);
            self.answer(question)
        })
    }

    fn invalidate(&self) {
        self.intrude();
    }

    fn identity(&self) -> Option<Identity> {
        self.identity.clone()
    }

    fn target(&self) -> &str {
        "nowhere"
    }

    fn token_life(&self) -> Option<Duration> {
        self.fixed_life
    }

    fn warnings(&self) -> Vec<String> {
        self.intrude();
        Vec::new()
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
        signs: false,
        throttles: None,
        asks_again_after: None,
        identity: None,
        intrudes: Mutex::default(),
    }
}

/// The worst throw of the dice: delays at their longest.
fn setup(change: impl FnOnce(&mut Scripted)) -> Setup {
    setup_with(TokenRefreshConfig::default(), change)
}

fn setup_with(config: TokenRefreshConfig, change: impl FnOnce(&mut Scripted)) -> Setup {
    setup_thrown(|| 1.0, config, change)
}

fn setup_thrown(dice: Dice, config: TokenRefreshConfig, change: impl FnOnce(&mut Scripted)) -> Setup {
    let clock = ManualClock::new();
    let mut scripted = source(&clock);
    change(&mut scripted);
    let source = Arc::new(scripted);
    let engine = Engine::for_test(Arc::new(clock.clone()));
    let feed = Feed::of(Arc::new(Arc::clone(&source)), Arc::new(clock.clone()), dice);
    feed.change(|state| state.run_on(engine));
    Setup { clock, source, manager: TokenManager::of_feed(feed, config) }
}

impl Setup {
    /// One more manager of this source.
    fn another(&self, config: TokenRefreshConfig) -> TokenManager {
        let source = Arc::new(Arc::clone(&self.source));
        TokenManager::of_feed(Feed::of(source, Arc::new(self.clock.clone()), || 1.0), config)
    }

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
