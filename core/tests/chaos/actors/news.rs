//! PUBLISH and a subscriber: between two messages nothing is missing, unless a gap is told. The nodes of a cluster hand
//! messages on to each other when they like, so that another node may send one again; from one node each comes once.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyrotor::{Client, PubSubEvent, Subscriber, cmd};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use super::number;
use crate::world::{Progress, World};

struct News {
    channel: String,
    world: Arc<World>,
    /// Published for sure, to at least one subscriber.
    told: Mutex<BTreeSet<u64>>,
}

pub(super) async fn tell(
    client: &Client,
    owner: usize,
    world: &Arc<World>,
    runtime: &Handle,
) -> [JoinHandle<()>; 2] {
    let channel = format!("news:{owner}");
    let subscribing = {
        let (client, channel) = (client.clone(), channel.clone());
        async move {
            let subscriber = client.subscriber().await.unwrap();
            subscriber.subscribe(&[channel]).await.unwrap();
            subscriber
        }
    };
    let subscriber = runtime.spawn(subscribing).await.unwrap();
    let news = Arc::new(News { channel, world: Arc::clone(world), told: Mutex::default() });
    let [tells, hears] = ["tell", "hear"].map(|what| world.enlist(format!("{what} {owner}")));
    let (teller, client) = (Arc::clone(&news), client.clone());
    [
        runtime.spawn(async move { teller.tell_all(client, tells).await }),
        runtime.spawn(async move { news.hear_all(subscriber, hears).await }),
    ]
}

impl News {
    async fn tell_all(&self, client: Client, progress: Progress) {
        for item in 1_u64.. {
            if self.world.is_over() {
                return;
            }
            match client.execute(cmd("PUBLISH").arg(&self.channel).arg(item)).await {
                Ok(_) => {
                    self.told.lock().unwrap().insert(item);
                    progress.note();
                }
                Err(error) => {
                    progress.note_failure(&error);
                    self.world.is_in_doubt("tell", &error);
                }
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn hear_all(&self, subscriber: Subscriber, progress: Progress) {
        let (mut last, mut heard) = (None, HashSet::new());
        while !self.world.is_over() {
            let Ok(event) = tokio::time::timeout(Duration::from_millis(100), subscriber.next()).await else {
                continue;
            };
            match event {
                Some(PubSubEvent::Message(message)) => {
                    let text = keyrotor::Value::BulkString(message.payload);
                    let item = number(&text).unwrap();
                    if !heard.insert(item) {
                        self.world.complain(format!("{}: {item} came twice", self.channel));
                    }
                    if !self.world.is_cluster {
                        self.check(last, item);
                    }
                    last = Some(item);
                    progress.note();
                }
                Some(_) => {
                    last = None;
                    if self.world.is_cluster {
                        heard.clear();
                    }
                }
                None => return self.world.complain(format!("{}: the subscriber is closed", self.channel)),
            }
        }
    }

    fn check(&self, last: Option<u64>, item: u64) {
        let mut told = self.told.lock().unwrap();
        if let Some(last) = last {
            if item <= last {
                self.world.complain(format!("{}: {item} came after {last}", self.channel));
            } else if let Some(missing) = told.range(last + 1..item).next() {
                self.world.complain(format!("{}: {missing} is missing before {item}", self.channel));
            }
        }
        *told = told.split_off(&item);
    }
}
