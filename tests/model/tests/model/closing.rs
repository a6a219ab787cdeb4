//! After a manager was closed nothing of it happens any more.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use keyrotor_model::{Code, TokenManager, pass};
use shuttle::future::{block_on, spawn};
use shuttle::thread;

use crate::orders::in_all_orders;
use crate::source::{Mood, Seen, manager, manager_in_use, manager_in_use_of};

/// From its return on no fetch may begin.
fn close(manager: &TokenManager, seen: &Seen) {
    manager.close();
    seen.is_over.store(true, SeqCst);
}

#[test]
fn t18_whoever_waits_is_told_of_the_end() {
    in_all_orders(|| {
        let (manager, seen) = manager(Mood::Hangs);
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let manager = manager.clone();
                spawn(async move { manager.credential_async().await.unwrap_err().code() })
            })
            .collect();
        let closing = {
            let (manager, seen) = (manager.clone(), Arc::clone(&seen));
            thread::spawn(move || close(&manager, &seen))
        };
        for waiting in waiting {
            assert_eq!(block_on(waiting).unwrap(), Code::Closed);
        }
        closing.join().unwrap();
    });
}

#[test]
fn t18_no_fetch_begins_after_the_end() {
    in_all_orders(|| {
        let (manager, seen) = manager_in_use();
        let works: [fn(&TokenManager, &Seen); 4] = [
            close,
            close,
            |manager, _| drop(block_on(manager.refresh())),
            |manager, _| {
                if let Ok(credential) = manager.credential() {
                    manager.reject(credential.generation);
                }
                pass(Duration::from_secs(900));
                let _ = manager.credential();
            },
        ];
        let threads = works.map(|work| {
            let (manager, seen) = (manager.clone(), Arc::clone(&seen));
            thread::spawn(move || work(&manager, &seen))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        assert_eq!(manager.credential().unwrap_err().code(), Code::Closed);
        // Whatever is left of it may run now.
        for _ in 0..20 {
            thread::yield_now();
        }
    });
}

#[test]
fn t18_nothing_is_handed_out_after_the_end_that_was_made_on_the_spot() {
    in_all_orders(|| {
        let (manager, seen) = manager_in_use_of(Mood::GivesAtOnce);
        let refreshing: Vec<_> = (0..2)
            .map(|_| {
                let (manager, seen) = (manager.clone(), Arc::clone(&seen));
                thread::spawn(move || {
                    let is_late = seen.is_over.load(SeqCst);
                    let brought = block_on(manager.refresh());
                    assert!(!is_late || brought.unwrap_err().code() == Code::Closed);
                })
            })
            .collect();
        close(&manager, &seen);
        assert_eq!(manager.credential().unwrap_err().code(), Code::Closed);
        for refreshing in refreshing {
            refreshing.join().unwrap();
        }
    });
}

#[test]
fn t18_a_subscriber_is_told_of_the_end() {
    in_all_orders(|| {
        let (manager, _) = manager_in_use();
        let mut subscription = manager.subscribe().unwrap();
        let closing = {
            let manager = manager.clone();
            thread::spawn(move || manager.close())
        };
        let refreshing = {
            let manager = manager.clone();
            thread::spawn(move || drop(block_on(manager.refresh())))
        };
        block_on(async { while subscription.next().await.is_some() {} });
        closing.join().unwrap();
        refreshing.join().unwrap();
    });
}
