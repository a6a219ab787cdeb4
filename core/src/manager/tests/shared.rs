//! T05: managers of one identity share its fetches, and nothing else.

use super::*;

fn shared(name: &str, change: impl FnOnce(&mut Scripted)) -> Setup {
    setup(|source| {
        source.identity = Some(Identity::of("scripted").and("test", name));
        change(source);
    })
}

fn every(seconds: u64) -> TokenRefreshConfig {
    TokenRefreshConfig { interval: Some(Duration::from_secs(seconds)), ..Default::default() }
}

#[tokio::test]
async fn t05_fifty_managers_of_one_identity_cause_one_fetch_a_refresh() {
    let it = shared("fifty", |source| source.gate = Some(Semaphore::new(0)));
    let others: Vec<_> = (0..49).map(|_| it.another(TokenRefreshConfig::default())).collect();
    let waiting: Vec<_> = others
        .iter()
        .map(|manager| {
            let manager = manager.clone();
            tokio::spawn(async move { manager.token_async().await.unwrap() })
        })
        .collect();
    settle().await;
    it.source.gate.as_ref().unwrap().add_permits(100);
    for waiting in waiting {
        assert_eq!(waiting.await.unwrap().expose(), "token-1");
    }
    assert_eq!(it.calls(), 1);
    for refresh in 2..10 {
        it.advance(530).await;
        assert_eq!(it.calls(), refresh);
        for manager in &others {
            assert_eq!(manager.token().unwrap().expose(), format!("token-{refresh}"));
        }
    }
    assert_eq!(others[7].status(), others[8].status());
}

#[tokio::test]
async fn t05_two_identities_never_share() {
    let one = shared("reader", |_| {});
    let other = shared("writer", |_| {});
    one.manager.refresh().await.unwrap();
    one.manager.refresh().await.unwrap();
    assert_eq!(other.first_token().await, "token-1");
    let unnamed = setup(|_| {});
    let second = unnamed.another(TokenRefreshConfig::default());
    unnamed.first_token().await;
    assert_eq!(second.status().generation, 0, "a source without an identity shares with nobody");
}

#[tokio::test]
async fn t05_closing_one_stops_nobody_else() {
    let it = shared("closing", |source| source.gate = Some(Semaphore::new(0)));
    let other = it.another(TokenRefreshConfig::default());
    let waiting: Vec<_> = [&it.manager, &other]
        .map(|manager| {
            let manager = manager.clone();
            tokio::spawn(async move { manager.token_async().await })
        })
        .into();
    settle().await;
    // The one that began the fetch goes.
    it.manager.close();
    settle().await;
    it.source.gate.as_ref().unwrap().add_permits(100);
    let mut outcomes = Vec::new();
    for waiting in waiting {
        outcomes.push(waiting.await.unwrap());
    }
    assert_eq!(outcomes[0].as_ref().unwrap_err().code(), Code::Closed);
    assert_eq!(outcomes[1].as_ref().unwrap().expose(), "token-1");
    it.advance(500).await;
    assert_eq!(other.token().unwrap().expose(), "token-2", "it goes on refreshing");
    assert_eq!(it.state(), State::Closed);
    other.close();
    it.advance(5000).await;
    assert_eq!(it.calls(), 2, "with the last of them it ends");
}

#[tokio::test]
async fn t05_what_is_made_after_all_were_closed_begins_anew() {
    let it = shared("anew", |_| {});
    it.manager.refresh().await.unwrap();
    it.manager.refresh().await.unwrap();
    assert_eq!(it.manager.status().generation, 2);
    it.manager.close();
    assert_eq!(it.another(TokenRefreshConfig::default()).status().generation, 0);
    assert_eq!(it.manager.status().generation, 2, "the closed one still says what it did");
}

#[tokio::test]
async fn t05_the_earliest_wish_wins_and_goes_with_whoever_had_it() {
    let it = shared("wishes", |_| {});
    it.first_token().await;
    let hasty = it.another(every(100));
    it.advance(101).await;
    assert_eq!(it.calls(), 1, "nobody used it yet");
    hasty.token().unwrap();
    it.advance(1).await;
    assert_eq!(it.calls(), 2, "its time was over when it was first used");
    it.advance(111).await;
    assert_eq!(it.calls(), 3);
    hasty.close();
    it.advance(111).await;
    assert_eq!(it.calls(), 4, "what was set is kept once");
    it.advance(520).await;
    assert_eq!(it.calls(), 4);
    it.advance(10).await;
    assert_eq!(it.calls(), 5, "and then the others' interval counts");
}

#[tokio::test]
async fn t05_t03_a_margin_belongs_to_one_manager() {
    let it = shared("margins", |_| {});
    let careful = it.another(TokenRefreshConfig { margin: Duration::from_secs(200), ..Default::default() });
    let first = it.first_token().await;
    careful.token().unwrap();
    it.clock.step_wall(1.0);
    // 750 s pass unseen, as they do where the timer is late.
    it.clock.step_wall(750.0 - 1.0);
    it.clock.step_monotonic(Duration::from_secs(0));
    it.source.fails.store(true, SeqCst);
    assert_eq!(
        it.manager.credential().unwrap().secret.expose(),
        first,
        "valid, and nothing better to be had"
    );
    it.source.fails.store(false, SeqCst);
    it.advance(2).await;
    assert_ne!(careful.token_async().await.unwrap().expose(), first);
}

#[tokio::test]
async fn t05_t16_each_waits_as_long_as_it_said() {
    let it = shared("budgets", |source| source.gate = Some(Semaphore::new(0)));
    let hasty =
        it.another(TokenRefreshConfig { source_timeout: Duration::from_secs(1), ..Default::default() });
    let [patient, hasty] = [&it.manager, &hasty].map(|manager| {
        let manager = manager.clone();
        tokio::spawn(async move { manager.token_async().await })
    });
    settle().await;
    it.advance(1).await;
    let error = hasty.await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::CredentialsTimeout);
    assert!(error.message().contains("within 1 s"), "{error}");
    it.source.gate.as_ref().unwrap().add_permits(1);
    assert_eq!(patient.await.unwrap().unwrap().expose(), "token-1");
}

#[tokio::test]
async fn t05_t09_a_refusal_counts_for_all_and_once() {
    let it = shared("refusals", |_| {});
    let other = it.another(TokenRefreshConfig::default());
    let first = it.manager.credential_async().await.unwrap();
    let mut subscription = other.subscribe().unwrap();
    assert_eq!(subscription.next().await.unwrap(), first);
    it.manager.reject(first.generation);
    other.reject(first.generation);
    assert_eq!(subscription.next().await.unwrap().generation, 2);
    assert_eq!((it.calls(), other.status().counts.unwrap().rejected), (2, 1));
}
