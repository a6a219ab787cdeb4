//! Threads of a host's, which read the connections of the cluster themselves.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::SeqCst;
use std::thread;
use std::time::{Duration, Instant};

use keyrotor::host::{Hosting, attend};
use keyrotor::{Batch, Callbacks, Client, Code, Error, Format, Value, cmd};
use serde_json::json;

use crate::shared::{Cluster, request, wait};

/// On this thread, as a binding does.
fn run<T>(future: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    attend(future, || Ok::<(), Error>(()))?
}

/// A round of everything that has several nodes in it, or one. Whether all of it was answered.
fn round(client: &Client, thread: usize, number: usize) -> bool {
    let keys: Vec<_> = (0..9).map(|key| format!("hosted:{thread}:{key}")).collect();
    let mut set = cmd("MSET");
    keys.iter().for_each(|key| drop(set.arg(key).arg(number).clone()));
    let mut batch = Batch::new();
    keys.iter().for_each(|key| drop(batch.add(cmd("GET").arg(key).clone())));
    // Several things on each connection, for one thread.
    let mut wide = Batch::new();
    for command in [cmd("MGET").arg(&keys), cmd("MGET").arg(&keys), &mut cmd("DBSIZE"), &mut cmd("DBSIZE")] {
        drop(wide.add(command.clone()));
    }
    let work = || {
        run(client.execute(&set))?;
        let expected = Value::BulkString(number.to_string().into_bytes());
        assert_eq!(run(client.execute(cmd("GET").arg(&keys[0])))?, expected);
        assert_eq!(run(client.execute(cmd("MGET").arg(&keys)))?, Value::Array(vec![expected.clone(); 9]));
        for reply in run(client.execute_batch(&batch))? {
            assert_eq!(reply?, expected);
        }
        let values = Value::Array(vec![expected; 9]);
        for reply in run(client.execute_batch(&wide))?.into_iter().take(2) {
            assert_eq!(reply?, values);
        }
        run(client.execute(&cmd("DBSIZE")))
    };
    match work() {
        Ok(_) => true,
        Err(error) if error.code() == Code::NetworkDisconnected => false,
        Err(error) => panic!("{error:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn c17_a_hosts_threads_read_the_clusters_connections_themselves() {
    let cluster = Cluster::shared().await;
    let request = request(cluster.emulator(), json!({"clientName": "hosted"})).to_string();
    let client = thread::spawn(move || {
        run(Client::hosted(request.as_bytes(), Format::Json, &Callbacks::new(), Hosting::Callers)).unwrap()
    });
    let client = client.join().unwrap();
    let is_over = Arc::new(AtomicBool::new(false));
    let threads: Vec<_> = (0..4)
        .map(|index| {
            let (client, is_over) = (client.clone(), Arc::clone(&is_over));
            thread::spawn(move || {
                let (mut slowest, mut rounds, mut broken) = (Duration::ZERO, 0, 0);
                while !is_over.load(SeqCst) {
                    let start = Instant::now();
                    broken += usize::from(!round(&client, index, rounds));
                    slowest = slowest.max(start.elapsed());
                    rounds += 1;
                }
                (slowest, rounds, broken)
            })
        })
        .collect();
    for _ in 0..4 {
        wait(Duration::from_millis(400)).await;
        let record = cluster.emulator().record();
        let own = record.connections.iter().filter(|one| one.client_name.as_deref() == Some("hosted"));
        own.filter(|one| one.closed.is_none()).for_each(|one| {
            cluster.emulator().faults().kill(Some(one.id));
        });
    }
    wait(Duration::from_millis(400)).await;
    is_over.store(true, SeqCst);
    for thread in threads {
        let (slowest, rounds, broken) = thread.join().unwrap();
        println!(
            "a host's thread: {rounds} rounds, {broken} of them broken, the slowest took {} ms",
            slowest.as_millis()
        );
        assert!(rounds > broken + 5 && broken <= 12, "{rounds} rounds, {broken} broken");
        assert!(slowest < Duration::from_secs(3), "{slowest:?}");
    }
}
