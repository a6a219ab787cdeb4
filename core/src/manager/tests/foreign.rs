//! Code that is not ours runs under no lock of ours.

use std::io;
use std::sync::OnceLock;

use super::alone::is_alone;
use super::*;

/// Until it fails for want of an answer.
async fn whole_life(it: &Setup) {
    let first = it.manager.credential_async().await.unwrap();
    it.manager.reject(first.generation);
    it.manager.credential_async().await.unwrap();
    it.source.fails.store(true, SeqCst);
    it.advance(1000).await;
    it.manager.token().unwrap_err();
    it.source.fails.store(false, SeqCst);
    it.advance(40).await;
    it.manager.token().unwrap();
    it.manager.close();
}

#[tokio::test]
async fn t11_a_log_that_asks_for_the_status_does_not_wait_for_itself() {
    let this = "t11_a_log_that_asks_for_the_status_does_not_wait_for_itself";
    if !is_alone(&format!("manager::tests::foreign::{this}")) {
        return;
    }
    for inline in [false, true] {
        let manager: Arc<OnceLock<TokenManager>> = Arc::default();
        let asking = Arc::clone(&manager);
        let lines = Arc::new(AtomicU32::new(0));
        let counting = Arc::clone(&lines);
        let log = tracing_subscriber::fmt().with_writer(move || {
            let manager = asking.get().unwrap();
            manager.status();
            let _ = manager.token();
            counting.fetch_add(1, SeqCst);
            io::sink()
        });
        let _while_we_test = tracing::subscriber::set_default(log.finish());
        let it = setup(|source| source.inline = inline);
        manager.set(it.manager.clone()).unwrap();
        whole_life(&it).await;
        assert!(lines.load(SeqCst) > 5, "{} lines, inline: {inline}", lines.load(SeqCst));
    }
}

#[tokio::test]
async fn t11_a_source_that_asks_for_the_status_does_not_wait_for_itself() {
    for inline in [false, true] {
        let it = setup(|source| source.inline = inline);
        let (manager, times) = (it.manager.clone(), Arc::new(AtomicU32::new(0)));
        let counting = Arc::clone(&times);
        *it.source.intrudes.lock().unwrap() = Some(Arc::new(move || {
            // `status` asks for the warnings, which come here again.
            if counting.fetch_add(1, SeqCst) % 2 == 0 {
                manager.status();
                counting.fetch_add(1, SeqCst);
            }
        }));
        whole_life(&it).await;
        assert!(times.load(SeqCst) > 5);
        it.source.intrudes.lock().unwrap().take();
    }
}

#[tokio::test]
async fn t07_a_log_that_panics_stops_no_token() {
    let log = tracing_subscriber::fmt().with_writer(|| -> io::Sink { panic!("scripted") });
    let it = setup(|_| {});
    let mut events = it.manager.events();
    let first = {
        let _for_a_moment = tracing::subscriber::set_default(log.finish());
        it.first_token().await
    };
    assert_eq!(it.manager.token().unwrap().expose(), first);
    it.manager.refresh().await.unwrap();
    assert_eq!(events.next().await.unwrap().generation, 2, "and later events are told");
}
