//! One task that wakes whoever is due: a manager costs an entry in a heap, not a task or a thread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::clock::Clock;

/// Sleeps are cut to this, since the monotonic clock stands still while a machine sleeps: what became due by
/// the wall clock is seen this much later at most.
const LONGEST_SLEEP: Duration = Duration::from_secs(10);
/// A wall clock that moved this much more, or less, than the monotonic one has jumped, or the machine slept.
const JUMP: Duration = Duration::from_secs(5);

/// Is told when its time has come.
pub(crate) trait Due: Send + Sync {
    /// `alarm` is the one that was set; an older one than the last set means nothing. After a jump of the wall
    /// clock everybody is called, with alarm `None`.
    fn due(self: Arc<Self>, alarm: Option<u64>);
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
    heap: BinaryHeap<Reverse<Entry>>,
    alarms: u64,
}

struct Entry {
    at: Duration,
    alarm: u64,
    whom: Weak<dyn Due>,
}

impl Timer {
    /// The task ends with the runtime.
    pub(crate) fn start(runtime: &Handle, clock: Arc<dyn Clock>) -> Self {
        let inner = Arc::new(Inner { state: Mutex::default(), changed: Notify::new() });
        runtime.spawn(run(Arc::clone(&inner), clock));
        Self { inner }
    }

    /// Calls `whom` once `at`, on the monotonic clock, is past. Returns the alarm's number.
    pub(crate) fn set(&self, at: Duration, whom: Weak<dyn Due>) -> u64 {
        let mut state = self.inner.state();
        state.alarms += 1;
        let alarm = state.alarms;
        let is_next = state.heap.peek().is_none_or(|Reverse(next)| at < next.at);
        state.heap.push(Reverse(Entry { at, alarm, whom }));
        drop(state);
        if is_next {
            self.inner.changed.notify_one();
        }
        alarm
    }
}

impl Inner {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_due(&self, now: Duration) -> Vec<Entry> {
        let mut state = self.state();
        let mut due = Vec::new();
        while state.heap.peek().is_some_and(|Reverse(entry)| entry.at <= now) {
            due.extend(state.heap.pop().map(|Reverse(entry)| entry));
        }
        due
    }

    fn everybody(&self) -> Vec<Weak<dyn Due>> {
        self.state().heap.iter().map(|Reverse(entry)| Weak::clone(&entry.whom)).collect()
    }

    fn until_next(&self, now: Duration) -> Duration {
        let state = self.state();
        state
            .heap
            .peek()
            .map_or(LONGEST_SLEEP, |Reverse(next)| next.at.saturating_sub(now))
            .min(LONGEST_SLEEP)
    }
}

async fn run(inner: Arc<Inner>, clock: Arc<dyn Clock>) {
    let mut offset = wall_less_monotonic(&*clock);
    loop {
        for entry in inner.take_due(clock.monotonic()) {
            if let Some(whom) = entry.whom.upgrade() {
                whom.due(Some(entry.alarm));
            }
        }
        let new_offset = wall_less_monotonic(&*clock);
        if (new_offset - offset).abs() > JUMP.as_secs_f64() {
            tracing::info!(seconds = new_offset - offset, "the wall clock jumped, or this machine slept");
            inner.everybody().iter().filter_map(Weak::upgrade).for_each(|whom| whom.due(None));
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

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.alarm == other.alarm
    }
}

impl Eq for Entry {}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.alarm).cmp(&(other.at, other.alarm))
    }
}
