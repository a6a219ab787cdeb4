//! `TokenManager::token()` with a token at hand: on one thread and on eight, in peace and while a refresh hangs.

mod support;

use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use keyrotor::{BoxFuture, Fetch, Fetched, Source, SourceError, TokenManager, TokenRefreshConfig};
use support::Outcome;
use support::interleave::{Contender, Pace, nanoseconds};
use support::report::Report;

const LIFE: Duration = Duration::from_secs(900);
const AN_HOUR: Duration = Duration::from_secs(3600);
/// As long as a real token without a session token.
const TOKEN: [&str; 12] = ["elasticache-iam-token-of-35-letters"; 12];

/// Gives one token; from then on it never answers.
#[derive(Default)]
struct Once(AtomicU32);

impl Source for Once {
    fn name(&self) -> &str {
        "once"
    }

    fn fetch<'a>(&'a self, fetch: Fetch) -> BoxFuture<'a, Result<Fetched, SourceError>> {
        let is_first = self.0.fetch_add(1, Relaxed) == 0;
        Box::pin(async move {
            if !is_first {
                std::future::pending::<()>().await;
            }
            Ok(Fetched::new("user", TOKEN.concat(), fetch.now).expires_at(fetch.now + LIFE))
        })
    }
}

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let fresh = runtime.block_on(manager(TokenRefreshConfig::default()))?;
    let hanging = runtime.block_on(manager(TokenRefreshConfig {
        ratio: 1e-6,
        source_timeout: AN_HOUR,
        ..TokenRefreshConfig::default()
    }))?;
    while attempts(&hanging) < 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    let mut report = Report::new("token", pace);
    for (threads, title) in [
        (1, "TokenManager::token(), cached, 1 thread: core time a call"),
        (8, "TokenManager::token(), cached, 8 threads: core time a call"),
    ] {
        report.compare(
            title,
            &mut [
                Contender::new("while a refresh hangs", |calls| on_threads(threads, calls, &hanging)),
                Contender::new("fresh", |calls| on_threads(threads, calls, &fresh)),
            ],
        )?;
    }
    if (attempts(&fresh), attempts(&hanging)) != (1, 2) {
        return Err("a refresh began or ended while it was measured".into());
    }
    report.write()
}

async fn manager(config: TokenRefreshConfig) -> Outcome<TokenManager> {
    let manager = TokenManager::new(Once::default(), config)?;
    manager.token_async().await?;
    Ok(manager)
}

fn attempts(manager: &TokenManager) -> u64 {
    manager.status().counts.map_or(0, |counts| counts.attempts)
}

/// The time of a core that one call takes, whatever the number of threads that share the cores, and whoever else uses
/// them.
fn on_threads(threads: u32, calls: u64, manager: &TokenManager) -> Outcome<f64> {
    let calls_each = calls.div_ceil(threads.into());
    let (ready, done) = (Barrier::new(threads as usize + 1), Barrier::new(threads as usize + 1));
    let elapsed = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    ready.wait();
                    let outcome =
                        (0..calls_each).try_for_each(|_| manager.token().map(|token| drop(black_box(token))));
                    done.wait();
                    outcome
                })
            })
            .collect();
        ready.wait();
        let start = core_time(threads)?;
        done.wait();
        let elapsed = core_time(threads)?.saturating_sub(start);
        for worker in workers {
            worker.join().map_err(|_| "a thread panicked")??;
        }
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(elapsed)
    })?;
    Ok(nanoseconds(elapsed) / (calls_each * u64::from(threads)) as f64)
}

/// What this process has used of all cores so far.
#[cfg(target_os = "linux")]
fn core_time(_: u32) -> Outcome<Duration> {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    Ok(Duration::new(used.tv_sec.try_into()?, used.tv_nsec.try_into()?))
}

/// As if all the time that passes were this process's.
#[cfg(not(target_os = "linux"))]
fn core_time(threads: u32) -> Outcome<Duration> {
    static START: std::sync::OnceLock<std::time::Instant> = std::sync::OnceLock::new();
    let cores = u32::try_from(std::thread::available_parallelism()?.get())?.min(threads);
    Ok(START.get_or_init(support::now).elapsed() * cores)
}
