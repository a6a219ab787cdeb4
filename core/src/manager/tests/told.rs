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
