//! Options of one call, in a cluster.

use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keyrotor::host::{Hosting, attend};
use keyrotor::{Batch, CallOptions, Callbacks, Client, Code, Error, Format, Routing, Value, cmd};
use keyrotor_emulator::Role;
use serde_json::json;

use crate::shared::{Cluster, request, wait};

/// What runs as often as one likes: writes of one value, reads of it, one at a time, many at once, and all together.
async fn round(client: &Client, options: &CallOptions, keys: &[String]) -> Result<(), Error> {
    let mut set = cmd("MSET");
    keys.iter().for_each(|key| drop(set.arg(key).arg("value").clone()));
    client.execute_with(&set, options).await?;
    let value = Value::BulkString(b"value".to_vec());
    assert_eq!(client.execute_with(cmd("GET").arg(&keys[0]), options).await?, value);
    let mut batch = Batch::new();
    keys.iter().for_each(|key| drop(batch.add(cmd("GET").arg(key).clone())));
    for reply in client.execute_batch_with(&batch, options).await? {
        assert_eq!(reply?, value);
    }
    client.execute_with(&cmd("DBSIZE"), options).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c17_what_may_run_twice_survives_drops_without_an_error() {
    let cluster = Cluster::shared().await;
    let request =
        request(cluster.emulator(), json!({"clientName": "again", "requestTimeout": 20_000})).to_string();
    for hosting in [Hosting::Runtime, Hosting::Callers] {
        let is_hosted = matches!(hosting, Hosting::Callers);
        let client =
            Client::hosted(request.as_bytes(), Format::Json, &Callbacks::new(), hosting).await.unwrap();
        let is_over = Arc::new(AtomicBool::new(false));
        let runtime = tokio::runtime::Handle::current();
        let callers: Vec<_> = (0..2)
            .map(|caller| {
                let (client, is_over, runtime) = (client.clone(), Arc::clone(&is_over), runtime.clone());
                thread::spawn(move || {
                    let keys: Vec<_> = (0..9).map(|key| format!("again:{caller}:{key}")).collect();
                    let options = CallOptions::new().idempotent();
                    let mut rounds = 0;
                    while !is_over.load(SeqCst) {
                        let work = round(&client, &options, &keys);
                        match is_hosted {
                            true => attend(work, || Ok::<(), Error>(())).unwrap().unwrap(),
                            false => runtime.block_on(work).unwrap(),
                        }
                        rounds += 1;
                    }
                    rounds
                })
            })
            .collect();
        for _ in 0..8 {
            wait(Duration::from_millis(100)).await;
            let record = cluster.emulator().record();
            let own = record.connections.iter().filter(|one| one.client_name.as_deref() == Some("again"));
            own.filter(|one| one.closed.is_none()).for_each(|one| {
                cluster.emulator().faults().kill(Some(one.id));
            });
        }
        is_over.store(true, SeqCst);
        for caller in callers {
            assert!(caller.join().unwrap() > 0);
        }
        assert!(client.stats().reconnects > 0);
    }
}

#[tokio::test]
async fn b09_a_call_to_a_node_that_says_nothing_ends_with_its_own_timeout() {
    let cluster = Cluster::shared().await;
    let nodes = cluster.emulator().nodes().await.unwrap();
    let primary = nodes.iter().position(|node| node.role == Some(Role::Primary)).unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let map = json!({cluster.emulator().addresses()[primary].to_string(): silent.local_addr().unwrap().to_string()});
    let client = cluster.client(json!({"nodeAddressMap": map, "connectionTimeout": 20_000})).await;
    let options = CallOptions::new().timeout(Duration::from_secs(2));
    let start = Instant::now();
    let keys = (0..30).map(|number| format!("silent:{number}"));
    let outcomes = join_all(keys.map(|key| {
        let (client, options) = (&client, &options);
        async move { client.execute_with(cmd("GET").arg(key), options).await }
    }));
    let failures: Vec<_> = outcomes.await.into_iter().filter_map(Result::err).collect();
    assert!((1..30).contains(&failures.len()), "{failures:?}");
    assert!(failures.iter().all(|error| error.code() == Code::RequestTimeout), "{failures:?}");
    assert!(start.elapsed() < Duration::from_secs(9), "{:?}", start.elapsed());
    assert_eq!(client.stats().in_flight, 0);
}

#[tokio::test]
async fn a_batch_goes_where_its_caller_says() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    let at = |routing| CallOptions::new().routing(routing);
    for mut batch in [Batch::new(), Batch::atomic()] {
        batch.add(cmd("CLUSTER").arg("MYID").clone()).unwrap();
        let mut names = Vec::new();
        for slot in [0, 8000, 16_383] {
            let replies = client.execute_batch_with(&batch, &at(Routing::Slot(slot))).await.unwrap();
            names.push(format!("{:?}", replies[0].as_ref().unwrap()));
        }
        names.dedup();
        assert_eq!(names.len(), 3, "{names:?}");
        let error = client.execute_batch_with(&batch, &at(Routing::AllNodes)).await.unwrap_err();
        assert_eq!(error.code(), Code::ArgumentInvalid);
    }
}
