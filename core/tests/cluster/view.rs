//! How the client comes to know who has what.

use std::time::{Duration, Instant};

use keyrotor::{Client, Code, cmd};
use serde_json::{Map, json};

use crate::shared::{self, Cluster, client, start, wait};
use crate::support;

fn addresses(client: &Client) -> Vec<String> {
    client.stats().connections.into_iter().map(|connection| connection.address).collect()
}

/// Waits until a client has a connection to this address.
async fn connects_to(client: &Client, address: &str) -> bool {
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(5) {
        if addresses(client).iter().any(|other| other == address) {
            return true;
        }
        wait(Duration::from_millis(50)).await;
    }
    false
}

#[tokio::test]
async fn c14_a_failover_is_noticed_without_traffic_where_the_nodes_are_asked_now_and_then() {
    let emulator = start(|_| ()).await;
    let every_second = json!({"periodicChecksManualInterval": {"durationInSec": 1}});
    let asks_nodes = client(&emulator, every_second.clone()).await;
    let asks_never = client(&emulator, json!({"periodicChecksDisabled": {}})).await;
    let mut patch = every_second;
    support::merge(&mut patch, json!({"refreshTopologyFromInitialNodes": true, "clientName": "initial"}));
    let asks_initial = client(&emulator, patch).await;
    let at_first = |record: keyrotor_emulator::Record| {
        let named = record.connections.iter().filter(|one| one.client_name.as_deref() == Some("initial"));
        named.filter(|one| one.node == 0).count()
    };
    let heir = emulator.addresses()[3].to_string();
    assert!(!addresses(&asks_nodes).contains(&heir));
    emulator.faults().failover(0).await.unwrap();
    assert!(connects_to(&asks_nodes, &heir).await, "{:?}", addresses(&asks_nodes));
    assert!(connects_to(&asks_initial, &heir).await, "{:?}", addresses(&asks_initial));
    // The request's address is a name that no node has: each time it is a connection of its own.
    assert!(at_first(emulator.record()) >= 3);
    assert!(!addresses(&asks_never).contains(&heir), "nothing called for it");
    for client in [&asks_never, &asks_nodes, &asks_initial] {
        client.execute(cmd("INCR").arg("bar")).await.unwrap();
    }
    assert!(connects_to(&asks_never, &heir).await, "MOVED says so too");
}

#[tokio::test]
async fn nodes_are_reached_where_the_map_says() {
    let cluster = Cluster::shared().await;
    let ports: Vec<_> = cluster.emulator().addresses().iter().map(|address| address.port()).collect();
    let pairs = ports.iter().map(|port| (format!("127.0.0.1:{port}"), json!(format!("localhost:{port}"))));
    let map: Map<_, _> = pairs.collect();
    let client = cluster.client(json!({"nodeAddressMap": map})).await;
    for key in ["bar", "c", "foo"] {
        client.execute(cmd("SET").arg(key).arg(1)).await.unwrap();
    }
    let addresses = addresses(&client);
    assert_eq!(addresses.len(), 3, "the connection that found the cluster is one of them: {addresses:?}");
    assert!(addresses.iter().all(|address| address.starts_with("localhost:")), "{addresses:?}");
}

#[tokio::test]
async fn c01_any_address_that_answers_leads_to_the_cluster() {
    let cluster = Cluster::shared().await;
    let port = cluster.emulator().address().port();
    let nowhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let two = json!([{"host": "localhost", "port": nowhere}, {"host": "localhost", "port": port}]);
    let client = cluster.client(json!({"addresses": two})).await;
    client.execute(cmd("SET").arg("foo").arg(1)).await.unwrap();
    let none = json!({"addresses": [{"host": "localhost", "port": nowhere}]});
    let error = support::connect(&shared::request(cluster.emulator(), none)).await.unwrap_err();
    assert_eq!(error.code(), Code::NetworkConnect);
}

#[tokio::test]
async fn c12_an_outage_of_logins_fails_fast_in_a_cluster_too() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({})).await;
    for key in ["bar", "c", "foo"] {
        client.execute(cmd("SET").arg(key).arg(1)).await.unwrap();
    }
    emulator.faults().unavailable(None);
    emulator.faults().kill(None);
    let outage = Instant::now();
    // Until each node has found out.
    wait(Duration::from_secs(1)).await;
    let mut slowest = Duration::ZERO;
    while outage.elapsed() < Duration::from_secs(3) {
        for key in ["bar", "c", "foo"] {
            let start = Instant::now();
            let error = client.execute(cmd("GET").arg(key)).await.unwrap_err();
            slowest = slowest.max(start.elapsed());
            assert_eq!(error.code(), Code::AuthUnavailable, "{error}");
            assert_eq!(error.server_text(), Some("ERR service is not available"));
        }
        wait(Duration::from_millis(20)).await;
    }
    assert!(slowest < Duration::from_millis(200), "{slowest:?}");
    emulator.faults().clear();
    let healed = Instant::now();
    for key in ["bar", "c", "foo"] {
        while client.execute(cmd("GET").arg(key)).await.is_err() {
            assert!(healed.elapsed() < Duration::from_secs(3), "not healed");
            wait(Duration::from_millis(10)).await;
        }
    }
}
