//! One fetch at a time, whose outcome reaches all who wait for it.

use std::sync::Arc;

use keyrotor_model::Code;
use shuttle::future::{block_on, spawn};
use shuttle::thread;

use crate::orders::in_all_orders;
use crate::source::{Mood, manager, manager_in_use, manager_in_use_of};

#[test]
fn t04_all_who_wait_for_the_first_credential_get_the_same() {
    in_all_orders(|| {
        let (manager, seen) = manager(Mood::Gives);
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let manager = manager.clone();
                spawn(async move { manager.credential_async().await.unwrap().generation })
            })
            .collect();
        for waiting in waiting {
            assert_eq!(block_on(waiting).unwrap(), 1);
        }
        assert_eq!(seen.fetches(), 1);
    });
}

#[test]
fn t04_a_failure_reaches_all_who_wait_and_is_not_repeated_for_each() {
    in_all_orders(|| {
        let (manager, seen) = manager(Mood::Fails);
        let waiting: Vec<_> = (0..4)
            .map(|_| {
                let manager = manager.clone();
                spawn(async move { manager.credential_async().await.unwrap_err() })
            })
            .collect();
        for waiting in waiting {
            let error = block_on(waiting).unwrap();
            assert_eq!((error.code(), error.message()), (Code::CredentialsFetchFailed, "failure 1"));
        }
        assert_eq!(seen.fetches(), 1);
    });
}

/// Each forced refresh begins a fetch or joins one: none is lost, and each brings a newer credential than there was.
#[test]
fn t04_forced_refreshes_begin_a_fetch_or_join_it() {
    in_all_orders(|| {
        let (manager, seen) = manager_in_use();
        let forcing: Vec<_> = (0..3)
            .map(|_| {
                let (manager, seen) = (manager.clone(), Arc::clone(&seen));
                thread::spawn(move || {
                    let before = manager.credential().unwrap().generation;
                    let brought = block_on(manager.refresh()).unwrap().generation;
                    assert!(brought > before && u64::from(seen.fetches()) >= brought);
                })
            })
            .collect();
        for forcing in forcing {
            forcing.join().unwrap();
        }
        let generation = manager.credential().unwrap().generation;
        assert_eq!(u64::from(seen.fetches()), generation, "no fetch was for nothing");
    });
}

/// Where tokens are made on the spot, none that was made goes out under two generations, and nobody who forced a refresh
/// gets what there was before.
#[test]
fn t04_refreshes_on_the_spot_bring_each_something_newer() {
    in_all_orders(|| {
        let (manager, seen) = manager_in_use_of(Mood::GivesAtOnce);
        let forcing: Vec<_> = (0..3)
            .map(|_| {
                let manager = manager.clone();
                thread::spawn(move || {
                    let before = manager.credential().unwrap().generation;
                    let brought = block_on(manager.refresh()).unwrap();
                    assert!(brought.generation > before);
                    brought
                })
            })
            .collect();
        let brought: Vec<_> = forcing.into_iter().map(|forcing| forcing.join().unwrap()).collect();
        for (one, other) in brought.iter().zip(brought.iter().skip(1)) {
            assert_eq!(one.generation == other.generation, one.secret == other.secret);
        }
        let newest = brought.iter().map(|credential| credential.generation).max().unwrap();
        assert_eq!(manager.credential().unwrap().generation, newest);
        assert!(u64::from(seen.fetches()) >= newest);
    });
}

/// Whoever stops waiting takes nothing from the others.
#[test]
fn t04_b09_one_who_stops_waiting_stops_nobody_else() {
    in_all_orders(|| {
        let (manager, seen) = manager(Mood::Gives);
        let waiting = |manager: &keyrotor_model::TokenManager| {
            let manager = manager.clone();
            spawn(async move { manager.credential_async().await.unwrap().generation })
        };
        let (first, second) = (waiting(&manager), waiting(&manager));
        first.abort();
        assert_eq!(block_on(second).unwrap(), 1);
        assert_eq!(seen.fetches(), 1);
        let _ = block_on(first);
    });
}
