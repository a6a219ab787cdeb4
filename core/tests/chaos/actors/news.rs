//! PUBLISH and a subscriber: between two messages nothing is missing, unless a gap is told. The nodes of a cluster hand
//! messages on to each other when they like, so that another node may send one again; from one node each comes once.

use std::collections::{BTreeSet, HashSet};
use std::slice;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyrotor::{PubSubEvent, Subscriber, cmd};
use tokio::runtime::Handle;

use super::number;
use crate::caller::{Begun, Caller};
use crate::world::{Progress, World};

struct News {
    caller: Caller,
    channel: String,
    world: Arc<World>,
    /// Published for sure, to at least one subscriber.
    told: Mutex<BTreeSet<u64>>,
}

pub(super) fn tell(caller: &Caller, owner: usize, world: &Arc<World>, runtime: &Handle) -> [Begun; 2] {
    let news = Arc::new(News {
        caller: caller.clone(),
        channel: format!("news:{owner}"),
        world: Arc::clone(world),
        told: Mutex::default(),
    });
    let [tells, hears] = ["tell", "hear"].map(|what| world.enlist(format!("{what} {owner}")));
    let teller = Arc::clone(&news);
    [
        caller.host.begin(runtime, async move { teller.tell_all(tells).await }),
        caller.host.begin(runtime, async move { news.hear_all(hears).await }),
    ]
}

impl News {
    async fn tell_all(&self, progress: Progress) {
        for item in 1_u64.. {
            if self.world.is_over() {
                return;
            }
            match self.caller.execute(cmd("PUBLISH").arg(&self.channel).arg(item)).await {
                Ok(_) => {
                    self.told.lock().unwrap().insert(item);
                    progress.note();
                }
                Err(error) => {
                    progress.note_failure(&error);
                    self.world.is_in_doubt("tell", &error);
                }
            }
            self.caller.host.pause(Duration::from_millis(10)).await;
        }
    }

    async fn subscriber(&self) -> Subscriber {
        let host = self.caller.host;
        let subscriber = host.wait(self.caller.client.subscriber()).await.unwrap();
        host.wait(subscriber.subscribe(slice::from_ref(&self.channel))).await.unwrap();
        subscriber
    }

    async fn hear_all(&self, progress: Progress) {
        let subscriber = self.subscriber().await;
        let (mut last, mut heard) = (None, HashSet::new());
        while !self.world.is_over() {
            let next = subscriber.next_within(Duration::from_millis(100));
            match self.caller.host.wait(next).await {
                Ok(Some(PubSubEvent::Message(message))) => {
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
                Ok(Some(_)) => {
                    last = None;
                    if self.world.is_cluster {
                        heard.clear();
                    }
                }
                Ok(None) => {}
                Err(_) => return self.world.complain(format!("{}: the subscriber is closed", self.channel)),
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
