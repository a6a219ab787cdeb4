//! A source that sees to it that it is asked by one task at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use keyrotor_model::{
    BoxFuture, Code, Error, Fetch, Fetched, Source, SourceError, TokenManager, TokenRefreshConfig,
};

pub(crate) const LIFE: Duration = Duration::from_secs(900);

/// What it saw. These are not the checker's: watching a run adds no order to it.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) fetches: AtomicU32,
    under_way: AtomicBool,
    /// From now on nobody may ask any more.
    pub(crate) is_over: AtomicBool,
    /// No credential up to this generation may be handed out any more.
    pub(crate) refused: AtomicU64,
}

impl Seen {
    pub(crate) fn fetches(&self) -> u32 {
        self.fetches.load(SeqCst)
    }

    /// To be called once `reject` has returned.
    pub(crate) fn is_refused(&self, generation: u64) {
        self.refused.fetch_max(generation, SeqCst);
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Mood {
    Gives,
    /// On the spot, wherever it may.
    GivesAtOnce,
    Fails,
    Hangs,
}

struct Watched {
    seen: Arc<Seen>,
    mood: Mood,
}

/// A manager of such a source.
pub(crate) fn manager(mood: Mood) -> (TokenManager, Arc<Seen>) {
    let seen = Arc::new(Seen::default());
    let source = Watched { seen: Arc::clone(&seen), mood };
    (TokenManager::new(source, TokenRefreshConfig::default()).unwrap(), seen)
}

/// One that has its first credential.
pub(crate) fn manager_in_use() -> (TokenManager, Arc<Seen>) {
    manager_in_use_of(Mood::Gives)
}

/// One whose source is in this mood.
pub(crate) fn manager_in_use_of(mood: Mood) -> (TokenManager, Arc<Seen>) {
    let (manager, seen) = manager(mood);
    shuttle::future::block_on(manager.credential_async()).unwrap();
    (manager, seen)
}

/// Ends its fetch however that goes.
struct UnderWay<'a>(&'a Seen);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.under_way.store(false, SeqCst);
    }
}

impl Source for Watched {
    fn name(&self) -> &str {
        "watched"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            assert!(!self.seen.under_way.swap(true, SeqCst), "two fetches at once");
            let is_late = self.seen.is_over.load(SeqCst);
            let _under_way = UnderWay(&self.seen);
            let number = self.seen.fetches.fetch_add(1, SeqCst) + 1;
            shuttle::future::yield_now().await;
            // One that was just about to begin is cancelled where it first waits.
            assert!(!is_late, "a fetch that began after the end goes on");
            match self.mood {
                Mood::Gives | Mood::GivesAtOnce => Ok(token(number, &fetch)),
                Mood::Fails => {
                    let error = Error::new(Code::CredentialsFetchFailed, format!("failure {number}"));
                    Err(SourceError::Permanent(error))
                }
                Mood::Hangs => std::future::pending().await,
            }
        })
    }

    fn fetch_now(&self, fetch: &Fetch) -> Option<Result<Fetched, SourceError>> {
        (self.mood == Mood::GivesAtOnce).then(|| {
            let number = self.seen.fetches.fetch_add(1, SeqCst) + 1;
            // Others may come in between.
            shuttle::thread::yield_now();
            Ok(token(number, fetch))
        })
    }

    fn token_life(&self) -> Option<Duration> {
        Some(LIFE)
    }
}

fn token(number: u32, fetch: &Fetch) -> Fetched {
    Fetched::new("user", format!("token-{number}"), fetch.now).expires_at(fetch.now + LIFE)
}
