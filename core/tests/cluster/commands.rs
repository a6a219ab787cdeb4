//! Commands find their nodes.

use keyrotor::{Batch, Client, Cmd, Code, Error, IdentityState, Routing, Value, cmd};
use serde_json::json;

use crate::shared::{self, Cluster};
use crate::support;

fn command(text: &str) -> Cmd {
    let mut words = text.split(' ');
    let mut command = cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command
}

async fn run(client: &Client, text: &str) -> Value {
    client.execute(&command(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(text: impl ToString) -> Value {
    Value::BulkString(text.to_string().into_bytes())
}

/// Keys of all three shards, with a prefix that no other test has.
fn keys(prefix: &str) -> Vec<String> {
    (0..30).map(|number| format!("{prefix}:{number}")).collect()
}

#[tokio::test]
async fn c01_each_node_of_a_cluster_logs_in_as_the_iam_user() {
    let cluster = Cluster::shared().await;
    for protocol in ["RESP3", "RESP2"] {
        let client = cluster.client(json!({"protocol": protocol, "verifyIdentity": true})).await;
        let who = client.execute_on(&command("ACL WHOAMI"), &Routing::AllNodes).await.unwrap();
        let Value::Map(names) = who else { panic!("{who:?}") };
        assert_eq!(names.len(), 6);
        assert!(names.iter().all(|(_, name)| *name == text("iam-user-01")), "{names:?}");
    }
}

#[tokio::test]
async fn c01_nodes_that_do_not_say_whose_login_it_is_are_unknown_or_refused() {
    let cluster = Cluster::shared().await;
    let as_mute = |field: &str| {
        let info = json!({"iamCredentials": {"username": "mute"}});
        json!({"authenticationInfo": info, field: true})
    };
    let client = cluster.client(as_mute("verifyIdentity")).await;
    client.execute_on(&command("PING"), &Routing::AllNodes).await.unwrap();
    let connections = client.stats().connections;
    assert!(connections.len() >= 6, "{connections:?}");
    assert!(connections.iter().all(|one| one.identity == IdentityState::Unknown), "{connections:?}");
    assert_eq!(client.status().unwrap().identity(), IdentityState::Unknown);

    let request = shared::request(cluster.emulator(), as_mute("requireIdentity"));
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthIdentityUnknown);
    assert!(error.server_text().unwrap().starts_with("NOPERM"), "{error}");
    let client = cluster.client(json!({"requireIdentity": true})).await;
    client.execute(&command("PING")).await.unwrap();
    assert_eq!(client.status().unwrap().identity(), IdentityState::Verified);
}

#[tokio::test]
async fn c01_each_key_is_read_where_it_was_written() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    for key in keys("each") {
        assert_eq!(run(&client, &format!("SET {key} {key}")).await, Value::Okay);
        assert_eq!(run(&client, &format!("get {key}")).await, text(&key));
    }
    run(&client, "XGROUP CREATE stream group 0 MKSTREAM").await;
    run(&client, "XADD stream * field value").await;
    assert_ne!(run(&client, "XREADGROUP GROUP group me COUNT 1 STREAMS stream >").await, Value::Nil);
    assert_eq!(run(&client, "EVAL return{KEYS[1]} 1 some-key").await, Value::Array(vec![text("some-key")]));
}

#[tokio::test]
async fn c01_keys_of_many_slots_are_one_command() {
    let cluster = Cluster::shared().await;
    for protocol in ["RESP3", "RESP2"] {
        let client = cluster.client(json!({"protocol": protocol})).await;
        let keys = keys(protocol);
        let mut set = cmd("MSET");
        keys.iter().for_each(|key| drop(set.arg(key).arg(format!("value of {key}")).clone()));
        assert_eq!(client.execute(&set).await.unwrap(), Value::Okay);
        let values = client.execute(cmd("MGET").arg(&keys).arg("missing")).await.unwrap();
        let mut expected: Vec<_> = keys.iter().map(|key| text(format!("value of {key}"))).collect();
        expected.push(Value::Nil);
        assert_eq!(values, Value::Array(expected));
        let count = |number: usize| Value::Int(number.try_into().unwrap());
        let many = |name| cmd(name).arg(&keys).clone();
        assert_eq!(client.execute(&many("EXISTS")).await.unwrap(), count(30));
        assert_eq!(client.execute(&many("TOUCH")).await.unwrap(), count(30));
        assert_eq!(client.execute(cmd("DEL").arg(&keys[..10])).await.unwrap(), count(10));
        assert_eq!(client.execute(&many("UNLINK")).await.unwrap(), count(20));
    }
    let client = cluster.client(json!({})).await;
    let error = client.execute(&command("SUNION a b")).await.unwrap_err();
    assert!(error.server_text().unwrap().starts_with("CROSSSLOT"), "{error}");
}

#[tokio::test]
async fn c01_what_is_for_all_nodes_is_one_reply() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    let keys = keys("all");
    for key in &keys {
        run(&client, &format!("SET {key} 1")).await;
    }
    let Value::Array(found) = run(&client, "KEYS all:*").await else { panic!() };
    assert_eq!(found.len(), keys.len());
    let Value::Int(size) = run(&client, "DBSIZE").await else { panic!() };
    assert!(size >= 30);
    assert_eq!(run(&client, "PING").await, Value::SimpleString("PONG".into()));
    assert_ne!(run(&client, "RANDOMKEY").await, Value::Nil);
    let Value::Map(infos) = run(&client, "INFO server").await else { panic!() };
    assert_eq!(infos.len(), 3);
    let hash = run(&client, "SCRIPT LOAD return(7)").await;
    let Value::BulkString(hash) = hash else { panic!("{hash:?}") };
    let hash = String::from_utf8(hash).unwrap();
    let known = run(&client, &format!("SCRIPT EXISTS {hash} {}", "0".repeat(40))).await;
    assert_eq!(known, Value::Array(vec![Value::Int(1), Value::Int(0)]));
    for key in &keys {
        assert_eq!(run(&client, &format!("EVALSHA {hash} 1 {key}")).await, Value::Int(7));
    }
}

#[tokio::test]
async fn c01_a_caller_can_say_where() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    let addresses = cluster.emulator().addresses();
    let at = |index: usize| Routing::Address {
        host: addresses[index].ip().to_string(),
        port: addresses[index].port(),
    };
    let on = async |text: &str, routing: Routing| client.execute_on(&command(text), &routing).await;
    let id = async |routing| on("CLUSTER MYID", routing).await.unwrap();
    // Slot 0 is the first shard's, and "foo" (slot 12182) the last one's.
    assert_eq!(id(Routing::Slot(0)).await, id(at(0)).await);
    assert_eq!(id(Routing::Key(b"foo".to_vec())).await, id(at(2)).await);
    assert_ne!(id(at(0)).await, id(at(3)).await);
    id(Routing::Random).await;
    let moved = on("SET foo 1", at(0)).await.unwrap_err();
    assert!(moved.server_text().unwrap().starts_with("MOVED 12182"), "{moved}");
    let count = async |routing| match on("CLUSTER MYID", routing).await.unwrap() {
        Value::Map(replies) => replies.len(),
        other => panic!("{other:?}"),
    };
    assert_eq!((count(Routing::AllPrimaries).await, count(Routing::AllNodes).await), (3, 6));
    assert_eq!(on("PING", Routing::Slot(16_384)).await.unwrap_err().code(), Code::ArgumentInvalid);
    // Each node's keys, by its own cursor.
    assert_eq!(client.execute(&command("SCAN 0")).await.unwrap_err().code(), Code::ArgumentInvalid);
    let Value::Array(_) = on("SCAN 0", at(0)).await.unwrap() else { panic!() };
}

#[tokio::test]
async fn one_server_is_all_nodes() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    for routing in [Routing::AllNodes, Routing::Slot(3), Routing::Random] {
        client.execute_on(&command("PING"), &routing).await.unwrap();
    }
    let elsewhere = Routing::Address { host: "elsewhere".into(), port: 1 };
    let error = client.execute_on(&command("PING"), &elsewhere).await.unwrap_err();
    assert_eq!(error.code(), Code::ArgumentInvalid);
    let clustered = support::request(&emulator, json!({"clusterModeEnabled": true}));
    let error = support::connect(&clustered).await.unwrap_err();
    assert!(error.message().contains("unset cluster_mode_enabled"), "{error}");
}

#[tokio::test]
async fn c01_a_pipeline_over_all_shards_is_answered_in_order() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    let mut batch = Batch::new();
    for key in keys("pipeline") {
        batch.add(command(&format!("SET {key} {key}"))).unwrap();
        batch.add(command(&format!("GET {key}"))).unwrap();
    }
    batch.add(command("INCR pipeline:1")).unwrap();
    batch.add(command("MGET pipeline:1 pipeline:2 pipeline:3")).unwrap();
    batch.add(command("SCAN 0")).unwrap();
    let replies = client.execute_batch(&batch).await.unwrap();
    assert_eq!(replies.len(), batch.len());
    for (index, key) in keys("pipeline").iter().enumerate() {
        assert_eq!(replies[2 * index].as_ref().unwrap(), &Value::Okay);
        assert_eq!(replies[2 * index + 1].as_ref().unwrap(), &text(key));
    }
    let codes = |reply: &Result<Value, Error>| reply.as_ref().unwrap_err().code();
    assert_eq!((codes(&replies[60]), codes(&replies[62])), (Code::ServerError, Code::ArgumentInvalid));
    // It may have run beside those that set them.
    let Value::Array(values) = replies[61].as_ref().unwrap() else { panic!() };
    assert_eq!(values.len(), 3);
}

#[tokio::test]
async fn c01_a_transaction_runs_in_one_slot() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    let mut batch = Batch::atomic();
    batch.add(command("SET {cart}:1 1")).unwrap();
    batch.add(command("INCR {cart}:1")).unwrap();
    let replies = client.execute_batch(&batch).await.unwrap();
    assert_eq!(replies[1].as_ref().unwrap(), &Value::Int(2));
    batch.add(command("GET other")).unwrap();
    let error = client.execute_batch(&batch).await.unwrap_err();
    assert_eq!(error.code(), Code::ArgumentInvalid);
    assert!(error.message().contains("\"{cart}:1\" and \"other\""), "{error}");
}

/// How many commands each node's primary and replica ran, by their own account.
async fn calls(client: &Client, name: &str) -> Vec<(bool, u64)> {
    let stats = client.execute_on(&command("INFO commandstats"), &Routing::AllNodes).await.unwrap();
    let roles = client.execute_on(&command("INFO replication"), &Routing::AllNodes).await.unwrap();
    let (Value::Map(stats), Value::Map(roles)) = (stats, roles) else { panic!() };
    let text = |value: &Value| match value {
        Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Value::VerbatimString { text, .. } => text.clone(),
        other => panic!("{other:?}"),
    };
    let count = |stats: &str| -> u64 {
        let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls=")));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    };
    let pairs = stats.iter().zip(&roles);
    pairs.map(|((_, stats), (_, role))| (text(role).contains("role:slave"), count(&text(stats)))).collect()
}

#[tokio::test]
async fn c01_replicas_answer_reads_where_the_request_prefers_them() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({"readFrom": "PreferReplica"})).await;
    let keys = keys("replica");
    // A command that no other test sends.
    let read = |key: &str| command(&format!("STRLEN {key}"));
    for key in &keys {
        run(&client, &format!("SET {key} value")).await;
    }
    // Connections to replicas are made meanwhile; until then the primaries answer.
    let mut before = calls(&client, "strlen").await;
    for _ in 0..100 {
        before = calls(&client, "strlen").await;
        for key in &keys {
            client.execute(&read(key)).await.unwrap();
        }
        let after = calls(&client, "strlen").await;
        if before.iter().zip(&after).all(|(before, after)| before.0 != (before.1 == after.1)) {
            break;
        }
        shared::wait(std::time::Duration::from_millis(20)).await;
    }
    let after = calls(&client, "strlen").await;
    let ran: u64 = after.iter().zip(&before).map(|(after, before)| after.1 - before.1).sum();
    assert_eq!(ran, 30, "all of the last round, and none at a primary: {before:?} {after:?}");
    let at_primaries = after.iter().zip(&before).filter(|(after, before)| !after.0 && after.1 > before.1);
    assert_eq!(at_primaries.count(), 0, "{before:?} {after:?}");
}

#[tokio::test]
async fn a_lazy_client_finds_the_cluster_with_its_first_command() {
    let cluster = Cluster::shared().await;
    let connections = || {
        let record = cluster.emulator().record();
        record.connections.iter().filter(|one| one.client_name.as_deref() == Some("lazy")).count()
    };
    let client = cluster.client(json!({"lazyConnect": true, "clientName": "lazy"})).await;
    assert_eq!(connections(), 0);
    assert_eq!(run(&client, "SET lazy 1").await, Value::Okay);
    let made = connections();
    assert!((1..=2).contains(&made), "one to find the cluster, one to the key's node: {made}");
}
