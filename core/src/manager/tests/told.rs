//! Who is told what: subscribers, listeners, `status`.

use super::*;

#[tokio::test]
async fn t19_subscribers_see_the_current_credential_then_each_newer_one() {
    let it = setup(|_| {});
    let mut subscription = it.manager.subscribe().unwrap();
    assert_eq!(subscription.next().await.unwrap().generation, 1);
    it.manager.refresh().await.unwrap();
    it.manager.refresh().await.unwrap();
    assert_eq!(subscription.next().await.unwrap().generation, 3, "a slow one sees the latest");
    let mut late = it.manager.subscribe().unwrap();
    assert_eq!(late.next().await.unwrap().generation, 3);
    it.manager.close();
    assert!(subscription.next().await.is_none());
}

#[tokio::test]
async fn s03_t19_the_same_token_again_is_no_new_generation_and_nobody_is_told_of_one() {
    let it = setup(|source| source.same_secret = AtomicBool::new(true));
    let first = it.first_token().await;
    let mut events = it.manager.events();
    let mut subscription = it.manager.subscribe().unwrap();
    assert_eq!(subscription.next().await.unwrap().generation, 1);
    let again = it.manager.refresh().await.unwrap();
    assert_eq!((again.secret.expose(), again.generation, it.calls()), (first.as_str(), 1, 2));
    assert_eq!(it.manager.status().generation, 1);
    it.source.same_secret.store(false, SeqCst);
    assert_eq!(it.manager.refresh().await.unwrap().generation, 2);
    assert_eq!(subscription.next().await.unwrap().generation, 2, "it saw each generation once");
    let told = events.next().await.unwrap();
    assert_eq!((told.kind(), told.generation), (EventKind::EventFetched, 2));
}

#[tokio::test]
async fn t19_a_secret_whose_end_was_put_off_is_a_new_generation() {
    let it = setup(|source| source.same_secret = AtomicBool::new(true));
    it.first_token().await;
    it.advance(100).await;
    let longer = it.manager.refresh().await.unwrap();
    assert_eq!((longer.secret.expose(), longer.generation), ("same", 2));
}

#[tokio::test]
async fn t19_a_subscriber_that_hangs_or_panics_hurts_nobody() {
    let it = setup(|_| {});
    let (unblock, blocked) = std::sync::mpsc::channel::<()>();
    let _hanging = it.manager.subscribe_with(move |_| {
        let _ = blocked.recv();
    });
    let _panicking = it.manager.subscribe_with(|_| panic!("scripted"));
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let _counting = it.manager.subscribe_with(move |credential| sender.send(credential.generation).unwrap());
    assert_eq!(seen.recv().await, Some(1));
    it.manager.refresh().await.unwrap();
    assert_eq!(seen.recv().await, Some(2));
    drop(unblock);
}

#[tokio::test]
async fn t20_status_and_events_say_what_happened() {
    let it = setup(|_| {});
    let mut events = it.manager.events();
    it.first_token().await;
    let status = it.manager.status();
    assert_eq!(
        (status.source.as_str(), status.username.as_str(), status.generation),
        ("scripted", "user", 1)
    );
    let start = status.issued_at.unwrap().seconds;
    assert_eq!(status.expires_at.unwrap().seconds, start + 900);
    assert_eq!(status.next_refresh_at.unwrap().seconds, start + 480);
    it.source.fails.store(true, SeqCst);
    it.advance(485).await;
    assert_eq!(it.manager.status().last_error.unwrap().name, "credentials-fetch-failed");
    it.source.fails.store(false, SeqCst);
    it.advance(10).await;
    it.manager.close();
    let mut kinds = Vec::new();
    while let Some(event) = events.next().await {
        if !kinds.contains(&event.kind()) || event.kind() == EventKind::EventFetched {
            kinds.push(event.kind());
        }
    }
    let expected = [
        EventKind::EventFetched,
        EventKind::EventFetchFailed,
        EventKind::EventDegraded,
        EventKind::EventFetched,
        EventKind::EventRecovered,
        EventKind::EventClosed,
    ];
    assert_eq!(kinds, expected);
}

#[tokio::test]
async fn t17_debug_of_a_manager_shows_no_secret() {
    let it = setup(|_| {});
    let token = it.first_token().await;
    let credential = it.manager.credential().unwrap();
    for text in [format!("{:?}", it.manager), format!("{credential:?}"), format!("{:?}", it.manager.status())]
    {
        assert!(!text.contains(&token), "{text}");
    }
}

#[tokio::test]
async fn t19_a_thousand_subscribers_some_of_which_hang_or_panic() {
    let it = setup(|_| {});
    let (release, hang) = std::sync::mpsc::channel::<()>();
    let hang = Arc::new(Mutex::new(hang));
    let (sender, mut seen) = tokio::sync::mpsc::unbounded_channel();
    let subscribers: Vec<_> = (0..1000)
        .map(|number| {
            let (hang, sender) = (Arc::clone(&hang), sender.clone());
            it.manager.subscribe_with(move |credential| match number % 200 {
                7 => drop(hang.lock().unwrap().recv()),
                11 => panic!("scripted"),
                _ => sender.send((number, credential.generation)).unwrap(),
            })
        })
        .collect();
    for generation in 1..=3 {
        let mut told = std::collections::HashSet::new();
        while told.len() < 990 {
            let (number, seen) = seen.recv().await.unwrap();
            if seen == generation {
                told.insert(number);
            }
        }
        it.manager.refresh().await.unwrap();
    }
    drop((release, subscribers));
}

#[tokio::test]
async fn t19_a_listener_that_is_behind_loses_the_oldest_and_is_told_how_many() {
    let it = setup(|_| {});
    let mut events = it.manager.events();
    for _ in 0..100 {
        it.manager.refresh().await.unwrap();
    }
    let first = events.next().await.unwrap();
    assert_eq!((first.missed, first.generation), (36, 37));
    assert_eq!(events.next().await.unwrap().missed, 0);
}

#[tokio::test]
async fn t20_a_fallback_is_told_of_once_and_ends_with_the_next_token() {
    let it = setup(|_| {});
    let mut events = it.manager.events();
    let because = Error::new(Code::CredentialsFetchFailed, "scripted");
    it.manager.note_fallback(Some(&because));
    it.manager.note_fallback(Some(&because));
    assert!(it.manager.status().fallback);
    it.manager.note_fallback(None);
    assert!(!it.manager.status().fallback);
    it.manager.note_fallback(Some(&because));
    it.manager.close();
    assert!(!it.manager.status().fallback);
    let mut kinds = Vec::new();
    while let Some(event) = events.next().await {
        let error = event.error.as_ref().map(|error| error.name.clone());
        kinds.push((event.kind(), error));
    }
    let fallback = (EventKind::EventFallback, Some("credentials-fetch-failed".to_owned()));
    assert_eq!(kinds, [fallback.clone(), fallback, (EventKind::EventClosed, None)]);
}

#[tokio::test]
async fn t20_each_state_has_its_time() {
    let it = setup(|source| source.gate = Some(Semaphore::new(0)));
    assert_eq!(it.state(), State::Idle);
    it.manager.token().unwrap_err();
    assert_eq!(it.state(), State::Refreshing);
    it.source.gate.as_ref().unwrap().add_permits(1000);
    settle().await;
    assert_eq!(it.state(), State::Fresh);
    it.source.fails.store(true, SeqCst);
    it.advance(600).await;
    assert_eq!(it.state(), State::Degraded);
    it.advance(300).await;
    assert_eq!(it.state(), State::Expired);
    it.manager.close();
    let status = it.manager.status();
    assert_eq!((status.state(), status.generation), (State::Closed, 1));
    assert_eq!((status.username.as_str(), status.expires_at), ("", None));
}

#[test]
fn t20_s01_doubts_about_a_name_stand_in_the_status() {
    let request = br#"{"authenticationInfo": {"iamCredentials":
        {"clusterName": "my-cache.abc.cache.amazonaws.com", "username": "u", "region": "r"}}}"#;
    let status = TokenManager::from_request(request, Format::Json).unwrap().status();
    assert_eq!(status.warnings.len(), 1);
    assert!(status.warnings[0].contains("looks like an endpoint"), "{:?}", status.warnings);
}
