//! What a reader may see.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use keyrotor_model::{Credential, TokenManager, pass};
use shuttle::future::block_on;
use shuttle::thread;

use crate::orders::in_all_orders;
use crate::source::{Mood, Seen, manager_in_use, manager_in_use_of};

/// Past the refresh point of a token that lives for 15 minutes.
const PAST_REFRESH: Duration = Duration::from_secs(560);

/// Reads some times, by the ways there are, and sees no credential that is older than one that was seen, or that had
/// been refused before it was asked for.
fn read(manager: &TokenManager, seen: &Seen) {
    let mut newest = 0;
    for turn in 0..3 {
        let refused = seen.refused.load(SeqCst);
        let Some(credential) = one(manager, turn) else { continue };
        assert!(credential.generation > refused, "{} was refused", credential.generation);
        assert!(credential.generation >= newest, "{} after {newest}", credential.generation);
        newest = credential.generation;
    }
}

fn one(manager: &TokenManager, turn: u32) -> Option<Arc<Credential>> {
    if turn.is_multiple_of(2) { manager.credential().ok() } else { block_on(manager.credential_async()).ok() }
}

/// Each of these is a thread beside two readers.
fn beside_readers(others: &[fn(&TokenManager, &Seen)]) {
    beside_readers_of(Mood::Gives, others);
}

fn beside_readers_of(mood: Mood, others: &[fn(&TokenManager, &Seen)]) {
    let (manager, seen) = manager_in_use_of(mood);
    let spawn = |work: fn(&TokenManager, &Seen)| {
        let (manager, seen) = (manager.clone(), Arc::clone(&seen));
        thread::spawn(move || work(&manager, &seen))
    };
    let threads: Vec<_> = others.iter().chain(&[read as fn(&_, &_), read]).map(|work| spawn(*work)).collect();
    for thread in threads {
        thread.join().unwrap();
    }
}

fn refresh(manager: &TokenManager, _: &Seen) {
    let _ = block_on(manager.refresh());
}

/// As a connection does whose login was refused.
fn reject(manager: &TokenManager, seen: &Seen) {
    let Ok(credential) = manager.credential() else { return };
    manager.reject(credential.generation);
    seen.is_refused(credential.generation);
}

fn accept(manager: &TokenManager, _: &Seen) {
    if let Ok(credential) = manager.credential() {
        manager.accept(credential.generation);
    }
}

fn wait(_: &TokenManager, _: &Seen) {
    pass(PAST_REFRESH);
}

/// A subscriber hears of credentials in the order of their generations, and of none that had been refused before.
fn subscribe(manager: &TokenManager, seen: &Seen) {
    let Ok(mut subscription) = manager.subscribe() else { return };
    let mut newest = 0;
    for _ in 0..2 {
        let refused = seen.refused.load(SeqCst);
        let Some(credential) = block_on(next(&mut subscription)) else { return };
        assert!(credential.generation > refused, "{} was refused", credential.generation);
        assert!(credential.generation > newest, "{} after {newest}", credential.generation);
        newest = credential.generation;
    }
}

/// What is there by now: nobody says that there will be another.
async fn next(subscription: &mut keyrotor_model::Subscription) -> Option<Arc<Credential>> {
    tokio::select! {
        biased;
        credential = subscription.next() => credential,
        () = shuttle::future::yield_now() => None,
    }
}

#[test]
fn t09_t11_a_reader_sees_nothing_refused_and_nothing_older_beside_a_refresh_and_a_refusal() {
    in_all_orders(|| beside_readers(&[refresh, reject]));
}

#[test]
fn t09_t11_a_reader_sees_nothing_refused_and_nothing_older_where_tokens_are_made_on_the_spot() {
    in_all_orders(|| beside_readers_of(Mood::GivesAtOnce, &[refresh, reject]));
    in_all_orders(|| beside_readers_of(Mood::GivesAtOnce, &[refresh, refresh, wait]));
}

#[test]
fn t09_a_reader_sees_nothing_refused_beside_two_refusals() {
    in_all_orders(|| beside_readers(&[reject, reject, accept]));
}

#[test]
fn t09_t11_a_reader_sees_nothing_refused_and_nothing_older_beside_the_timer() {
    in_all_orders(|| beside_readers(&[wait, reject]));
}

#[test]
fn t09_t19_a_subscriber_hears_of_nothing_refused_and_nothing_older() {
    in_all_orders(|| beside_readers(&[subscribe, refresh, reject]));
    in_all_orders(|| beside_readers_of(Mood::GivesAtOnce, &[subscribe, refresh, reject]));
}

/// A refusal that has returned has reached every subscriber, though somebody else may be telling the news.
#[test]
fn t09_t19_a_subscriber_hears_of_nothing_refused_while_another_thread_tells_the_news() {
    in_all_orders(|| {
        let (manager, _) = manager_in_use();
        let mut subscription = manager.subscribe().unwrap();
        let other = {
            let manager = manager.clone();
            thread::spawn(move || manager.accept(1))
        };
        manager.reject(1);
        let heard = block_on(next(&mut subscription));
        assert!(heard.is_none_or(|credential| credential.generation > 1), "it hears of the refused one");
        other.join().unwrap();
    });
}
