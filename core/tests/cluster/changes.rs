//! The cluster changes under load.

use std::time::{Duration, Instant};

use keyrotor::{Batch, Client, Value, cmd};
use keyrotor_emulator::{Emulator, Reshard, Role};
use serde_json::json;

use crate::ledger::{Ledger, Tally};
use crate::shared::{client, start, valkey, wait};

/// Keys of all shards.
fn spread(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|number| format!("list:{number}"))
}

async fn until_role(emulator: &Emulator, node: usize, role: Role) {
    let start = Instant::now();
    while emulator.nodes().await.unwrap()[node].role != Some(role) {
        assert!(start.elapsed() < Duration::from_secs(30), "node {node} never became a {role:?}");
        wait(Duration::from_millis(50)).await;
    }
}

fn report(what: &str, tally: &Tally) {
    let Tally { done, in_doubt, failures, lost } = tally;
    println!(
        "{what}: {done} writes acknowledged, {lost} of them lost, {in_doubt} in doubt, {} failed",
        failures.len()
    );
}

#[tokio::test]
async fn c14_a_primary_that_is_killed_is_replaced_and_nothing_runs_twice() {
    let emulator = start(|config| config.node_timeout = Some(Duration::from_secs(1))).await;
    let client = client(&emulator, json!({})).await;
    let ledger = Ledger::open(&client, spread(12));
    ledger.all_write().await;
    let victim = emulator.faults().on(1).unwrap();
    victim.down().await.unwrap();
    ledger.all_write().await;
    until_role(&emulator, 4, Role::Primary).await;
    victim.up().await.unwrap();
    until_role(&emulator, 1, Role::Replica).await;
    ledger.all_write().await;
    let tally = ledger.close().await;
    report("kill -9 of a primary", &tally);
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
    assert!(tally.in_doubt <= 12, "{tally:?}");
}

#[tokio::test]
async fn c17_slots_that_move_under_load_cost_no_command_and_no_write() {
    let emulator = start(|config| config.server = Some(valkey())).await;
    let client = client(&emulator, json!({})).await;
    // Slot 0 moves first and with the most keys; pairs of its keys are apart for a while.
    let ledger = Ledger::open(&client, spread(6).chain((0..6).map(|number| format!("{{06S}}:{number}"))));
    for number in 0..200 {
        client.execute(cmd("SET").arg(format!("{{06S}}:filler:{number}")).arg("x")).await.unwrap();
    }
    ledger.all_write().await;
    for (from, to) in [(0, 2), (2, 0)] {
        let faults = emulator.faults();
        let pause = Duration::from_millis(5);
        let moving = tokio::spawn(async move {
            faults.reshard(&Reshard { slots: 60, from, to, batch: 10, pause }).await.unwrap()
        });
        let mut rounds = 0;
        while !moving.is_finished() {
            many_keys(&client).await;
            rounds += 1;
        }
        assert!(moving.await.unwrap() >= 200);
        assert!(rounds > 0);
        ledger.all_write().await;
    }
    let tally = ledger.close().await;
    report("resharding", &tally);
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
    assert_eq!((tally.in_doubt, tally.lost), (0, 0), "{tally:?}");
    let counter = client.execute(cmd("GET").arg("{06S}:counter")).await.unwrap();
    let again = client.execute(cmd("GET").arg("{06S}:again")).await.unwrap();
    assert_eq!(counter, again, "transactions ran in whole, or not at all");
}

/// What needs several keys of one slot, or goes in one piece.
async fn many_keys(client: &Client) {
    let keys: Vec<_> = (0..8).map(|number| format!("{{06S}}:filler:{}", number * 25)).collect();
    let values = client.execute(cmd("MGET").arg(&keys).arg("elsewhere")).await.unwrap();
    let Value::Array(values) = values else { panic!("{values:?}") };
    assert!(values[..8].iter().all(|value| *value == Value::BulkString(b"x".to_vec())), "{values:?}");
    let mut transaction = Batch::atomic();
    let mut pipeline = Batch::new();
    for key in ["{06S}:counter", "{06S}:again"] {
        transaction.add(cmd("INCR").arg(key).clone()).unwrap();
    }
    for key in &keys {
        pipeline.add(cmd("GET").arg(key).clone()).unwrap();
    }
    client.execute_batch(&transaction).await.unwrap();
    let replies = client.execute_batch(&pipeline).await.unwrap();
    assert!(
        replies.iter().all(|reply| *reply.as_ref().unwrap() == Value::BulkString(b"x".to_vec())),
        "{replies:?}"
    );
}

#[tokio::test]
async fn c14_every_node_is_restarted_in_turn_under_load() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({})).await;
    let ledger = Ledger::open(&client, spread(12));
    for node in 0..6 {
        ledger.all_write().await;
        let role = emulator.nodes().await.unwrap()[node].role;
        if role == Some(Role::Primary) {
            emulator.faults().failover(node % 3).await.unwrap();
            until_role(&emulator, node, Role::Replica).await;
        }
        let faults = emulator.faults().on(node).unwrap();
        faults.down().await.unwrap();
        // It is away, and may still be in the view: what is for all nodes does not wait for it.
        let start = Instant::now();
        let _ = client.execute(cmd("SCRIPT").arg("LOAD").arg("return 1")).await;
        assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
        ledger.all_write().await;
        faults.up().await.unwrap();
        until_role(&emulator, node, Role::Replica).await;
    }
    let tally = ledger.close().await;
    report("rolling restart", &tally);
    assert!(tally.failures.is_empty(), "{:?}", tally.failures);
}
