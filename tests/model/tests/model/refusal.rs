//! A refusal takes back exactly what was refused. Shown with a wrong client of it, too, which the checker must catch.

use keyrotor_model::TokenManager;
use shuttle::future::block_on;
use shuttle::thread;

use crate::orders::{in_all_orders, is_caught};
use crate::source::manager_in_use;

type Reject = fn(&TokenManager, u64);

fn reject(manager: &TokenManager, generation: u64) {
    manager.reject(generation);
}

/// What a refusal would be that did not look at the generation: it takes back whatever is current.
fn reject_what_is_current(manager: &TokenManager, _: u64) {
    manager.reject(manager.status().generation);
}

/// Three connections log in with one credential, and the server refuses all three.
fn three_are_refused(reject: Reject) {
    let (manager, seen) = manager_in_use();
    let refused = manager.credential().unwrap().generation;
    let connections: Vec<_> = (0..3)
        .map(|_| {
            let manager = manager.clone();
            thread::spawn(move || {
                reject(&manager, refused);
                block_on(manager.credential_async()).unwrap().generation
            })
        })
        .collect();
    for connection in connections {
        assert_eq!(connection.join().unwrap(), 2, "all go on with the successor");
    }
    assert_eq!(seen.fetches(), 2, "and for three refusals of one credential there is one");
    assert_eq!(manager.status().counts.unwrap().rejected, 1);
}

#[test]
fn t09_a_refusal_counts_once_however_many_report_it() {
    in_all_orders(|| three_are_refused(reject));
}

#[test]
fn t09_a_refusal_that_did_not_look_at_the_generation_would_be_caught() {
    assert!(is_caught(|| three_are_refused(reject_what_is_current)));
}
