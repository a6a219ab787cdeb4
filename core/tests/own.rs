//! What runs on connections of its own: commands that wait, transactions over keys under watch; and scripts.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::time::{Duration, Instant};

use keyrotor::{Batch, Client, Code, ConnectionRole, Script, Value, cmd};
use keyrotor_emulator::{Closed, Emulator};
use serde_json::json;

fn relogins(emulator: &Emulator) -> Vec<u64> {
    emulator.record().connections.iter().map(|connection| connection.relogins).collect()
}

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

async fn run(client: &Client, words: &[&str]) -> Value {
    let mut command = cmd(words[0]);
    command.arg(&words[1..]);
    client.execute(&command).await.unwrap()
}

#[tokio::test]
async fn c11_a_command_that_waits_delays_nobody_and_nobodys_reauth() {
    let emulator = support::emulator(&["--token-life", "6", "--session-limit", "6"]).await;
    let client = support::client(&emulator, support::lives(6, 6)).await;
    let waiting = tokio::spawn({
        let client = client.clone();
        async move { client.execute(cmd("BLPOP").arg("queue").arg(30)).await }
    });
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    while start.elapsed() < Duration::from_secs(14) {
        let sent = Instant::now();
        run(&client, &["INCR", "counter"]).await;
        slowest = slowest.max(sent.elapsed());
    }
    run(&client, &["RPUSH", "queue", "job"]).await;
    // Two sessions went by while it waited: it logged in between its parts, and lost nothing.
    assert_eq!(waiting.await.unwrap().unwrap(), Value::Array(vec![bulk("queue"), bulk("job")]));
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    let record = emulator.record();
    assert_eq!((record.totals.session_limit_cuts, record.totals.logins_refused), (0, 0));
    assert!(relogins(&emulator).iter().any(|relogins| *relogins >= 2), "the shared connection was tended");
    assert_eq!(client.stats().failures, 0);
}

#[tokio::test]
async fn c11_a_few_connections_are_kept_and_used_again() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for _ in 0..5 {
        assert_eq!(run(&client, &["BLPOP", "empty", "0.01"]).await, Value::Nil);
    }
    assert_eq!(emulator.record().totals.connections, 2);
    let waits = (0..12).map(|_| run(&client, &["BLPOP", "empty", "0.2"]));
    futures_util::future::join_all(waits).await;
    let own = client.stats().connections.iter().filter(|it| it.role == ConnectionRole::Own).count();
    assert!((1..=8).contains(&own), "{own}");
}

/// How many connections the server keeps waiting in a BLPOP. It hears of one that is gone a moment after its client.
async fn waits_at_the_server(client: &Client) -> usize {
    let Value::VerbatimString { text, .. } = run(client, &["CLIENT", "LIST"]).await else {
        panic!("no text")
    };
    text.matches("cmd=blpop").count()
}

#[tokio::test]
async fn c11_a_wait_ends_with_the_client_and_a_given_up_one_takes_nothing() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let wait = |key: &'static str| {
        let client = client.clone();
        tokio::spawn(async move { client.execute(cmd("BLPOP").arg(key).arg(0)).await })
    };
    let (given_up, waiting) = (wait("one"), wait("two"));
    while waits_at_the_server(&client).await < 2 {
        tokio::task::yield_now().await;
    }
    given_up.abort();
    given_up.await.unwrap_err();
    while client.stats().connections.len() > 2 || waits_at_the_server(&client).await > 1 {
        tokio::task::yield_now().await;
    }
    run(&client, &["RPUSH", "one", "kept"]).await;
    assert_eq!(run(&client, &["LLEN", "one"]).await, Value::Int(1));
    client.close();
    let ended = tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    assert_eq!(ended.unwrap_err().code(), Code::Closed);
}

#[tokio::test]
async fn c09_a_transaction_over_watched_keys_runs_only_if_nobody_wrote() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    run(&client, &["SET", "stock", "5"]).await;
    let mut batch = Batch::atomic();
    batch.add(cmd("DECR").arg("stock").clone()).unwrap().add(cmd("GET").arg("stock").clone()).unwrap();

    let watch = client.watch(&["stock"]).await.unwrap();
    assert_eq!(watch.execute(cmd("GET").arg("stock")).await.unwrap(), bulk("5"));
    let done = watch.exec(&batch).await.unwrap().unwrap();
    assert_eq!(done.into_iter().map(Result::unwrap).collect::<Vec<_>>(), [Value::Int(4), bulk("4")]);

    let watch = client.watch(&["stock"]).await.unwrap();
    run(&client, &["SET", "stock", "9"]).await;
    assert!(watch.exec(&batch).await.unwrap().is_none());
    assert_eq!(run(&client, &["GET", "stock"]).await, bulk("9"));

    let watch = client.watch(&["stock"]).await.unwrap();
    watch.discard().await.unwrap();
    assert_eq!(emulator.record().totals.connections, 2, "one connection of its own, used again");
    let refused = client.watch(&["stock"]).await.unwrap().execute(&cmd("MULTI")).await.unwrap_err();
    assert_eq!(refused.code(), Code::CommandUnsupported);
}

#[tokio::test]
async fn c09_a_watch_past_its_lease_is_closed_with_an_error_that_says_so() {
    // The server cuts at 10 s; this client was told less, so that it is the first to see it.
    let emulator = support::emulator(&["--token-life", "10", "--session-limit", "10"]).await;
    let client = support::client(&emulator, support::lives(5, 5)).await;
    run(&client, &["SET", "key", "1"]).await;
    let watch = client.watch(&["key"]).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5200)).await;
    let mut batch = Batch::atomic();
    batch.add(cmd("INCR").arg("key").clone()).unwrap();
    let error = watch.exec(&batch).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthLeaseEnded);
    assert!(error.retryable());
    assert_eq!(run(&client, &["GET", "key"]).await, bulk("1"));
    let logins: Vec<_> = emulator.record().logins.into_iter().filter(|login| login.relogin).collect();
    assert!(logins.iter().all(|login| login.reason.is_none()), "no AUTH within the watch: {logins:?}");
    assert!(!emulator.record().connections.iter().any(|it| it.why == Some(Closed::SessionLimit)));
}

#[tokio::test]
async fn c09_a_forgotten_login_ends_a_watch_and_writes_nothing() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    run(&client, &["SET", "key", "1"]).await;
    let watch = client.watch(&["key"]).await.unwrap();
    emulator.faults().forget(None);
    let mut batch = Batch::atomic();
    batch.add(cmd("INCR").arg("key").clone()).unwrap();
    assert_eq!(watch.exec(&batch).await.unwrap_err().code(), Code::AuthRequired);
    assert_eq!(run(&client, &["GET", "key"]).await, bulk("1"));
}

#[tokio::test]
async fn a_script_goes_by_its_digest_and_whole_where_the_server_lost_it() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    for expected in [2, 4] {
        assert_eq!(client.execute_script(&script, &["sum"], &[2]).await.unwrap(), Value::Int(expected));
    }
    run(&client, &["SCRIPT", "FLUSH"]).await;
    assert_eq!(client.execute_script(&script, &["sum"], &[2]).await.unwrap(), Value::Int(6));
    let bad = Script::new("return redis.call('INCRBY', KEYS[1], 'x')");
    let error = client.execute_script(&bad, &["sum"], &[] as &[i64]).await.unwrap_err();
    assert_eq!(error.code(), Code::ServerError);
}
