//! A refresh that somebody insists on, where the source can make a token on the spot.

use futures_util::FutureExt;

use super::gate::{SERVER, refused};
use super::lazy::lazy;
use super::*;

fn inline(change: impl FnOnce(&mut Scripted)) -> Setup {
    setup(|source| {
        source.inline = true;
        change(source);
    })
}

/// What a refresh brings that waits for nothing; `None` where it would have to wait.
fn at_once(manager: &TokenManager) -> Option<Result<Arc<Credential>>> {
    manager.refresh().now_or_never()
}

/// Has `work` happen once, while the source makes its next token.
fn meanwhile(it: &Setup, work: impl FnOnce(&TokenManager) + Send + 'static) {
    let (manager, work) = (it.manager.clone(), Mutex::new(Some(work)));
    *it.source.intrudes.lock().unwrap() = Some(Arc::new(move || {
        let work = work.lock().unwrap().take();
        if let Some(work) = work {
            work(&manager);
        }
    }));
}

#[tokio::test]
async fn t11_what_can_be_made_on_the_spot_keeps_nobody_waiting_and_sets_the_next_refresh() {
    let it = inline(|_| {});
    assert_eq!(
        at_once(&it.manager).unwrap().unwrap().secret.expose(),
        "token-1",
        "without a first token, too"
    );
    it.advance(100).await;
    let second = at_once(&it.manager).unwrap().unwrap();
    assert_eq!((second.secret.expose(), second.generation), ("token-2", 2));
    assert_eq!(it.manager.credential().unwrap(), second);
    let status = it.manager.status();
    assert_eq!((status.state(), status.counts.unwrap().attempts), (State::Fresh, 2));
    assert_eq!(status.next_refresh_at.unwrap().seconds, status.issued_at.unwrap().seconds + 528);
    it.advance(527).await;
    assert_eq!(it.calls(), 2);
    it.advance(1).await;
    assert_eq!(it.calls(), 3, "one alarm was set, for the current token");
}

#[tokio::test]
async fn t11_whoever_refreshes_in_a_loop_leaves_time_for_others() {
    let it = inline(|_| {});
    let other = tokio::spawn(async {});
    while !other.is_finished() {
        assert!(it.calls() < 10_000, "nobody else came to run");
        it.manager.refresh().await.unwrap();
    }
}

#[tokio::test]
async fn t04_a_fetch_that_is_under_way_is_joined() {
    let it = inline(|source| source.gate = Some(Semaphore::new(0)));
    it.manager.token().unwrap();
    it.advance(485).await;
    assert_eq!((it.calls(), it.state()), (2, State::Refreshing));
    let joining = [(), ()].map(|()| {
        let manager = it.manager.clone();
        tokio::spawn(async move { manager.refresh().await.unwrap().generation })
    });
    settle().await;
    assert!(joining.iter().all(|joining| !joining.is_finished()));
    it.source.gate.as_ref().unwrap().add_permits(1);
    for joining in joining {
        assert_eq!(joining.await.unwrap(), 2);
    }
    assert_eq!(it.calls(), 2);
}

#[tokio::test]
async fn t04_a_fetch_that_began_meanwhile_is_joined_too() {
    let it = inline(|_| {});
    it.manager.token().unwrap();
    meanwhile(&it, |manager| manager.handle.feed().unwrap().refresh_beside());
    assert_eq!(it.manager.refresh().await.unwrap().secret.expose(), "token-3", "the second was too late");
    assert_eq!(it.manager.status().counts.unwrap().fetched, 2);
}

#[tokio::test]
async fn t04_of_two_at_once_the_first_wins() {
    let it = inline(|_| {});
    let first = it.manager.credential().unwrap();
    meanwhile(&it, |manager| drop(at_once(manager)));
    let brought = at_once(&it.manager).unwrap().unwrap();
    assert_eq!(brought.generation, first.generation + 1);
    assert_eq!(it.manager.credential().unwrap(), brought);
    assert_eq!((it.calls(), it.manager.status().counts.unwrap().fetched), (3, 2));
}

#[tokio::test]
async fn t09_while_a_refusals_pause_lasts_nothing_is_made() {
    let it = inline(|_| {});
    for _ in 0..2 {
        it.manager.reject(it.manager.credential_async().await.unwrap().generation);
    }
    let calls = it.calls();
    assert_eq!(at_once(&it.manager).unwrap().unwrap_err().code(), Code::AuthRefused);
    assert_eq!(it.calls(), calls);
    it.advance(1).await;
    at_once(&it.manager).unwrap().unwrap();
}

#[tokio::test]
async fn t09_what_was_refused_while_it_was_made_once_more_does_not_go_out() {
    // A lazy one, which fetches nothing by itself after a refusal.
    let it = setup_with(lazy(), |source| {
        source.inline = true;
        source.signs = true;
    });
    it.manager.token().unwrap();
    meanwhile(&it, |manager| {
        let same = at_once(manager).unwrap().unwrap();
        manager.handle.feed().unwrap().refuse(&same, &refused());
    });
    let brought = it.manager.refresh().await.unwrap();
    assert_eq!(brought.secret.expose(), "signed 0 - 0", "the other one of this second");
    let gate = it.manager.login_gate(SERVER).unwrap();
    assert_eq!(gate.enter_or_fail().await.unwrap().credential().await.unwrap(), brought);
}

#[tokio::test]
async fn t07_what_fails_on_the_spot_is_fetched_with_all_attempts() {
    let it = inline(|_| {});
    let first = it.manager.credential().unwrap();
    let mut events = it.manager.events();
    it.source.fails.store(true, SeqCst);
    let refreshing = tokio::spawn({
        let manager = it.manager.clone();
        async move { manager.refresh().await.unwrap_err() }
    });
    it.advance(1).await;
    assert_eq!(refreshing.await.unwrap().message(), "scripted failure 5", "the third attempt of the fetch");
    let counts = it.manager.status().counts.unwrap();
    assert_eq!((counts.attempts, counts.failed), (4, 3), "what was no more than a look is not counted");
    assert_eq!(it.manager.credential().unwrap(), first, "the current one stays");
    it.source.fails.store(false, SeqCst);
    assert_eq!(at_once(&it.manager).unwrap().unwrap().generation, 2);
    assert_eq!((it.state(), it.manager.status().last_error), (State::Fresh, None));
    let mut kinds = Vec::new();
    while let Some(Some(event)) = events.next().now_or_never() {
        kinds.push(event.kind());
    }
    let [failed, degraded] = [EventKind::EventFetchFailed, EventKind::EventDegraded];
    assert_eq!(kinds, [failed, degraded, EventKind::EventFetched, EventKind::EventRecovered]);
}

#[tokio::test]
async fn b01_a_panic_on_the_spot_is_an_error() {
    let it = inline(|_| {});
    it.manager.token().unwrap();
    it.source.panics.store(true, SeqCst);
    assert_eq!(it.manager.refresh().await.unwrap_err().code(), Code::Internal);
    it.source.panics.store(false, SeqCst);
    it.manager.refresh().await.unwrap();
}

#[tokio::test]
async fn s03_a_source_that_gives_the_same_on_the_spot_is_really_asked() {
    let it = inline(|source| source.same_secret = AtomicBool::new(true));
    it.manager.token().unwrap();
    assert!(at_once(&it.manager).is_none());
    settle().await;
    assert_eq!((it.calls(), it.manager.status().counts.unwrap().attempts), (3, 2));
}

#[tokio::test]
async fn t18_a_manager_that_was_closed_makes_nothing() {
    let it = inline(|_| {});
    it.manager.token().unwrap();
    meanwhile(&it, TokenManager::close);
    assert_eq!(at_once(&it.manager).unwrap().unwrap_err().code(), Code::Closed, "closed while it was made");
    assert_eq!(it.manager.status().counts.unwrap().fetched, 1);
    let calls = it.calls();
    assert_eq!(at_once(&it.manager).unwrap().unwrap_err().code(), Code::Closed);
    assert_eq!(it.calls(), calls);
}

#[tokio::test]
async fn t12_a_lazy_manager_sets_no_alarm() {
    let it = setup_with(lazy(), |source| source.inline = true);
    at_once(&it.manager).unwrap().unwrap();
    assert_eq!(it.manager.status().next_refresh_at, None);
    it.advance(10_000).await;
    assert_eq!(it.calls(), 1);
}

#[tokio::test]
async fn b03_a_child_makes_its_own_and_the_parents_feed_is_untouched() {
    let it = inline(|_| {});
    let first = it.manager.credential().unwrap();
    let inherited = it.manager.handle.pretend_to_be_forked();
    // As where a thread of the parent's held it when the process was forked.
    let _held_for_ever = inherited.feed.look();
    let second = at_once(&it.manager).unwrap().unwrap();
    assert_eq!((second.generation, inherited.feed.generation()), (2, first.generation));
    it.manager.close();
}

#[tokio::test]
async fn t09_what_was_refused_while_it_was_made_is_not_handed_out() {
    let it = setup_with(lazy(), |source| {
        source.inline = true;
        source.signs = true;
    });
    meanwhile(&it, |manager| {
        let same = manager.credential().unwrap();
        manager.handle.feed().unwrap().refuse(&same, &refused());
    });
    let brought = it.manager.credential_async().await.unwrap();
    assert_eq!(brought.secret.expose(), "signed 0 - 1", "the other one of this second");
}

#[tokio::test]
async fn t09_nothing_is_handed_out_in_a_pause_that_began_while_it_was_made() {
    let it = setup_with(lazy(), |source| source.inline = true);
    meanwhile(&it, |manager| {
        for _ in 0..2 {
            manager.reject(manager.credential().unwrap().generation);
        }
    });
    assert_eq!(it.manager.credential().unwrap_err().code(), Code::AuthRefused);
}

#[tokio::test]
async fn nothing_is_handed_out_by_one_that_was_closed_while_it_was_made() {
    let it = inline(|_| {});
    meanwhile(&it, TokenManager::close);
    assert_eq!(it.manager.credential().unwrap_err().code(), Code::Closed);
}

/// A log in which each event waits until it is let begin, and until it is let end.
struct Hanging(std::sync::Barrier);

impl tracing::Subscriber for Hanging {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::span::Id {
        tracing::span::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::span::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::span::Id, _: &tracing::span::Id) {}
    fn event(&self, _: &tracing::Event<'_>) {
        self.0.wait();
        self.0.wait();
    }
    fn enter(&self, _: &tracing::span::Id) {}
    fn exit(&self, _: &tracing::span::Id) {}
}

#[tokio::test]
async fn t11_t20_a_log_that_hangs_holds_no_other_caller_and_little_memory() {
    let it = inline(|_| {});
    it.manager.token().unwrap();
    let log = Arc::new(Hanging(std::sync::Barrier::new(2)));
    let (manager, its) = (it.manager.clone(), Arc::clone(&log));
    let (got, caller) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        tracing::subscriber::with_default(its, || got.send(at_once(&manager).unwrap().unwrap().generation))
    });
    log.0.wait();
    let old = Arc::downgrade(&it.manager.credential().unwrap());
    for _ in 0..500 {
        it.manager.refresh().await.unwrap();
    }
    assert!(old.upgrade().is_some(), "its story is being told");
    let alive = Arc::downgrade(&it.manager.credential().unwrap());
    it.manager.refresh().await.unwrap();
    assert!(alive.upgrade().is_none(), "stories without end keep their tokens");
    // Whoever told them gets its own token after a few.
    for _ in 1..2 * 16 {
        log.0.wait();
    }
    assert_eq!(caller.recv_timeout(Duration::from_secs(20)).unwrap(), 2);
}

#[tokio::test]
async fn t19_t20_listeners_and_subscribers_are_told_in_order() {
    let it = inline(|_| {});
    let mut events = it.manager.events();
    let mut subscription = it.manager.subscribe().unwrap();
    for generation in 2..=10 {
        assert_eq!(at_once(&it.manager).unwrap().unwrap().generation, generation);
        assert_eq!(subscription.next().await.unwrap().generation, generation);
    }
    for generation in 1..=10 {
        let event = events.next().await.unwrap();
        assert_eq!((event.kind(), event.generation), (EventKind::EventFetched, generation));
    }
}
