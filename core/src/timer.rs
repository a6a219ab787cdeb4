//! One task that wakes whoever is due: a manager costs an entry in a heap, not a task or a thread.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

use crate::clock::Clock;
use crate::sync::Handle;

/// Sleeps are cut to this, since the monotonic clock stands still while a machine sleeps: what became due by
/// the wall clock is seen this much later at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// A wall clock that moved this much more, or less, than the monotonic one has jumped, or the machine slept.
const JUMP: Duration = Duration::from_secs(5);

/// Is told when its time has come.
pub(crate) trait Due: Send + Sync {
    /// `alarm` is the one that was set; an older one than the last set means nothing. After a jump of the wall
    /// clock everybody is called, with alarm `None`.
    fn due(self: Arc<Self>, alarm: Option<Alarm>);
}

pub(crate) struct Timer {
    inner: Arc<Inner>,
}

struct Inner {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    alarms: BTreeMap<Alarm, Weak<dyn Due>>,
    last: u64,
    /// When the task looks again, unless it is woken. While it is awake, that is past.
    looks_at: Duration,
}

/// One alarm that was set: when, and which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Alarm {
    at: Duration,
    number: u64,
}

impl Timer {
    /// The task ends with the runtime.
    pub(crate) fn start(runtime: &Handle, clock: Arc<dyn Clock>) -> Self {
        let inner = Arc::new(Inner { state: Mutex::default(), changed: Notify::new() });
        runtime.spawn(run(Arc::clone(&inner), clock));
        Self { inner }
    }

    /// Calls `whom` once `at`, on the monotonic clock, is past.
    pub(crate) fn set(&self, at: Duration, whom: Weak<dyn Due>) -> Alarm {
        let mut state = self.inner.state();
        state.last += 1;
        let alarm = Alarm { at, number: state.last };
        state.alarms.insert(alarm, whom);
        let must_wake = at < state.looks_at;
        drop(state);
        if must_wake {
            self.inner.changed.notify_one();
        }
        alarm
    }

    /// Takes an alarm back. Harmless where it went off.
    pub(crate) fn cancel(&self, alarm: Alarm) {
        let cancelled = self.inner.state().alarms.remove(&alarm);
        drop(cancelled);
    }
}

impl Inner {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One by one: what it costs does not depend on how many others wait.
    fn take_due(&self, now: Duration) -> Vec<(Alarm, Weak<dyn Due>)> {
        let mut state = self.state();
        let mut due = Vec::new();
        while let Some(first) = state.alarms.first_entry().filter(|first| first.key().at <= now) {
            due.push(first.remove_entry());
        }
        due
    }

    fn everybody(&self) -> Vec<Weak<dyn Due>> {
        self.state().alarms.values().map(Weak::clone).collect()
    }

    /// How long to sleep: who sets an alarm for a later moment wakes nobody.
    fn until_next(&self, now: Duration) -> Duration {
        let mut state = self.state();
        let next = state.alarms.first_key_value().map(|(alarm, _)| alarm.at);
        let latest = now + LONGEST_SLEEP;
        state.looks_at = next.unwrap_or(latest).min(latest);
        state.looks_at.saturating_sub(now)
    }
}

/// A bug in one of them must not stop the clock of all others.
fn tell(whom: &Weak<dyn Due>, alarm: Option<Alarm>) {
    let Some(whom) = whom.upgrade() else { return };
    if std::panic::catch_unwind(AssertUnwindSafe(|| whom.due(alarm))).is_err() {
        tracing::error!("a manager panicked when its time had come");
    }
}

async fn run(inner: Arc<Inner>, clock: Arc<dyn Clock>) {
    let mut offset = wall_less_monotonic(&*clock);
    loop {
        for (alarm, whom) in inner.take_due(clock.monotonic()) {
            tell(&whom, Some(alarm));
        }
        let new_offset = wall_less_monotonic(&*clock);
        if (new_offset - offset).abs() > JUMP.as_secs_f64() {
            tracing::info!(seconds = new_offset - offset, "the wall clock jumped, or this machine slept");
            inner.everybody().iter().for_each(|whom| tell(whom, None));
        }
        offset = new_offset;
        tokio::select! {
            () = clock.sleep(inner.until_next(clock.monotonic())) => {}
            () = inner.changed.notified() => {}
        }
    }
}

fn wall_less_monotonic(clock: &dyn Clock) -> f64 {
    let wall = clock.wall().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    wall.as_secs_f64() - clock.monotonic().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use super::*;
    use crate::clock::manual::{ManualClock, settle};

    #[derive(Default)]
    struct Told {
        times: AtomicU32,
        panics: bool,
    }

    impl Due for Told {
        fn due(self: Arc<Self>, _: Option<Alarm>) {
            self.times.fetch_add(1, SeqCst);
            assert!(!self.panics, "scripted");
        }
    }

    fn in_seconds(timer: &Timer, seconds: u64, whom: &Arc<Told>) -> Alarm {
        let weak: Weak<dyn Due> = Arc::<Told>::downgrade(whom);
        timer.set(Duration::from_secs(seconds), weak)
    }

    #[tokio::test]
    async fn t07_one_that_panics_does_not_stop_the_clock_of_others() {
        let clock = ManualClock::new();
        let timer = Timer::start(&Handle::current(), Arc::new(clock.clone()));
        let panicking = Arc::new(Told { panics: true, ..Told::default() });
        let other = Arc::new(Told::default());
        in_seconds(&timer, 1, &panicking);
        in_seconds(&timer, 1, &other);
        in_seconds(&timer, 2, &panicking);
        in_seconds(&timer, 3, &other);
        clock.advance(Duration::from_secs(3)).await;
        assert_eq!((panicking.times.load(SeqCst), other.times.load(SeqCst)), (2, 2));
    }

    /// Counts how often somebody lies down to sleep.
    struct Counted {
        clock: ManualClock,
        sleeps: AtomicU32,
    }

    impl Clock for Counted {
        fn wall(&self) -> std::time::SystemTime {
            self.clock.wall()
        }

        fn monotonic(&self) -> Duration {
            self.clock.monotonic()
        }

        fn sleep(&self, duration: Duration) -> crate::clock::BoxFuture<'static, ()> {
            self.sleeps.fetch_add(1, SeqCst);
            self.clock.sleep(duration)
        }
    }

    #[tokio::test]
    async fn t11_an_alarm_wakes_the_task_only_where_it_would_sleep_too_long() {
        let clock = Arc::new(Counted { clock: ManualClock::new(), sleeps: AtomicU32::new(0) });
        let timer = Timer::start(&Handle::current(), clock.clone());
        let told = Arc::new(Told::default());
        settle().await;
        for seconds in [10, 20, 480] {
            in_seconds(&timer, seconds, &told);
            settle().await;
        }
        assert_eq!(clock.sleeps.load(SeqCst), 1, "it looks again by then");
        in_seconds(&timer, 5, &told);
        settle().await;
        assert_eq!(clock.sleeps.load(SeqCst), 2);
        for (seconds, times) in [(5, 1), (5, 2), (10, 3), (460, 4)] {
            clock.clock.advance(Duration::from_secs(seconds)).await;
            assert_eq!(told.times.load(SeqCst), times, "after {seconds} s more");
        }
    }

    #[tokio::test]
    async fn t18_a_cancelled_alarm_leaves_nothing_and_tells_nobody() {
        let clock = ManualClock::new();
        let timer = Timer::start(&Handle::current(), Arc::new(clock.clone()));
        let told = Arc::new(Told::default());
        let alarm = in_seconds(&timer, 1, &told);
        timer.cancel(alarm);
        timer.cancel(alarm);
        assert_eq!(timer.inner.state().alarms.len(), 0);
        clock.advance(Duration::from_secs(2)).await;
        assert_eq!(told.times.load(SeqCst), 0);
    }

    #[tokio::test]
    async fn t10_after_a_jump_everybody_is_told_within_ten_seconds() {
        let clock = ManualClock::new();
        let timer = Timer::start(&Handle::current(), Arc::new(clock.clone()));
        let told = Arc::new(Told::default());
        in_seconds(&timer, 1_000_000, &told);
        clock.advance(Duration::from_secs(20)).await;
        clock.step_wall(-600.0);
        clock.advance(LONGEST_SLEEP).await;
        assert_eq!(told.times.load(SeqCst), 1);
    }
}
