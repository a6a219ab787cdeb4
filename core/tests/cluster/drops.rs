//! Connections break, logins lapse, nodes fall silent.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use keyrotor::{Batch, Client, Code, cmd};
use keyrotor_emulator::{Connection, Emulator, Outcome};
use serde_json::{Value, json};

use crate::ledger::Ledger;
use crate::shared::{self, Cluster, client, start, wait};
use crate::support;

/// A key of each shard.
const KEYS: [&str; 3] = ["bar", "c", "foo"];

fn spread(prefix: &str, count: usize) -> impl Iterator<Item = String> + use<'_> {
    (0..count).map(move |number| format!("{prefix}:{number}"))
}

async fn until(holds: impl Fn() -> bool, otherwise: &str) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < Duration::from_secs(10), "{otherwise}");
        wait(Duration::from_millis(10)).await;
    }
}

async fn short_lived(tokens: u32, change: impl FnOnce(&mut keyrotor_emulator::Config)) -> Emulator {
    start(|config| {
        config.token_life = Some(Duration::from_secs(tokens.into()));
        change(config);
    })
    .await
}

fn refused(emulator: &Emulator) -> usize {
    emulator.record().logins.iter().filter(|login| login.outcome == Outcome::Refused).count()
}

/// Reads until it succeeds.
async fn read(client: &Client, key: &str) {
    let start = Instant::now();
    while let Err(error) = client.execute(cmd("GET").arg(key)).await {
        assert!(start.elapsed() < Duration::from_secs(10), "{error}");
        wait(Duration::from_millis(5)).await;
    }
}

fn with_lives(token: u32, lease: u32, more: Value) -> Value {
    let mut patch = support::lives(token, lease);
    support::merge(&mut patch, more);
    patch
}

#[tokio::test]
async fn c14_all_nodes_drop_twenty_clients_while_the_token_is_dead() {
    let emulator = short_lived(5, |_| ()).await;
    // Nothing renews the token while nobody asks for one: it dies with all connections idle.
    let request = with_lives(5, 43_200, json!({"readFrom": "PreferReplica", "lazyRefresh": true}));
    let clients = join_all((0..20).map(|_| client(&emulator, request.clone()))).await;
    until(|| emulator.record().totals.logins_accepted >= 120, "not all nodes are connected to").await;
    for client in &clients {
        join_all(KEYS.map(|key| read(client, key))).await;
    }
    wait(Duration::from_secs(6)).await;
    let fetches = || clients[0].status().unwrap().generation;
    let (fetched, refused_before) = (fetches(), refused(&emulator));
    let back = Instant::now();
    assert!(emulator.faults().kill(None) >= 120);
    join_all(clients.iter().flat_map(|client| KEYS.map(|key| read(client, key)))).await;
    let took = back.elapsed();
    println!("all nodes dropped: 20 clients read from all shards again after {} ms", took.as_millis());
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(fetches() - fetched, 1);
    assert!(refused(&emulator) - refused_before <= 1);
}

#[tokio::test]
async fn c14_a_node_that_was_away_for_longer_than_the_token_lives_heals_and_the_others_serve_meanwhile() {
    let emulator = short_lived(5, |_| ()).await;
    let client = client(&emulator, with_lives(5, 43_200, json!({}))).await;
    join_all(KEYS.map(|key| read(&client, key))).await;
    let node = emulator.faults().on(0).unwrap();
    node.close_listener();
    node.kill(None);
    let away = Instant::now();
    let mut slowest = Duration::ZERO;
    while away.elapsed() < Duration::from_secs(6) {
        for key in &KEYS[1..] {
            let start = Instant::now();
            client.execute(cmd("GET").arg(key)).await.unwrap();
            slowest = slowest.max(start.elapsed());
        }
        wait(Duration::from_millis(10)).await;
    }
    node.open_listener();
    let back = Instant::now();
    client.execute(cmd("GET").arg(KEYS[0])).await.unwrap();
    assert!(back.elapsed() < Duration::from_secs(1), "{:?}", back.elapsed());
    println!("a node away for 6 s: the slowest command to another took {} ms", slowest.as_millis());
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
    assert_eq!(refused(&emulator), 0);
}

#[tokio::test]
async fn c14_a_node_that_says_nothing_delays_no_other() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({"requestTimeout": 2000})).await;
    join_all(KEYS.map(|key| read(&client, key))).await;
    emulator.faults().on(0).unwrap().stall(Duration::from_secs(4));
    let silent = {
        let client = client.clone();
        tokio::spawn(async move { client.execute(cmd("GET").arg(KEYS[0])).await })
    };
    let (mut slowest, mut count) = (Duration::ZERO, 0);
    // Through the time-out of the silent node's command, and what follows it.
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(3) {
        let one = Instant::now();
        client.execute(cmd("SET").arg(KEYS[1 + count % 2]).arg(count)).await.unwrap();
        slowest = slowest.max(one.elapsed());
        count += 1;
    }
    assert_eq!(silent.await.unwrap().unwrap_err().code(), Code::RequestTimeout);
    println!("a silent node: {count} commands to others, the slowest took {} ms", slowest.as_millis());
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[tokio::test]
async fn c14_a_node_that_answers_no_login_delays_no_other_login() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({"connectionTimeout": 1000})).await;
    join_all(KEYS.map(|key| read(&client, key))).await;
    let silent = emulator.faults().on(0).unwrap();
    silent.stall(Duration::from_secs(8));
    silent.kill(None);
    let start = Instant::now();
    let mut slowest = Duration::ZERO;
    while start.elapsed() < Duration::from_secs(5) {
        emulator.faults().on(1).unwrap().kill(None);
        let dropped = Instant::now();
        read(&client, KEYS[1]).await;
        slowest = slowest.max(dropped.elapsed());
        // Connections that live long are replaced at once.
        wait(Duration::from_millis(500)).await;
    }
    println!("a node that answers no login: another was back after {} ms at most", slowest.as_millis());
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

#[tokio::test]
async fn c17_commands_in_flight_at_a_drop_are_not_sent_again() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({"clientName": "c17"})).await;
    let ledger = Ledger::open(&client, spread("c17", 9));
    for _ in 0..10 {
        ledger.all_write().await;
        let record = cluster.emulator().record();
        let open = |one: &&Connection| one.closed.is_none() && one.client_name.as_deref() == Some("c17");
        record.connections.iter().filter(open).for_each(|one| {
            cluster.emulator().faults().kill(Some(one.id));
        });
    }
    ledger.all_write().await;
    let tally = ledger.close().await;
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
    assert_eq!(tally.lost, 0, "{tally:?}");
    assert!(tally.in_doubt <= 90, "{tally:?}");
}

#[tokio::test]
async fn c05_a_cluster_is_found_again_after_all_of_it_was_away() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({"readFrom": "PreferReplica", "requestTimeout": 500})).await;
    join_all(KEYS.map(|key| read(&client, key))).await;
    emulator.faults().close_listener();
    emulator.faults().kill(None);
    // The first one may find out that the connection is lost.
    client.execute(cmd("GET").arg(KEYS[0])).await.unwrap_err();
    let error = client.execute(cmd("GET").arg(KEYS[0])).await.unwrap_err();
    assert!(matches!(error.code(), Code::NetworkConnect | Code::NetworkTls), "{error}");
    wait(Duration::from_secs(1)).await;
    emulator.faults().open_listener();
    let back = Instant::now();
    join_all(KEYS.map(|key| read(&client, key))).await;
    assert!(back.elapsed() < Duration::from_secs(1), "{:?}", back.elapsed());
}

#[tokio::test]
async fn c07_forgotten_logins_are_healed_under_load() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({})).await;
    let ledger = Ledger::open(&client, spread("c07", 9));
    let mut pipeline = Batch::new();
    for key in KEYS {
        pipeline.add(cmd("INCR").arg(key).clone()).unwrap();
        pipeline.add(cmd("INCR").arg(key).clone()).unwrap();
    }
    ledger.all_write().await;
    let connections = || emulator.record().totals.connections;
    let before = connections();
    for round in 1..=10 {
        ledger.all_write().await;
        emulator.faults().forget(None);
        let replies = client.execute_batch(&pipeline).await.unwrap();
        for pair in replies.chunks(2) {
            assert_eq!(pair[1].as_ref().unwrap(), &keyrotor::Value::Int(2 * round));
        }
    }
    let tally = ledger.close().await;
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
    assert_eq!((tally.in_doubt, tally.lost), (0, 0), "{tally:?}");
    assert_eq!(connections(), before, "healed on the connections that there were");
}

#[tokio::test]
async fn c18_rotations_and_logins_on_every_node_are_invisible() {
    let emulator = start(|config| config.session_limit = Some(Duration::from_secs(6))).await;
    let client = client(&emulator, with_lives(900, 5, json!({}))).await;
    let manager = client.token_manager().unwrap().clone();
    let ledger = Ledger::open(&client, spread("c18", 9));
    for _ in 0..300 {
        manager.refresh().await.unwrap();
        wait(Duration::from_millis(20)).await;
    }
    let tally = ledger.close().await;
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
    assert_eq!((tally.in_doubt, tally.lost), (0, 0), "{tally:?}");
    let totals = emulator.record().totals;
    assert!(totals.relogins >= 3 && totals.session_limit_cuts == 0, "{totals:?}");
    assert!(client.status().unwrap().generation > 300);
}

#[tokio::test]
async fn c13_a_refused_cluster_client_leaves_nothing_behind() {
    let cluster = Cluster::shared().await;
    let before = cluster.emulator().record().totals.connections;
    let wrong =
        json!({"clientName": "c13", "authenticationInfo": {"iamCredentials": {"username": "nobody"}}});
    let error = support::connect(&shared::request(cluster.emulator(), wrong)).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRefused, "{error}");
    let closed = |one: &Connection| one.closed.is_some();
    let peers =
        || cluster.emulator().record().logins.into_iter().filter(|login| login.user == "nobody").count();
    let seen = peers();
    wait(Duration::from_secs(1)).await;
    let record = cluster.emulator().record();
    let own = record.logins.iter().filter(|login| login.user == "nobody").map(|login| login.connection);
    let own: Vec<_> = own.collect();
    assert!(record.connections.iter().filter(|one| own.contains(&one.id)).all(closed), "{before}");
    assert_eq!(peers(), seen);
}

#[tokio::test]
async fn t18_close_ends_every_connection_and_task_of_a_cluster() {
    let cluster = Cluster::shared().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let open = || {
        let own = |one: &&Connection| one.closed.is_none() && one.client_name.as_deref() == Some("t18");
        cluster.emulator().record().connections.iter().filter(own).count()
    };
    let before = tasks();
    for round in 0..10 {
        let client = cluster.client(json!({"readFrom": "PreferReplica", "clientName": "t18"})).await;
        join_all(KEYS.map(|key| read(&client, key))).await;
        if round == 0 {
            until(|| open() == 6, "not all nodes are connected to").await;
        }
        if round % 2 == 0 {
            client.close();
            let error = client.execute(cmd("GET").arg("foo")).await.unwrap_err();
            assert_eq!(error.code(), Code::Closed);
        }
    }
    until(|| open() == 0, "connections are left").await;
    until(|| tasks() <= before, "tasks are left").await;
}
