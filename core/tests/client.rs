//! The client against the emulator in front of a real server, with faults made for real.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use keyrotor::{Batch, Client, Code, Error, Value, cmd};
use keyrotor_emulator::{Emulator, Outcome, Refuse};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Runs INCR without a pause for so long; the failures are returned.
async fn traffic(client: &Client, duration: Duration) -> Vec<Error> {
    let end = Instant::now() + duration;
    let mut failures = Vec::new();
    let mut last = 0;
    while Instant::now() < end {
        match client.execute(cmd("INCR").arg("counter")).await {
            Ok(Value::Int(reply)) => {
                assert!(reply > last);
                last = reply;
            }
            Ok(other) => panic!("{other:?}"),
            // A few say enough.
            Err(error) if failures.len() < 3 => failures.push(error),
            Err(_) => {}
        }
    }
    failures
}

/// How long it takes until a command succeeds again.
async fn recovery(client: &Client) -> Duration {
    let start = Instant::now();
    while let Err(error) = client.execute(&cmd("PING")).await {
        assert!(start.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

fn refused(emulator: &Emulator) -> usize {
    emulator.record().logins.iter().filter(|login| login.outcome == Outcome::Refused).count()
}

fn hashes(emulator: &Emulator) -> Vec<String> {
    emulator.record().logins.into_iter().map(|login| login.token_sha256).collect()
}

#[tokio::test]
async fn c03_a_cut_ten_seconds_after_each_login_is_never_met() {
    let emulator = support::emulator(&["--session-limit", "10"]).await;
    let client = support::client(&emulator, support::lives(900, 10)).await;
    let failures = traffic(&client, Duration::from_secs(60)).await;
    assert!(failures.is_empty(), "{failures:?}");
    let record = emulator.record();
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (1, 0));
    assert_eq!(client.stats().reconnects, 0);
    // Between 80 % and 95 % of 10 s: six or seven times in a minute, each with another token.
    assert!((6..=7).contains(&record.totals.relogins), "{:?}", record.totals);
    for pair in record.logins.windows(2) {
        let left = pair[1].lease_left_seconds.unwrap();
        assert_ne!(pair[0].token_sha256, pair[1].token_sha256);
        assert!(left > 9.0, "{left}");
        let apart = seconds(&pair[1].time) - seconds(&pair[0].time);
        let apart = if apart < 0.0 { apart + 60.0 } else { apart };
        assert!((7.95..=9.5).contains(&apart), "re-AUTH after {apart} s of 10");
    }
}

/// The seconds of an RFC 3339 time.
fn seconds(time: &str) -> f64 {
    time.trim_end_matches('Z').rsplit(':').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn c04_a_throttled_reauth_keeps_the_live_connection() {
    let emulator = support::emulator(&["--session-limit", "10"]).await;
    let client = support::client(&emulator, support::lives(900, 10)).await;
    tokio::time::sleep(Duration::from_millis(7500)).await;
    // Over the whole window in which the login is renewed, which ends before the lease does.
    emulator.faults().throttle(Some(Duration::from_millis(1800)));
    let failures = traffic(&client, Duration::from_secs(6)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "{failures:?} {:?}", record.logins);
    let throttled = record.logins.iter().filter(|login| login.reason == Some("throttled")).count();
    assert!(throttled >= 1, "{:?}", record.logins);
    assert_eq!((record.totals.connections, client.stats().reconnects), (1, 0));
}

#[tokio::test]
async fn c04_a_refused_reauth_is_followed_by_a_newer_token_on_the_live_connection() {
    let emulator = support::emulator(&["--session-limit", "8"]).await;
    let client = support::client(&emulator, support::lives(900, 8)).await;
    emulator.faults().refuse(Refuse { count: Some(1), ..Refuse::default() }).unwrap();
    let failures = traffic(&client, Duration::from_secs(9)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "{failures:?} {:?}", record.logins);
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (1, 0));
    assert_eq!((refused(&emulator), record.totals.relogins), (1, 1));
    let hashes = hashes(&emulator);
    assert_eq!(
        hashes.iter().collect::<std::collections::HashSet<_>>().len(),
        3,
        "each login has its own token"
    );
}

#[tokio::test]
async fn c04_a_reauth_refused_twice_replaces_the_connection_before_its_lease_ends() {
    let emulator = support::emulator(&["--session-limit", "20"]).await;
    let client = support::client(&emulator, support::lives(900, 20)).await;
    emulator.faults().refuse(Refuse { count: Some(2), ..Refuse::default() }).unwrap();
    let failures = traffic(&client, Duration::from_secs(22)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "the old connection serves until the new one is there: {failures:?}");
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (2, 0));
    assert_eq!((refused(&emulator), client.stats().reconnects), (2, 1));
}

#[tokio::test]
async fn c04_a_server_that_stalls_over_a_reauth_keeps_its_connection() {
    let emulator = support::emulator(&["--session-limit", "10"]).await;
    let patience =
        json!({"requestTimeout": 5000, "authenticationInfo": {"iamCredentials": {"leaseSeconds": 10}}});
    let client = support::client(&emulator, patience).await;
    tokio::time::sleep(Duration::from_millis(8500)).await;
    emulator.faults().stall(Duration::from_secs(1));
    let failures = traffic(&client, Duration::from_secs(5)).await;
    let record = emulator.record();
    assert!(failures.is_empty(), "{failures:?} {:?}", record.logins);
    assert_eq!((record.totals.connections, record.totals.session_limit_cuts), (1, 0));
}

#[tokio::test]
async fn c05_everything_dropped_while_the_token_is_dead() {
    let emulator = support::emulator(&["--token-life", "5"]).await;
    let client = support::client(&emulator, support::lives(5, 43_200)).await;
    emulator.faults().close_listener();
    emulator.faults().kill(None);
    tokio::time::sleep(Duration::from_secs(6)).await;
    emulator.faults().open_listener();
    let took = recovery(&client).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert!(refused(&emulator) <= 1);
}

#[tokio::test]
async fn c06_exactly_the_cached_token_is_refused() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().refuse(Refuse { current: true, ..Refuse::default() }).unwrap();
    emulator.faults().kill(None);
    let took = recovery(&client).await;
    assert!(took < Duration::from_secs(1), "{took:?}");
    assert_eq!(refused(&emulator), 1);
    let hashes = hashes(&emulator);
    assert_eq!(hashes.len(), 3);
    assert_eq!(hashes[0], hashes[1], "the cached token was refused");
    assert_ne!(hashes[1], hashes[2], "the second AUTH carries another");
}

#[tokio::test]
async fn t09_a_permanently_refused_identity_sends_at_most_ten_logins_in_thirty_seconds() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().refuse(Refuse::default()).unwrap();
    emulator.faults().kill(None);
    let end = Instant::now() + Duration::from_secs(30);
    while Instant::now() < end {
        let _ = client.execute(&cmd("PING")).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!((3..=10).contains(&refused(&emulator)), "{}", refused(&emulator));
    let error = client.execute(&cmd("PING")).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused);
}

#[tokio::test]
async fn s01_a_refusal_names_the_odd_name_first() {
    let emulator = support::emulator(&[]).await;
    let patch = json!({"authenticationInfo": {"iamCredentials": {"clusterName": "my-cluster.abc.cache.amazonaws.com"}}});
    let error = support::connect(&support::request(&emulator, patch)).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused);
    assert!(error.message().contains("looks like an endpoint"), "{error}");
}

#[tokio::test]
async fn c07_a_forgotten_login_is_healed_under_load() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for _ in 0..20 {
        emulator.faults().forget(None);
        let failures = traffic(&client, Duration::from_millis(30)).await;
        assert!(failures.is_empty(), "{failures:?}");
    }
    assert_eq!(emulator.record().totals.connections, 1);
}

#[tokio::test]
async fn c12_an_outage_of_logins_fails_fast_with_the_servers_text_and_heals() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    emulator.faults().unavailable(None);
    emulator.faults().kill(None);
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..20 {
        let start = Instant::now();
        let error = client.execute(&cmd("PING")).await.unwrap_err();
        assert!(start.elapsed() < Duration::from_millis(50), "{:?}", start.elapsed());
        assert_eq!((error.code(), error.retryable()), (Code::AuthUnavailable, true));
        assert_eq!(error.server_text(), Some("ERR service is not available"));
    }
    emulator.faults().clear();
    let took = recovery(&client).await;
    assert!(took < Duration::from_millis(1200), "{took:?}");
}

#[tokio::test]
async fn c12_a_server_that_says_nothing_is_a_timeout_of_its_own_kind() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let attempt = |tls: &str| {
        let request = json!({
            "addresses": [{"host": "127.0.0.1", "port": port}],
            "tlsMode": tls,
            "connectionTimeout": 200,
            "authenticationInfo": {"serverCredentials": {"username": "u", "password": "p"}}
        });
        async move { support::connect(&request).await.unwrap_err().code() }
    };
    assert_eq!(attempt("InsecureTls").await, Code::NetworkTlsTimeout);
    assert_eq!(attempt("NoTls").await, Code::AuthTimeout);
    drop(listener);
    assert_eq!(attempt("NoTls").await, Code::NetworkConnect);
}

#[tokio::test]
async fn c13_a_failed_connect_leaves_nothing_behind() {
    let emulator = support::emulator(&[]).await;
    emulator.faults().refuse(Refuse::default()).unwrap();
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let request = support::request(&emulator, json!({}));
    support::connect(&request).await.unwrap_err();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let record = emulator.record();
    assert!(
        record.connections.iter().all(|connection| connection.closed.is_some()),
        "{:?}",
        record.connections
    );
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}

/// A password's login is refused by the real server itself.
#[tokio::test]
async fn c13_a_refused_password_leaves_nothing_behind() {
    let emulator = support::emulator(&[]).await;
    let before = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let password = json!({"username": "iam-user-01", "password": "no token"});
    let patch = json!({"authenticationInfo": {"iamCredentials": null, "serverCredentials": password}});
    let error = support::connect(&support::request(&emulator, patch)).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let record = emulator.record();
    assert!(
        record.connections.iter().all(|connection| connection.closed.is_some()),
        "{:?}",
        record.connections
    );
    assert_eq!(refused(&emulator), 1, "a password that was refused is not sent again");
    assert_eq!(tokio::runtime::Handle::current().metrics().num_alive_tasks(), before);
}

#[tokio::test]
async fn c17_a_command_in_flight_at_a_drop_is_not_sent_again() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    client.execute(cmd("SET").arg("counter").arg(0)).await.unwrap();
    let mut disconnected = 0;
    let mut succeeded = 0;
    for round in 0..30 {
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let client = client.clone();
                tokio::spawn(async move { client.execute(cmd("INCR").arg("counter")).await })
            })
            .collect();
        if round % 3 == 0 {
            tokio::task::yield_now().await;
            emulator.faults().kill(None);
        }
        for call in calls {
            match call.await.unwrap() {
                Ok(_) => succeeded += 1,
                Err(error) if error.code() == Code::NetworkDisconnected => disconnected += 1,
                Err(error) => panic!("{error}"),
            }
        }
    }
    let Value::BulkString(counter) = client.execute(cmd("GET").arg("counter")).await.unwrap() else {
        panic!()
    };
    let counter: u64 = String::from_utf8(counter).unwrap().parse().unwrap();
    assert!(counter >= succeeded, "{counter} of {succeeded} acknowledged");
    assert!(
        counter <= succeeded + disconnected,
        "{counter}, {succeeded} acknowledged, {disconnected} in doubt"
    );
}

#[tokio::test]
async fn c18_forced_rotations_are_invisible() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let manager = client.token_manager().unwrap().clone();
    let rotating = tokio::spawn(async move {
        for _ in 0..100 {
            manager.refresh().await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    let failures = traffic(&client, Duration::from_secs(2)).await;
    rotating.await.unwrap();
    assert!(failures.is_empty(), "{failures:?}");
    assert!(client.status().unwrap().generation > 100);
}

#[tokio::test]
async fn batches_answer_one_by_one_and_transactions_as_one() {
    let emulator = support::emulator(&[]).await;
    for protocol in ["RESP3", "RESP2"] {
        let client = support::client(&emulator, json!({"protocol": protocol})).await;
        let mut batch = Batch::new();
        batch.add(cmd("SET").arg("a").arg("text").clone()).unwrap();
        batch.add(cmd("INCR").arg("a").clone()).unwrap();
        batch.add(cmd("GET").arg("a").clone()).unwrap();
        let replies = client.execute_batch(&batch).await.unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::Okay);
        assert_eq!(replies[1].as_ref().unwrap_err().code(), Code::ServerError);
        assert_eq!(replies[2].as_ref().unwrap(), &Value::BulkString(b"text".to_vec()));

        let mut transaction = Batch::atomic();
        transaction.add(cmd("SET").arg("b").arg(1).clone()).unwrap();
        transaction.add(cmd("INCR").arg("b").clone()).unwrap();
        let replies = client.execute_batch(&transaction).await.unwrap();
        assert_eq!(replies[1].as_ref().unwrap(), &Value::Int(2));

        let mut broken = Batch::atomic();
        broken.add(cmd("NOSUCHCOMMAND").clone()).unwrap();
        let error = client.execute_batch(&broken).await.unwrap_err();
        assert!(
            error.server_text().unwrap().contains("unknown command"),
            "the reason, not EXECABORT: {error}"
        );
        client.close();
    }
}

#[tokio::test]
async fn t18_close_ends_the_calls_that_wait() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"requestTimeout": 5000})).await;
    emulator.faults().stall(Duration::from_secs(5));
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.execute(&cmd("PING")).await })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    let start = Instant::now();
    client.close();
    assert_eq!(waiting.await.unwrap().unwrap_err().code(), Code::Closed);
    assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    assert_eq!(client.execute(&cmd("PING")).await.unwrap_err().code(), Code::Closed);
}

/// Redis itself cuts its errors at a NUL; a proxy in front of it may not. So this server is a socket.
#[tokio::test]
async fn c07_a_transaction_is_healed_too() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for round in 1..=3 {
        emulator.faults().forget(None);
        let mut transaction = Batch::atomic();
        transaction.add(cmd("INCR").arg("counter").clone()).unwrap();
        transaction.add(cmd("GET").arg("counter").clone()).unwrap();
        let replies = client.execute_batch(&transaction).await.unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::Int(round));
    }
    assert_eq!(emulator.record().totals.connections, 1);
}

/// Accepts, answers each with what it is told, and counts.
async fn raw_server(answer: &'static [u8], stays: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, SeqCst);
            let mut buffer = [0; 4096];
            // The login, then the two commands that name the library.
            for reply in [answer, b"+OK\r\n", b"+OK\r\n"] {
                if stream.read(&mut buffer).await.is_err() || stream.write_all(reply).await.is_err() {
                    break;
                }
            }
            if stays {
                kept.push(stream);
            }
        }
    });
    (port, count)
}

#[tokio::test]
async fn t17_a_server_that_repeats_the_login_leaks_nothing() {
    let answer =
        b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `app`, `hunter2`, \r\n";
    let (port, _) = raw_server(answer, true).await;
    let password = json!({"serverCredentials": {"username": "app", "password": "hunter2"}});
    let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}], "authenticationInfo": password});
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.server_text(), Some("ERR unknown command `HELLO`"));
    assert!(!format!("{error:?} {:?}", error.detail()).contains("hunter2"));
}

#[tokio::test]
async fn c12_a_server_that_reads_nothing_more_keeps_nobody_waiting() {
    let (port, _) = raw_server(b"+OK\r\n", true).await;
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": port}],
        "requestTimeout": 300,
        "protocol": "RESP2",
        "authenticationInfo": {"serverCredentials": {"username": "app", "password": "hunter2"}},
    });
    let client = support::connect(&request).await.unwrap();
    let set = cmd("SET").arg("key").arg(vec![b'x'; 1 << 20]).to_owned();
    // More than the socket's buffers take.
    for _ in 0..12 {
        let waited = tokio::time::timeout(Duration::from_secs(5), client.execute(&set)).await;
        assert_eq!(waited.expect("an end").unwrap_err().code(), Code::RequestTimeout);
    }
}

#[tokio::test]
async fn c12_a_server_that_drops_every_login_is_not_hammered() {
    let (port, count) = raw_server(b"+OK\r\n", false).await;
    let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}]});
    let _client = support::connect(&request).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let connections = count.load(SeqCst);
    assert!((2..40).contains(&connections), "{connections} connections in 2 s");
}

#[tokio::test]
async fn c04_a_connection_whose_server_fell_silent_is_replaced() {
    let (port, count) = raw_server(b"+OK\r\n", true).await;
    let mut request = support::request(&support::emulator(&[]).await, support::lives(900, 5));
    request["addresses"] = json!([{"host": "127.0.0.1", "port": port}]);
    request["tlsMode"] = json!("NoTls");
    request["allowPlaintext"] = json!(true);
    request["connectionTimeout"] = json!(300);
    request.as_object_mut().unwrap().remove("rootCerts");
    let _client = support::connect(&request).await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(count.load(SeqCst) >= 2, "{}", count.load(SeqCst));
}

#[tokio::test]
async fn b01_a_nul_in_a_server_error_is_just_a_byte() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"-ODD a\0b\r\n").await.unwrap();
        stream
    });
    let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}]});
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.server_text(), Some("ODD a\0b"), "{error:?}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_limit_of_requests_in_flight_is_kept() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"inflightRequestsLimit": 5})).await;
    let calls: Vec<_> = (0..50)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.execute(&cmd("PING")).await })
        })
        .collect();
    let mut limited = 0;
    for call in calls {
        match call.await.unwrap() {
            Ok(_) => {}
            Err(error) => {
                assert_eq!(error.code(), Code::RequestLimit);
                limited += 1;
            }
        }
    }
    assert!(limited > 0);
    client.execute(&cmd("PING")).await.unwrap();
    assert_eq!(client.stats().in_flight, 0);
}

#[test]
fn a_client_outside_any_runtime_runs_on_keyrotors_own_thread() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let emulator = runtime.block_on(support::emulator(&[]));
    let request = support::request(&emulator, json!({})).to_string();
    assert_eq!(ping_from_this_thread(&request).unwrap(), Value::SimpleString("PONG".into()));
    // Without credentials nothing but the client itself keeps that thread alive.
    let anonymous = support::request(&emulator, json!({"authenticationInfo": null, "protocol": "RESP2"}));
    assert_eq!(ping_from_this_thread(&anonymous.to_string()).unwrap_err().code(), Code::AuthRequired);
}

fn ping_from_this_thread(request: &str) -> Result<Value, Error> {
    let connecting = Client::from_request(request.as_bytes(), keyrotor::Format::Json);
    let client = keyrotor::host::wait_for(connecting)?;
    keyrotor::host::wait_for(client.execute(&cmd("PING")))
}
