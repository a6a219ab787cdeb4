//! Connections of one caller's own: what waits, watches or listens.

use std::time::{Duration, Instant};

use keyrotor::{Batch, PubSubEvent, Value, cmd};
use keyrotor_emulator::Reshard;
use serde_json::json;

use crate::shared::{Cluster, client, start, wait};

fn bulk(text: &str) -> Value {
    Value::BulkString(text.as_bytes().to_vec())
}

#[tokio::test]
async fn c11_a_command_waits_at_the_node_that_has_its_key() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    for key in ["c11:1", "c11:2", "c11:3", "c11:4"] {
        let waiting = {
            let client = client.clone();
            tokio::spawn(async move { client.execute(cmd("BLPOP").arg(key).arg(20)).await })
        };
        client.execute(cmd("RPUSH").arg(key).arg("item")).await.unwrap();
        assert_eq!(waiting.await.unwrap().unwrap(), Value::Array(vec![bulk(key), bulk("item")]));
    }
    let error = client.execute(cmd("BLPOP").arg("c11:1").arg("c11:2").arg(1)).await.unwrap_err();
    assert!(error.server_text().unwrap().starts_with("CROSSSLOT"), "{error}");
}

#[tokio::test]
async fn c11_a_command_that_waits_follows_its_key() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({})).await;
    let pop = || {
        let client = client.clone();
        tokio::spawn(async move { client.execute(cmd("BLPOP").arg("{06S}list").arg(20)).await })
    };
    // The client learns of the first node, then the slot leaves it, slowly: there is a time of ASK, then of MOVED.
    client.execute(cmd("RPUSH").arg("{06S}list").arg(1)).await.unwrap();
    pop().await.unwrap().unwrap();
    client.execute(cmd("SET").arg("{06S}filler").arg("x")).await.unwrap();
    let faults = emulator.faults();
    let pause = Duration::from_millis(500);
    let moving = tokio::spawn(async move {
        faults.reshard(&Reshard { slots: 1, from: 0, to: 1, batch: 1, pause }).await.unwrap()
    });
    let mut number = 2;
    while !moving.is_finished() {
        client.execute(cmd("RPUSH").arg("{06S}list").arg(number)).await.unwrap();
        let popped = pop().await.unwrap().unwrap();
        assert_eq!(popped, Value::Array(vec![bulk("{06S}list"), bulk(&number.to_string())]));
        number += 1;
    }
    moving.await.unwrap();
    let waiting = pop();
    client.execute(cmd("RPUSH").arg("{06S}list").arg(number)).await.unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn c14_a_command_that_waits_goes_on_at_the_new_primary() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({"requestTimeout": 2000})).await;
    let waiting = {
        let client = client.clone();
        tokio::spawn(async move { client.execute(cmd("BLPOP").arg("bar").arg(60)).await })
    };
    // Longer than any other command may take.
    wait(Duration::from_millis(2500)).await;
    emulator.faults().failover(0).await.unwrap();
    client.execute(cmd("RPUSH").arg("bar").arg("item")).await.unwrap();
    assert_eq!(waiting.await.unwrap().unwrap(), Value::Array(vec![bulk("bar"), bulk("item")]));
}

/// A primary that has become a replica takes a WATCH of a client that reads replicas, and refuses the EXEC alone.
#[tokio::test]
async fn c14_a_watch_goes_on_at_the_new_primary() {
    let emulator = start(|_| ()).await;
    let client = client(&emulator, json!({"readFrom": "PreferReplica", "periodicChecksDisabled": {}})).await;
    let mut batch = Batch::atomic();
    batch.add(cmd("INCR").arg("bar").clone()).unwrap();
    let once = async || {
        let watch = client.watch(&["bar"]).await?;
        watch.execute(cmd("GET").arg("bar")).await?;
        watch.exec(&batch).await
    };
    once().await.unwrap().unwrap();
    emulator.faults().failover(0).await.unwrap();
    let end = Instant::now() + Duration::from_secs(10);
    let outcome = loop {
        match once().await {
            Err(_) if Instant::now() < end => wait(Duration::from_millis(20)).await,
            outcome => break outcome,
        }
    };
    let replies = outcome.unwrap().unwrap();
    assert_eq!(replies[0].as_ref().unwrap(), &Value::Int(2));
}

#[tokio::test]
async fn a_watch_is_kept_by_the_node_that_has_its_keys() {
    let cluster = Cluster::shared().await;
    let client = cluster.client(json!({})).await;
    for key in ["watch:1", "watch:2", "watch:3", "watch:4"] {
        let mut batch = Batch::atomic();
        batch.add(cmd("INCR").arg(key).clone()).unwrap();
        let watch = client.watch(&[key]).await.unwrap();
        assert_eq!(watch.execute(cmd("GET").arg(key)).await.unwrap(), Value::Nil);
        client.execute(cmd("SET").arg(key).arg(1)).await.unwrap();
        assert!(watch.exec(&batch).await.unwrap().is_none(), "somebody was faster");
        let watch = client.watch(&[key]).await.unwrap();
        let replies = watch.exec(&batch).await.unwrap().unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::Int(2));
    }
}

#[tokio::test]
async fn c10_what_is_published_anywhere_in_the_cluster_is_heard() {
    let cluster = Cluster::shared().await;
    for protocol in ["RESP3", "RESP2"] {
        let client = cluster.client(json!({"protocol": protocol})).await;
        let subscriber = client.subscriber().await.unwrap();
        let channel = format!("news:{protocol}");
        subscriber.subscribe(&[&channel]).await.unwrap();
        for number in 0..6 {
            client.execute(cmd("PUBLISH").arg(&channel).arg(number)).await.unwrap();
            let PubSubEvent::Message(message) = subscriber.next().await.unwrap() else { panic!() };
            assert_eq!(message.payload, number.to_string().as_bytes());
            wait(Duration::from_millis(1)).await;
        }
    }
}
