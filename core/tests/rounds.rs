//! B07: managers that are made, used and closed, over and over, in one process.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::print_stdout, reason = "tests")]

#[path = "support/memory.rs"]
mod memory;

use std::time::{Duration, Instant};

use keyrotor::{Error, Format, TokenManager};
use memory::{descriptors, resident, threads};

const ROUNDS: u32 = 10_000;
const WARM_UP: u32 = 2000;
const MAY_GROW_BY: u64 = 1 << 20;

/// Each starts the thread of the process and ends it again: nobody else uses it. Every second one just lets go.
fn round(number: u32) {
    let request = format!(
        r#"{{"authenticationInfo": {{"iamCredentials": {{"clusterName": "my-cluster", "username": "user-{}",
            "region": "eu-west-1", "accessKey": {{"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"}}}}}}}}"#,
        number % 7
    );
    let manager = TokenManager::from_request(request.as_bytes(), Format::Json).unwrap();
    let clone = manager.clone();
    let first = manager.credential_blocking(|| Ok::<(), Error>(())).unwrap();
    let _subscription = manager.subscribe().unwrap();
    let _events = manager.events();
    manager.reject(first.generation);
    assert_ne!(clone.credential_blocking(|| Ok::<(), Error>(())).unwrap().secret, first.secret);
    if number.is_multiple_of(2) {
        manager.close();
    }
}

/// Threads end a moment after their last user.
fn settled(limit: usize) -> usize {
    let deadline = Instant::now() + Duration::from_secs(20);
    while threads() > limit && Instant::now() < deadline {
        std::thread::yield_now();
    }
    threads()
}

#[test]
fn b07_t18_ten_thousand_rounds_leave_no_thread_no_descriptor_and_no_memory() {
    let at_first = threads();
    (0..WARM_UP).for_each(round);
    let before = (settled(at_first), descriptors(), resident());
    (WARM_UP..ROUNDS).for_each(round);
    let after = (settled(at_first), descriptors(), resident());
    println!("threads, descriptors, bytes: {before:?} before, {after:?} after");
    assert_eq!((after.0, after.1), (before.0, before.1), "threads and descriptors");
    assert!(after.2 <= before.2 + MAY_GROW_BY, "it grew from {} to {} bytes", before.2, after.2);
}
