//! What must be left of clients that were closed: nothing.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use keyrotor_emulator::{Closed, Emulator};
use tokio::runtime::Handle;

use crate::memory::{descriptors, resident};

const PATIENCE: Duration = Duration::from_secs(30);
/// Signals and randomness cost the process a few, once.
const FOR_THE_PROCESS: usize = 4;

/// Stages that play side by side share their descriptors.
struct House {
    stages: usize,
    descriptors: usize,
    threads: usize,
}

static HOUSE: Mutex<House> = Mutex::new(House { stages: 0, descriptors: 0, threads: 0 });

/// Before anything of a stage is there.
pub(crate) fn enter() {
    let mut house = HOUSE.lock().unwrap();
    if house.stages == 0 {
        (house.descriptors, house.threads) = (descriptors(), threads());
    }
    house.stages += 1;
}

/// After everything of a stage has gone. The last one closes the house.
pub(crate) fn leave() {
    let mut house = HOUSE.lock().unwrap();
    house.stages -= 1;
    if house.stages > 0 {
        return;
    }
    println!("at the end {} MB of memory are in use", resident() >> 20);
    as_before("descriptors", house.descriptors, descriptors);
    as_before("threads", house.threads, threads);
}

fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").unwrap().count()
}

fn as_before(what: &str, before: usize, count: impl Fn() -> usize) {
    let start = Instant::now();
    while count() > before + FOR_THE_PROCESS {
        assert!(start.elapsed() < PATIENCE, "there are {} {what}, and {before} were there", count());
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("at the end there are {} {what}; {before} were there at the beginning", count());
}

/// The connections that are open.
pub(crate) fn connections(emulator: &Emulator) -> Vec<u64> {
    let record = emulator.record();
    record.connections.iter().filter(|it| it.closed.is_none()).map(|it| it.id).collect()
}

/// Waits until the clients on `runtime` have left nothing at the emulator, and nothing in the runtime. Those that were
/// `open` before are not to wait for the server, which ends each login in time.
pub(crate) async fn nothing(emulator: &Emulator, open: &[u64], runtime: &Handle) {
    none("connections", || connections(emulator).len()).await;
    none("tasks", || runtime.metrics().num_alive_tasks()).await;
    let record = emulator.record();
    let forgotten: Vec<_> = record
        .connections
        .iter()
        .filter(|it| open.contains(&it.id) && it.why == Some(Closed::SessionLimit))
        .collect();
    assert!(forgotten.is_empty(), "the server had to end {forgotten:#?}");
    println!("at the end {} connections were closed, and no task is left", open.len());
}

async fn none(what: &str, count: impl Fn() -> usize) {
    let start = Instant::now();
    while count() > 0 {
        assert!(start.elapsed() < PATIENCE, "{} {what} are left", count());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
