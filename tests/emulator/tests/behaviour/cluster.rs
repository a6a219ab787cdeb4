//! Cluster mode, with the servers of both kinds: what clients see of it, and what can be done to it.

use crate::support::{Client, Draft, NOAUTH, SERVERS, Value, WRONGPASS, config, start, until, wait};
use keyrotor_emulator::{Certificate, Closed, Config, Emulator, Node, Refuse, Reshard, Role, Switches};
use std::path::Path;
use std::time::Duration;

fn clustered(server: &Path) -> Config {
    Config { server: Some(server.to_owned()), shards: 3, replicas: 1, ..config() }
}

async fn logged_in_at(emulator: &Emulator, node: usize) -> Client {
    let mut client = Client::connect_to(emulator, node).await;
    client.login(0).await;
    client
}

/// Until the nodes are as they should be, at most half a minute.
async fn until_nodes(emulator: &Emulator, are: impl Fn(&[Node]) -> bool) -> Vec<Node> {
    for _ in 0..600 {
        let nodes = emulator.nodes().await.expect("the nodes");
        if are(&nodes) {
            return nodes;
        }
        wait(50).await;
    }
    panic!("never seen: {:#?}", emulator.nodes().await)
}

/// The ports that a reply names, be it texts, numbers or parts of both.
fn ports(value: &Value, found: &mut Vec<u16>) {
    match value {
        Value::Integer(number) => found.extend(u16::try_from(*number).ok().filter(|port| *port > 16_384)),
        Value::List(values) | Value::Map(values) => values.iter().for_each(|value| ports(value, found)),
        Value::Bulk(bytes) => {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let places = text.split_whitespace().filter_map(|word| word.strip_prefix("127.0.0.1:"));
            found.extend(places.filter_map(|place| place.split(['@', ',']).next()?.parse::<u16>().ok()));
        }
        _ => {}
    }
}

#[tokio::test]
async fn the_topology_names_the_emulators_addresses() {
    for server in SERVERS.iter() {
        let emulator = start(clustered(server)).await;
        let mut expected: Vec<_> = emulator.addresses().iter().map(|address| address.port()).collect();
        expected.sort_unstable();
        for (node, protocol) in [(0, "2"), (1, "3"), (5, "2")] {
            let mut client = Client::connect_to(&emulator, node).await;
            let token = Draft::new(0).sign();
            client.call(&["HELLO", protocol, "AUTH", "app", &token]).await;
            for asked in ["SLOTS", "SHARDS", "NODES"] {
                let mut found = Vec::new();
                ports(&client.call(&["CLUSTER", asked]).await, &mut found);
                found.sort_unstable();
                assert_eq!(found, expected, "{} {asked} of node {node}", server.display());
            }
            // Inside a transaction too.
            client.call(&["MULTI"]).await;
            client.call(&["CLUSTER", "SLOTS"]).await;
            let mut found = Vec::new();
            ports(&client.call(&["EXEC"]).await, &mut found);
            assert_eq!(found.len(), 6);
        }
    }
}

#[tokio::test]
async fn a_key_of_another_node_is_there_where_moved_says() {
    for server in SERVERS.iter() {
        let emulator = start(clustered(server)).await;
        let addresses = emulator.addresses();
        let mut first = logged_in_at(&emulator, 0).await;
        // Slot 12182, the last shard's.
        let moved = Value::error(&format!("MOVED 12182 {}", addresses[2]));
        assert_eq!(first.call(&["SET", "foo", "1"]).await, moved);
        assert_eq!(first.call(&["EVAL", "return redis.call('GET', KEYS[1])", "1", "foo"]).await, moved);
        let mut third = logged_in_at(&emulator, 2).await;
        assert_eq!(third.call(&["SET", "foo", "1"]).await, Value::ok());
        assert_eq!(third.call(&["WAIT", "1", "5000"]).await, Value::Integer(1));
        // The replica of the last shard.
        let mut replica = logged_in_at(&emulator, 5).await;
        assert_eq!(replica.call(&["GET", "foo"]).await, moved);
        assert_eq!(replica.call(&["READONLY"]).await, Value::ok());
        assert_eq!(replica.call(&["GET", "foo"]).await, Value::bulk("1"));
        let record = emulator.record();
        let at: Vec<_> = record.logins.iter().map(|login| login.node).collect();
        assert_eq!(at, [0, 2, 5]);
        let at: Vec<_> = record.connections.iter().map(|connection| connection.node).collect();
        assert_eq!(at, [0, 2, 5], "the servers' own connections are no clients");
        assert_eq!(record.totals.connections, 3);
    }
}

#[tokio::test]
async fn a_replica_takes_over_on_command_and_without_loss() {
    for server in SERVERS.iter() {
        let emulator = start(clustered(server)).await;
        let mut old = logged_in_at(&emulator, 0).await;
        assert_eq!(old.call(&["SET", "{bar}", "1"]).await, Value::ok());
        assert_eq!(emulator.faults().failover(0).await.expect("a failover"), 3);
        let nodes = until_nodes(&emulator, |nodes| nodes[0].role == Some(Role::Replica)).await;
        assert_eq!(nodes[3].role, Some(Role::Primary));
        assert_eq!((nodes[0].slots.clone(), nodes[3].slots.clone()), (vec![], vec![(0, 5460)]));
        let moved = Value::error(&format!("MOVED 5061 {}", emulator.addresses()[3]));
        assert_eq!(old.call(&["GET", "{bar}"]).await, moved);
        let mut new = logged_in_at(&emulator, 3).await;
        assert_eq!(new.call(&["GET", "{bar}"]).await, Value::bulk("1"));
        assert_eq!(emulator.faults().failover(0).await.expect("and back"), 0);
    }
}

#[tokio::test]
async fn a_node_that_is_down_is_replaced_and_comes_back_as_a_replica() {
    for server in SERVERS.iter() {
        let emulator = start(clustered(server)).await;
        let mut client = logged_in_at(&emulator, 1).await;
        let node = emulator.faults().on(1).expect("a node");
        node.down().await.expect("down");
        assert!(client.is_closed().await);
        let address = emulator.addresses()[1];
        let refused = Client::try_connect_to(&emulator, address).await.err().expect("nobody there");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        let record = until(&emulator, |record| record.connections[0].why.is_some()).await;
        assert_eq!(record.connections[0].why, Some(Closed::Backend));
        let nodes = until_nodes(&emulator, |nodes| nodes[4].role == Some(Role::Primary)).await;
        assert_eq!((nodes[1].up, nodes[1].role, nodes[4].slots.clone()), (false, None, vec![(5461, 10_921)]));
        node.up().await.expect("up");
        until_nodes(&emulator, |nodes| nodes[1].role == Some(Role::Replica)).await;
        let mut back = logged_in_at(&emulator, 1).await;
        assert_eq!(back.call(&["READONLY"]).await, Value::ok());
        assert_eq!(emulator.faults().failover(1).await.expect("a failover"), 1);
    }
}

#[tokio::test]
async fn slots_move_with_their_keys_and_ask_is_seen() {
    for server in SERVERS.iter() {
        let emulator = start(Config { replicas: 0, ..clustered(server) }).await;
        let mut source = logged_in_at(&emulator, 0).await;
        // All of them in slot 0.
        let keys: Vec<_> = (0..10).map(|number| format!("{{06S}}{number}")).collect();
        for key in &keys {
            assert_eq!(source.call(&["SET", key, key]).await, Value::ok());
        }
        assert_eq!(source.call(&["CLUSTER", "KEYSLOT", &keys[0]]).await, Value::Integer(0));
        let mut target = logged_in_at(&emulator, 1).await;
        let pause = Duration::from_secs(2);
        let faults = emulator.faults();
        let reshard = Reshard { slots: 1, from: 0, to: 1, batch: keys.len(), pause };
        let moving = tokio::spawn(async move { faults.reshard(&reshard).await });
        let ask = Value::error(&format!("ASK 0 {}", emulator.addresses()[1]));
        let mut seen = false;
        while !moving.is_finished() && !seen {
            seen = source.call(&["GET", &keys[9]]).await == ask;
        }
        assert!(seen, "no ASK");
        let moved = Value::error(&format!("MOVED 0 {}", emulator.addresses()[0]));
        assert_eq!(target.call(&["GET", &keys[9]]).await, moved);
        assert_eq!(target.call(&["ASKING"]).await, Value::ok());
        assert_eq!(target.call(&["GET", &keys[9]]).await, Value::bulk(&keys[9]));
        assert_eq!(moving.await.expect("a task").expect("a reshard"), keys.len());
        assert_eq!(target.call(&["GET", &keys[9]]).await, Value::bulk(&keys[9]));
        let moved = Value::error(&format!("MOVED 0 {}", emulator.addresses()[1]));
        assert_eq!(source.call(&["GET", &keys[9]]).await, moved);
        let nodes = emulator.nodes().await.expect("the nodes");
        assert_eq!((nodes[0].slots[0].0, nodes[1].slots[0]), (1, (0, 0)));
    }
}

#[tokio::test]
async fn a_cluster_whose_servers_are_restarted_is_still_one() {
    let emulator = start(Config { replicas: 0, ..clustered(&SERVERS[0]) }).await;
    let before = emulator.nodes().await.expect("the nodes");
    let mut client = logged_in_at(&emulator, 2).await;
    assert_eq!(client.call(&["SET", "foo", "1"]).await, Value::ok());
    emulator.faults().restart_backend().await.expect("a restart");
    assert!(client.is_closed().await);
    assert_eq!(until_nodes(&emulator, |nodes| nodes.iter().all(|node| node.up)).await, before);
    let mut client = logged_in_at(&emulator, 2).await;
    // A primary refuses commands for its first two seconds.
    for _ in 0..600 {
        let reply = client.call(&["GET", "foo"]).await;
        if !matches!(&reply, Value::Error(text) if text.starts_with("CLUSTERDOWN")) {
            assert_eq!(reply, Value::Null, "its data are gone");
            return;
        }
        wait(50).await;
    }
    panic!("the cluster stays down");
}

#[tokio::test]
async fn faults_can_be_aimed_at_a_node() {
    let emulator = start(Config { replicas: 0, ..clustered(&SERVERS[0]) }).await;
    let all = emulator.faults();
    let second = all.on(1).expect("a node");
    let (mut zero, mut one) = (logged_in_at(&emulator, 0).await, logged_in_at(&emulator, 1).await);
    let token = Draft::new(1).sign();
    let refused = || Value::error(WRONGPASS);
    second.refuse(Refuse::default()).expect("a fault");
    assert_eq!(zero.call(&["AUTH", "app", &token]).await, Value::ok());
    assert_eq!(one.call(&["AUTH", "app", &token]).await, refused());
    all.refuse(Refuse { count: Some(1), ..Refuse::default() }).expect("a fault");
    assert_eq!(zero.call(&["AUTH", "app", &token]).await, refused());
    assert_eq!(zero.call(&["AUTH", "app", &token]).await, Value::ok(), "one for all nodes");
    second.clear();
    assert_eq!(one.call(&["AUTH", "app", &token]).await, Value::ok());
    second.stall(Duration::from_secs(60));
    assert_eq!(zero.call(&["PING"]).await, Value::Simple("PONG".into()));
    one.send(b"PING\r\n").await;
    assert!(one.is_silent(100).await);
    second.certificate(Certificate::Expired);
    second.close_listener();
    Client::connect_to(&emulator, 0).await;
    assert!(Client::try_connect_to(&emulator, emulator.addresses()[1]).await.is_err());
    all.clear();
    assert_eq!(one.reply().await, Value::Simple("PONG".into()));
    assert_eq!((second.forget(None), second.kill(None)), (1, 1));
    assert!(one.is_closed().await);
    assert_eq!(zero.call(&["PING"]).await, Value::Simple("PONG".into()));
    Client::connect_to(&emulator, 1).await.login(0).await;
}

#[tokio::test]
async fn a_cluster_without_tls_works_too() {
    let emulator = start(Config { plaintext: true, ..clustered(&SERVERS[0]) }).await;
    let mut client = Client::plain(&emulator).await;
    client.login(0).await;
    assert_eq!(client.call(&["SET", "{bar}", "1"]).await, Value::ok());
    assert_eq!(client.call(&["WAIT", "1", "5000"]).await, Value::Integer(1));
    assert_eq!(emulator.record().totals.connections, 1, "replicas are no clients");
    assert_eq!(emulator.faults().kill(None), 1);
    assert!(client.is_closed().await);
    emulator.stop().await;
}

#[tokio::test]
async fn without_tls_a_stranger_gets_no_further_than_a_ping() {
    let emulator = start(Config { replicas: 0, ..clustered(&SERVERS[0]) }).await;
    let token = Draft::new(0).sign();
    let mut client = Client::plain(&emulator).await;
    assert!(matches!(client.call(&["PING"]).await, Value::Error(text) if text.starts_with("NOAUTH")));
    client.send(&crate::support::encode(&["AUTH", "app", &token])).await;
    assert!(client.is_closed().await);
    let mut client = Client::plain(&emulator).await;
    client.send(b"INFO\r\n").await;
    assert!(client.is_closed().await);
    assert!(emulator.record().logins.is_empty());
}

/// They ask whether somebody is there before they log in, which is no client's impatience.
#[tokio::test]
async fn the_clusters_own_servers_may_knock() {
    let switches = Switches { most_unauthenticated: Some(1), ..Switches::default() };
    let emulator = start(Config { shards: 1, replicas: 1, switches, ..config() }).await;
    let mut client = Client::connect(&emulator).await;
    assert_eq!(client.call(&["PING"]).await, Value::error(NOAUTH));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let emulator = start(config()).await;
    let faults = emulator.faults();
    for (error, word) in [
        (faults.failover(0).await.expect_err("no cluster"), "cluster"),
        (faults.reshard(&Reshard::default()).await.expect_err("no cluster"), "cluster"),
        (faults.on(1).expect_err("no node"), "node"),
    ] {
        assert!(error.to_string().starts_with(&format!("fault `{word}`")), "{error}");
    }
    assert_eq!(emulator.nodes().await.expect("one")[0].role, Some(Role::Primary));
    let emulator = start(Config { shards: 1, ..config() }).await;
    let faults = emulator.faults();
    for (error, word) in [
        (faults.failover(0).await.expect_err("no replica"), "shard"),
        (faults.failover(1).await.expect_err("no shard"), "shard"),
        (faults.reshard(&Reshard::default()).await.expect_err("no shard"), "to"),
        (faults.reshard(&Reshard { to: 0, ..Reshard::default() }).await.expect_err("the same"), "to"),
    ] {
        assert!(error.to_string().starts_with(&format!("fault `{word}`")), "{error}");
    }
}
