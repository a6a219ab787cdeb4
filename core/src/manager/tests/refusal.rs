//! Tokens that a server refused.

use super::*;

#[tokio::test]
async fn t09_a_refused_token_is_never_handed_out_again() {
    let it = setup(|_| {});
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    it.manager.reject(first.generation);
    let second = it.manager.credential_async().await.unwrap();
    assert_ne!(first.secret, second.secret);
    assert_eq!(it.manager.status().counts.unwrap().rejected, 1, "it counts once per generation");
    it.manager.reject(first.generation);
    assert_eq!(it.manager.credential().unwrap(), second, "an old generation's refusal changes nothing");
}

#[tokio::test]
async fn t09_a_refused_identity_is_paced() {
    let it = setup(|_| {});
    let mut handed_out = 0;
    for _ in 0..3000 {
        if let Ok(credential) = it.manager.credential_async().await {
            handed_out += 1;
            it.manager.reject(credential.generation);
        }
        it.clock.advance(Duration::from_millis(10)).await;
    }
    assert!((3..=10).contains(&handed_out), "{handed_out} tokens went out in 30 s");
    assert_eq!(it.manager.token().unwrap_err().code(), Code::AuthRefused);
}

#[tokio::test]
async fn t09_a_source_that_repeats_the_refused_secret_is_backed_off() {
    let it = setup(|source| source.same_secret = AtomicBool::new(true));
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    settle().await;
    it.manager.accept(0);
    let mut refusals = 1;
    for _ in 0..3000 {
        if let Ok(credential) = it.manager.credential() {
            refusals += 1;
            it.manager.reject(credential.generation);
        }
        it.clock.advance(Duration::from_millis(10)).await;
    }
    assert!(refusals <= 10, "{refusals}");
}

#[tokio::test]
async fn t09_a_late_word_of_acceptance_does_not_end_the_pauses() {
    let it = setup(|_| {});
    let mut handed_out = 0;
    for _ in 0..3000 {
        if let Ok(credential) = it.manager.credential_async().await {
            handed_out += 1;
            it.manager.reject(credential.generation);
            it.manager.accept(credential.generation);
        }
        it.clock.advance(Duration::from_millis(10)).await;
    }
    assert!((3..=10).contains(&handed_out), "{handed_out}");
}

#[tokio::test]
async fn t09_t08_a_new_subscriber_sees_no_refused_and_no_expired_token() {
    let it = setup(|source| source.gate = Some(Semaphore::new(1)));
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    let mut late = it.manager.subscribe().unwrap();
    it.source.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(late.next().await.unwrap().generation, 2);

    let it = setup(|_| {});
    it.first_token().await;
    it.source.fails.store(true, SeqCst);
    it.advance(1000).await;
    let mut late = it.manager.subscribe().unwrap();
    it.source.fails.store(false, SeqCst);
    it.advance(60).await;
    assert!(late.next().await.unwrap().generation > 1);
}

#[tokio::test]
async fn t09_a_login_that_works_ends_the_pauses() {
    let it = setup(|_| {});
    for _ in 0..5 {
        let credential = it.manager.credential_async().await.unwrap();
        it.manager.reject(credential.generation);
        let next = it.manager.credential_async().await.unwrap();
        it.manager.accept(next.generation);
    }
}
