//! Runs of the checker.

use std::panic::AssertUnwindSafe;

use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::{Config, Runner};

/// Orders that a property is tried in unless the environment says otherwise.
const ORDERS: usize = 800;
/// Changes of the thread at the wrong moment, for the scheduler that seeks out rare orders.
const DEPTH: usize = 3;
const SEED: u64 = 0x6b65_7972;

fn config() -> Config {
    let mut config = Config::new();
    // Room for the messages of errors.
    config.stack_size = 1 << 18;
    // It would warn of every ordering that is not sequential.
    config.silence_warnings = true;
    config
}

fn orders() -> usize {
    let set = std::env::var("KEYROTOR_MODEL_ORDERS").ok();
    set.map_or(ORDERS, |orders| orders.parse().expect("KEYROTOR_MODEL_ORDERS is a number"))
}

/// Tries `run` in many orders of its steps: half at random, half with few changes of the thread at the worst moments.
/// A deadlock is a failure, too.
pub(crate) fn in_all_orders(run: impl Fn() + Send + Sync + Copy + 'static) {
    let run = move || {
        run();
        keyrotor_model::end_tasks();
    };
    let half = orders().div_ceil(2);
    Runner::new(RandomScheduler::new_from_seed(SEED, half), config()).run(run);
    Runner::new(PctScheduler::new_from_seed(SEED, DEPTH, half), config()).run(run);
}

/// What is wrong must be found: otherwise the property says nothing.
pub(crate) fn is_caught(run: impl Fn() + Send + Sync + Copy + 'static) -> bool {
    std::panic::catch_unwind(AssertUnwindSafe(|| in_all_orders(run))).is_err()
}
