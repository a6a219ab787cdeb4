//! Thousands of refreshes through managers on the real runtime, in the time that a few real ones take: memory and tasks
//! end where they began. `KEYROTOR_SOAK_REFRESHES` makes it longer. Linux only, since the kernel does the counting.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "tests")]

#[path = "support/memory.rs"]
mod memory;

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use keyrotor::host::Background;
use keyrotor::{BoxFuture, Fetch, Fetched, Source, SourceError, TokenManager, TokenRefreshConfig};
use memory::resident;
use tokio::runtime::Handle;

/// As many as the rounds of a short run.
const REFRESHES: u64 = 2000;
const MANAGERS: usize = 50;
/// Refreshed after 30 ms, varied by a tenth.
const LIFE: Duration = Duration::from_millis(40);
const MAY_GROW_BY: u64 = 1 << 20;

/// Gives tokens that hardly live, and fails now and then.
struct Brief {
    fetches: Arc<AtomicU64>,
    runtime: Arc<OnceLock<Handle>>,
}

impl Source for Brief {
    fn name(&self) -> &str {
        "brief"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        Box::pin(async move {
            self.runtime.get_or_init(Handle::current);
            let number = self.fetches.fetch_add(1, SeqCst);
            tokio::task::yield_now().await;
            if number % 100 == 99 {
                let error = keyrotor::Error::new(keyrotor::Code::CredentialsFetchFailed, "now and then");
                return Err(SourceError::Transient(error));
            }
            Ok(Fetched::new("user", format!("token-{number}"), fetch.now).expires_at(fetch.now + LIFE))
        })
    }
}

fn refreshes() -> u64 {
    let set = std::env::var("KEYROTOR_SOAK_REFRESHES").ok();
    set.map_or(REFRESHES, |refreshes| refreshes.parse().unwrap())
}

/// Generous: a starved machine refreshes late.
fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60) + Duration::from_millis(20) * refreshes() as u32;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn t07_t18_refreshes_by_the_thousand_leave_memory_and_tasks_where_they_began() {
    let _runtime_stays = Background::acquire().unwrap();
    let fetches = Arc::new(AtomicU64::new(0));
    let runtime = Arc::new(OnceLock::new());
    let heard = Arc::new(AtomicU64::new(0));
    let managers: Vec<TokenManager> = (0..MANAGERS)
        .map(|_| {
            let source = Brief { fetches: Arc::clone(&fetches), runtime: Arc::clone(&runtime) };
            TokenManager::new(source, TokenRefreshConfig::default()).unwrap()
        })
        .collect();
    let subscriptions: Vec<_> = managers
        .iter()
        .map(|manager| {
            let heard = Arc::clone(&heard);
            let count = move |_: &_| {
                heard.fetch_add(1, SeqCst);
            };
            manager.subscribe_with(count).unwrap()
        })
        .collect();
    // One that listens and never reads.
    let _deaf: Vec<_> = managers.iter().take(5).map(TokenManager::events).collect();

    let all = refreshes();
    wait_until("the first refreshes", || fetches.load(SeqCst) >= all / 5);
    let before = resident();
    wait_until("all refreshes", || fetches.load(SeqCst) >= all);
    let after = resident();
    println!("{} refreshes, {before} bytes before and {after} after", fetches.load(SeqCst));
    assert!(after <= before + MAY_GROW_BY, "it grew from {before} to {after} bytes");
    assert!(heard.load(SeqCst) > all / 10, "subscribers heard of {} only", heard.load(SeqCst));
    let without: Vec<_> =
        managers.iter().filter(|manager| manager.status().counts.unwrap().fetched < 2).collect();
    assert!(without.is_empty(), "{without:?} were left behind");

    drop(subscriptions);
    managers.iter().for_each(TokenManager::close);
    let tasks = || runtime.get().unwrap().metrics().num_alive_tasks();
    // The timer's, and the watch over functions of the host while it has something to watch.
    wait_until("tasks are left", || tasks() <= 1);
}
