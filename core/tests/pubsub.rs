//! Subscriptions against the emulator in front of a real server: rotations, cuts, outages.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::time::{Duration, Instant};

use keyrotor::{Client, Code, Gap, PubSubEvent, Subscriber, cmd};
use serde_json::{Value as Json, json};

const PATIENCE: Duration = Duration::from_secs(20);

async fn next(subscriber: &Subscriber) -> PubSubEvent {
    tokio::time::timeout(PATIENCE, subscriber.next()).await.unwrap().unwrap()
}

/// The numbers that came, in order, up to `last`; and the gaps.
async fn numbers(subscriber: &Subscriber, last: u64) -> (Vec<u64>, Vec<Gap>) {
    let (mut numbers, mut gaps) = (Vec::new(), Vec::new());
    while numbers.last() != Some(&last) {
        match next(subscriber).await {
            PubSubEvent::Message(message) => {
                numbers.push(std::str::from_utf8(&message.payload).unwrap().parse().unwrap());
            }
            PubSubEvent::Gap(gap) => gaps.push(gap),
            _ => {}
        }
    }
    (numbers, gaps)
}

/// Publishes numbers from 1 for so long, and returns the last.
async fn publish(client: &Client, duration: Duration) -> u64 {
    let end = Instant::now() + duration;
    let mut number = 0;
    while Instant::now() < end {
        number += 1;
        client.execute(cmd("PUBLISH").arg("news").arg(number)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    number
}

#[tokio::test]
async fn c10_c18_over_a_thousand_rotations_no_message_is_lost_and_no_command_fails() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"requestTimeout": 20_000})).await;
    let subscriber = client.subscriber().await.unwrap();
    subscriber.subscribe(&["news"]).await.unwrap();
    let rotating = tokio::spawn({
        let client = client.clone();
        async move {
            for _ in 0..1000 {
                client.token_manager().unwrap().refresh().await.unwrap();
                client.reauthenticate_now().await.unwrap();
            }
        }
    });
    let mut published = 0;
    while !rotating.is_finished() {
        published += 1;
        client.execute(cmd("PUBLISH").arg("news").arg(published)).await.unwrap();
    }
    rotating.await.unwrap();
    let (numbers, gaps) = numbers(&subscriber, published).await;
    assert_eq!((numbers, gaps), ((1..=published).collect(), vec![]));
    let subscribers = emulator.record().connections.iter().filter(|it| it.relogins >= 1000).count();
    assert_eq!(subscribers, 2, "both connections logged in again each time");
}

#[tokio::test]
async fn c10_before_its_lease_ends_a_resp2_subscriber_moves_to_another_connection() {
    let emulator = support::emulator(&["--token-life", "6", "--session-limit", "6"]).await;
    let mut patch = support::lives(6, 6);
    patch["protocol"] = json!("RESP2");
    let client = support::client(&emulator, patch).await;
    let subscriber = client.subscriber().await.unwrap();
    subscriber.psubscribe(&["ne*"]).await.unwrap();
    let last = publish(&client, Duration::from_secs(13)).await;
    let (numbers, gaps) = numbers(&subscriber, last).await;
    assert!(numbers.is_sorted_by(|one, next| one < next), "none came twice");
    assert!(gaps.len() >= 2, "{gaps:?}");
    assert!(gaps.iter().all(|gap| gap.last_message.is_some_and(|last| last <= gap.subscribed)));
    let record = emulator.record();
    assert_eq!((record.totals.session_limit_cuts, record.totals.logins_refused), (0, 0));
}

async fn is_restored_after_a_drop(protocol: &str) {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"protocol": protocol})).await;
    let subscriber = client.subscriber().await.unwrap();
    subscriber.subscribe(&["news", "left"]).await.unwrap();
    subscriber.psubscribe(&["p*"]).await.unwrap();
    subscriber.unsubscribe(&["left"]).await.unwrap();
    let publish = |channel: &'static str, text: &'static str| {
        let client = client.clone();
        async move { while client.execute(cmd("PUBLISH").arg(channel).arg(text)).await.is_err() {} }
    };
    publish("news", "before").await;
    let PubSubEvent::Message(message) = next(&subscriber).await else { panic!("no message") };
    assert_eq!((message.channel.as_slice(), message.payload.as_slice()), (&b"news"[..], &b"before"[..]));
    emulator.faults().kill(None);
    let gap = loop {
        match next(&subscriber).await {
            PubSubEvent::Gap(gap) => break gap,
            PubSubEvent::Interrupted(_) => {}
            other => panic!("{other:?}"),
        }
    };
    assert!(gap.last_message.is_some() && gap.dropped == 0);
    publish("left", "unseen").await;
    publish("pattern", "after").await;
    let PubSubEvent::Message(message) = next(&subscriber).await else { panic!("no message") };
    assert_eq!((message.pattern.as_deref(), message.payload.as_slice()), (Some(&b"p*"[..]), &b"after"[..]));
    client.close();
    assert!(tokio::time::timeout(PATIENCE, subscriber.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn c10_a_lost_connection_is_replaced_and_subscribed_again_in_resp3() {
    is_restored_after_a_drop("RESP3").await;
}

#[tokio::test]
async fn c10_a_lost_connection_is_replaced_and_subscribed_again_in_resp2() {
    is_restored_after_a_drop("RESP2").await;
}

#[tokio::test]
async fn c10_subscriptions_of_the_request_are_there_from_the_start() {
    let emulator = support::emulator(&[]).await;
    let subscriptions = json!({"channelsOrPatternsByType": {
        "0": {"channelsOrPatterns": ["bmV3cw=="]}, "1": {"channelsOrPatterns": ["cCo="]}}});
    let client = support::client(&emulator, json!({"pubsubSubscriptions": subscriptions})).await;
    let listeners = client.execute(cmd("PUBLISH").arg("news").arg("hello")).await.unwrap();
    assert_eq!(listeners, keyrotor::Value::Int(1));
    let PubSubEvent::Message(message) = next(client.request_subscriber().unwrap()).await else { panic!() };
    assert_eq!(message.payload, b"hello");
    let sharded: Json = json!({"channelsOrPatternsByType": {"2": {"channelsOrPatterns": ["bmV3cw=="]}}});
    let request = support::request(&emulator, json!({"pubsubSubscriptions": sharded}));
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.code(), Code::ConfigUnsupported);
}

#[tokio::test]
async fn c10_a_channel_that_the_user_may_not_have_is_an_error_and_harms_nothing() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({})).await;
    let subscriber = client.subscriber().await.unwrap();
    subscriber.subscribe(&["news"]).await.unwrap();
    let user = "iam-user-01";
    client.execute(cmd("ACL").arg("SETUSER").arg(user).arg("resetchannels").arg("&news")).await.unwrap();
    let error = subscriber.subscribe(&["secret", "more"]).await.unwrap_err();
    assert_eq!(error.code(), Code::ServerError, "{error}");
    client.execute(cmd("PUBLISH").arg("news").arg("still here")).await.unwrap();
    let PubSubEvent::Message(message) = next(&subscriber).await else { panic!("no message") };
    assert_eq!(message.payload, b"still here");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t18_a_subscriber_that_goes_while_all_log_in_again_is_no_failure() {
    let emulator = support::emulator(&[]).await;
    let client = support::client(&emulator, json!({"requestTimeout": 10_000})).await;
    let subscriber = client.subscriber().await.unwrap();
    subscriber.subscribe(&["news"]).await.unwrap();
    // The answer to its login comes only after its connection has ended.
    emulator.faults().stall(Duration::from_millis(1500));
    let logins = tokio::spawn({
        let client = client.clone();
        async move { client.reauthenticate_now().await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    drop(subscriber);
    logins.await.unwrap().unwrap();
}
