//! T12 and T18: what a process shows of managers that were never used, and of those that were closed.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests, in a process of their own")]

use std::time::{Duration, Instant};

use keyrotor::{Format, TokenManager};

const REQUEST: &str = r#"{"authenticationInfo": {"iamCredentials": {
    "clusterName": "my-cluster", "username": "iam-user-01", "region": "eu-west-1",
    "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"}}}}"#;

fn entries(folder: &str) -> usize {
    std::fs::read_dir(folder).unwrap().count()
}

fn threads_and_files() -> (usize, usize) {
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

fn manager() -> TokenManager {
    TokenManager::from_request(REQUEST.as_bytes(), Format::Json).unwrap()
}

/// One test, since threads are counted for the whole process.
#[test]
fn t12_t18_b05_nothing_before_the_first_use_and_nothing_after_the_last() {
    let before = threads_and_files();
    let unused: Vec<TokenManager> = (0..100).map(|_| manager()).collect();
    assert_eq!(threads_and_files(), before, "T12: construction starts no thread and opens no file");
    drop(unused);

    // tokio's signal handling, compiled in by the credential chain, opens one pair of sockets per process when
    // the first runtime starts, and keeps it. Everything else goes with the last manager.
    manager().credential_blocking(|| Ok::<(), keyrotor::Error>(())).unwrap();
    let before = settled(before.0);

    let used: Vec<TokenManager> = (0..100).map(|_| manager()).collect();
    for manager in &used {
        manager.credential_blocking(|| Ok::<(), keyrotor::Error>(())).unwrap();
    }
    assert_eq!(entries("/proc/self/task"), before.0 + 1, "one thread serves them all");
    let (told, hears) = std::sync::mpsc::channel();
    let subscriptions: Vec<_> = used
        .iter()
        .map(|manager| {
            let told = told.clone();
            manager.subscribe_with(move |_| told.send(()).unwrap()).unwrap()
        })
        .collect();
    for _ in &subscriptions {
        hears.recv().unwrap();
    }
    // A starved machine may take a callback for one that hangs, now and then.
    let threads = entries("/proc/self/task");
    assert!(threads < before.0 + 20, "B05: 100 callbacks share a thread, not {threads}");
    drop(subscriptions);
    for round in 0..1000 {
        let manager = manager();
        manager.credential_blocking(|| Ok::<(), keyrotor::Error>(())).unwrap();
        let _subscription = manager.subscribe().unwrap();
        if round % 2 == 0 {
            manager.close();
        }
    }
    drop(used);
    assert_eq!(settled(before.0), before, "T18: closing leaves no thread and no file");
}

/// Threads and files, once no more than so many threads are left.
fn settled(threads: usize) -> (usize, usize) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while entries("/proc/self/task") > threads {
        assert!(Instant::now() < deadline, "threads are left: {:?}", threads_and_files());
        std::thread::yield_now();
    }
    threads_and_files()
}
