//! Writes under load, each told apart from all others, so that what became of it can be read afterwards.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use keyrotor::{Client, Code, Error, Value, cmd};
use tokio::task::JoinHandle;

use crate::shared::wait;

/// Writers, each with a list of its own to which it appends 1, 2, 3 …, one after the other.
pub(crate) struct Ledger {
    client: Client,
    writers: Vec<(String, JoinHandle<Book>)>,
    /// What each has had acknowledged; the end when it is told to stop.
    progress: Arc<Vec<AtomicU64>>,
    is_over: Arc<std::sync::atomic::AtomicBool>,
}

/// What became of one writer's writes, as far as it was told.
#[derive(Default)]
struct Book {
    done: BTreeSet<u64>,
    in_doubt: BTreeSet<u64>,
    not_done: Vec<(u64, Error)>,
}

/// What became of all writes, as the lists show.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: usize,
    pub(crate) in_doubt: usize,
    /// What the failures said that are none of the connection's.
    pub(crate) failures: Vec<Error>,
    /// Acknowledged, and not there.
    pub(crate) lost: usize,
}

impl Ledger {
    /// Begins to write under these keys.
    pub(crate) fn open(client: &Client, keys: impl IntoIterator<Item = String>) -> Self {
        let keys: Vec<_> = keys.into_iter().collect();
        let progress: Arc<Vec<_>> = Arc::new(keys.iter().map(|_| AtomicU64::new(0)).collect());
        let is_over = Arc::default();
        let writer = |(index, key): (usize, String)| {
            let (client, progress, is_over) = (client.clone(), Arc::clone(&progress), Arc::clone(&is_over));
            let writing = write(client, key.clone(), progress, index, is_over);
            (key, tokio::spawn(writing))
        };
        let writers = keys.into_iter().enumerate().map(writer).collect();
        Self { client: client.clone(), writers, progress, is_over }
    }

    /// Waits until every writer has had a write acknowledged that it began after this.
    pub(crate) async fn all_write(&self) {
        let before: Vec<_> = self.progress.iter().map(|count| count.load(SeqCst)).collect();
        let start = Instant::now();
        // The one that was on its way may have begun before.
        while self.progress.iter().zip(&before).any(|(now, before)| now.load(SeqCst) < before + 2) {
            assert!(start.elapsed() < Duration::from_secs(30), "a writer stands still");
            wait(Duration::from_millis(5)).await;
        }
    }

    /// Ends the writing and compares what was said with what is there. Nothing may have run twice or out of order, and
    /// nothing that was said not to have run may be there.
    pub(crate) async fn close(self) -> Tally {
        self.is_over.store(true, SeqCst);
        let mut tally = Tally::default();
        for (key, writer) in self.writers {
            let book = writer.await.unwrap();
            let there = list(&self.client, &key).await;
            assert!(there.is_sorted_by(|one, next| one < next), "{key}: something ran twice: {there:?}");
            let there: BTreeSet<u64> = there.into_iter().collect();
            let untold =
                there.iter().find(|number| !book.done.contains(number) && !book.in_doubt.contains(number));
            assert_eq!(
                untold, None,
                "{key}: it ran, and its caller was told that it had not: {:?}",
                book.not_done
            );
            tally.lost += book.done.difference(&there).count();
            tally.done += book.done.len();
            tally.in_doubt += book.in_doubt.len();
            tally.failures.extend(book.not_done.into_iter().map(|(_, error)| error));
        }
        tally
    }
}

async fn write(
    client: Client,
    key: String,
    progress: Arc<Vec<AtomicU64>>,
    index: usize,
    is_over: Arc<std::sync::atomic::AtomicBool>,
) -> Book {
    let mut book = Book::default();
    for number in 1.. {
        if is_over.load(SeqCst) {
            break;
        }
        match client.execute(cmd("RPUSH").arg(&key).arg(number)).await {
            Ok(_) => {
                book.done.insert(number);
                progress[index].fetch_add(1, SeqCst);
            }
            Err(error) if matches!(error.code(), Code::NetworkDisconnected | Code::RequestTimeout) => {
                book.in_doubt.insert(number);
            }
            Err(error) => book.not_done.push((number, error)),
        }
        // Room for the servers, on a machine that has few cores.
        wait(Duration::from_millis(1)).await;
    }
    book
}

async fn list(client: &Client, key: &str) -> Vec<u64> {
    let Value::Array(items) = client.execute(cmd("LRANGE").arg(key).arg(0).arg(-1)).await.unwrap() else {
        panic!()
    };
    let number = |item: Value| match item {
        Value::BulkString(digits) => String::from_utf8(digits).unwrap().parse().unwrap(),
        other => panic!("{other:?}"),
    };
    items.into_iter().map(number).collect()
}
