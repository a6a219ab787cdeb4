//! Time, in one place: a wall clock for what services compare, a monotonic one for what we wait for.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
#[cfg(not(model))]
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime};

/// A boxed future that may move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the time comes from. Tests bring a clock that they wind by hand.
pub(crate) trait Clock: Send + Sync + 'static {
    /// The time of day, which the services compare tokens with. It may jump.
    fn wall(&self) -> SystemTime;
    /// Time since an arbitrary moment. It never goes back, and may stand still while a machine sleeps.
    fn monotonic(&self) -> Duration;
    /// Both at once, for whoever looks at them a million times a second: at most [`GLANCE`] late, and never early.
    fn glance(&self) -> (SystemTime, Duration) {
        (self.wall(), self.monotonic())
    }
    /// Ends after `duration` on the monotonic clock.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;
}

/// Linux moves its coarse clocks with the scheduler's tick, 100 times a second at least.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// The machine's own clocks, of which there is one for all, so that their moments can be compared.
#[cfg(not(model))]
pub(crate) fn system() -> Arc<dyn Clock> {
    static SYSTEM: LazyLock<Arc<dyn Clock>> = LazyLock::new(|| Arc::new(SystemClock::default()));
    Arc::clone(&SYSTEM)
}

#[cfg(model)]
pub(crate) fn system() -> Arc<dyn Clock> {
    model::clock()
}

/// The machine's own clocks. Sleeping needs a tokio runtime.
#[derive(Debug, Clone)]
pub(crate) struct SystemClock {
    origin: Instant,
    #[cfg(target_os = "linux")]
    coarse_origin: Duration,
}

impl Default for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn default() -> Self {
        Self {
            origin: Instant::now(),
            #[cfg(target_os = "linux")]
            coarse_origin: coarse(rustix::time::ClockId::MonotonicCoarse),
        }
    }
}

/// Reads a clock in a tenth of the time that an exact one takes.
#[cfg(target_os = "linux")]
fn coarse(clock: rustix::time::ClockId) -> Duration {
    let now = rustix::time::clock_gettime(clock);
    let nanos = u32::try_from(now.tv_nsec).unwrap_or_default();
    Duration::new(u64::try_from(now.tv_sec).unwrap_or_default(), nanos)
}

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    #[cfg(target_os = "linux")]
    fn glance(&self) -> (SystemTime, Duration) {
        use rustix::time::ClockId;
        let wall = SystemTime::UNIX_EPOCH + coarse(ClockId::RealtimeCoarse);
        (wall, coarse(ClockId::MonotonicCoarse).saturating_sub(self.coarse_origin))
    }

    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }
}

#[cfg(model)]
mod model;
#[cfg(model)]
pub use model::pass;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t10_a_glance_is_never_early_and_hardly_late() {
        let clock = SystemClock::default();
        for _ in 0..1000 {
            let (wall, monotonic) = clock.glance();
            let late = clock.wall().duration_since(wall).unwrap();
            assert!(clock.monotonic() + GLANCE >= monotonic);
            // A starved machine may stop this thread between the two.
            assert!(late < GLANCE + Duration::from_secs(5), "{late:?}");
        }
    }
}

#[cfg(any(test, model))]
#[allow(clippy::unwrap_used, reason = "there for tests and the model checker alone")]
pub(crate) mod manual {
    //! A clock that a test winds by hand.

    use std::sync::Mutex;
    use std::time::UNIX_EPOCH;

    use tokio::sync::oneshot;

    use super::*;

    /// 2025-06-15T12:34:56Z, the vectors' favourite moment.
    pub(crate) const START: Duration = Duration::from_secs(1_749_990_896);

    #[derive(Clone, Default)]
    pub(crate) struct ManualClock(Arc<Mutex<State>>);

    #[derive(Default)]
    struct State {
        wall: Duration,
        monotonic: Duration,
        sleepers: Vec<(Duration, oneshot::Sender<()>)>,
    }

    impl ManualClock {
        pub(crate) fn new() -> Self {
            let clock = Self::default();
            clock.0.lock().unwrap().wall = START;
            clock
        }

        /// Both clocks run on by this much. Whoever sleeps wakes at its own time, and what it wakes runs before
        /// time goes on.
        pub(crate) async fn advance(&self, duration: Duration) {
            let end = self.monotonic() + duration;
            // Whoever is about to sleep does so first.
            settle().await;
            while let Some(wake) = self.next_wake().filter(|wake| *wake <= end) {
                self.step_both(wake.saturating_sub(self.monotonic())).await;
            }
            self.step_both(end.saturating_sub(self.monotonic())).await;
        }

        async fn step_both(&self, duration: Duration) {
            self.step_wall(duration.as_secs_f64());
            self.step_monotonic(duration);
            settle().await;
        }

        fn next_wake(&self) -> Option<Duration> {
            let mut state = self.0.lock().unwrap();
            state.sleepers.retain(|(_, sleeper)| !sleeper.is_closed());
            state.sleepers.iter().map(|(at, _)| *at).min()
        }

        pub(crate) fn step_wall(&self, seconds: f64) {
            let mut state = self.0.lock().unwrap();
            state.wall = Duration::from_secs_f64(state.wall.as_secs_f64() + seconds);
        }

        pub(crate) fn step_monotonic(&self, duration: Duration) {
            let mut state = self.0.lock().unwrap();
            state.monotonic += duration;
            let now = state.monotonic;
            let (due, rest) = std::mem::take(&mut state.sleepers).into_iter().partition(|(at, _)| *at <= now);
            state.sleepers = rest;
            let due: Vec<(Duration, oneshot::Sender<()>)> = due;
            drop(state);
            for (_, sleeper) in due {
                let _ = sleeper.send(());
            }
        }
    }

    /// Lets every task that can run do so.
    pub(crate) async fn settle() {
        for _ in 0..30 {
            tokio::task::yield_now().await;
        }
    }

    impl Clock for ManualClock {
        fn wall(&self) -> SystemTime {
            UNIX_EPOCH + self.0.lock().unwrap().wall
        }

        fn monotonic(&self) -> Duration {
            self.0.lock().unwrap().monotonic
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            let (sender, receiver) = oneshot::channel();
            let mut state = self.0.lock().unwrap();
            let at = state.monotonic + duration;
            state.sleepers.push((at, sender));
            Box::pin(async move {
                let _ = receiver.await;
            })
        }
    }
}
