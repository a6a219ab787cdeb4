//! RPUSH and BLPOP: each job is done once, or somebody was told that it is in doubt.

use std::collections::HashSet;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyrotor::{Value, cmd};
use tokio::runtime::Handle;

use super::{PAUSE, number};
use crate::caller::{Begun, Caller};
use crate::world::{Progress, World};

struct Queue {
    caller: Caller,
    key: String,
    world: Arc<World>,
    /// Handed in for sure, and not taken out yet.
    open: Mutex<HashSet<u64>>,
    pops_in_doubt: AtomicU64,
    /// Of a server that lost writes the rest cannot be told.
    may_have_lost: AtomicBool,
    worker_is_done: tokio::sync::Notify,
}

pub(super) fn work(caller: &Caller, owner: usize, world: &Arc<World>, runtime: &Handle) -> [Begun; 2] {
    let queue = Arc::new(Queue {
        caller: caller.clone(),
        key: format!("queue:{owner}"),
        world: Arc::clone(world),
        open: Mutex::default(),
        pops_in_doubt: AtomicU64::new(0),
        may_have_lost: false.into(),
        worker_is_done: tokio::sync::Notify::new(),
    });
    let [pushes, pops] = ["push", "pop"].map(|what| world.enlist(format!("{what} {owner}")));
    [
        caller.host.begin(runtime, {
            let queue = Arc::clone(&queue);
            async move { queue.push_all(pushes).await }
        }),
        caller.host.begin(runtime, async move { queue.pop_all(pops).await }),
    ]
}

impl Queue {
    async fn push_all(&self, progress: Progress) {
        for job in 1.. {
            if self.world.is_over() {
                break;
            }
            // Before it is pushed, since it may be popped before the reply is here.
            self.open.lock().unwrap().insert(job);
            match self.caller.execute(cmd("RPUSH").arg(&self.key).arg(job)).await {
                Ok(_) => progress.note(),
                Err(error) => {
                    progress.note_failure(&error);
                    self.open.lock().unwrap().remove(&job);
                    self.world.is_in_doubt("push", &error);
                }
            }
            self.caller.host.pause(Duration::from_millis(10)).await;
        }
        self.caller.host.wait(self.worker_is_done.notified()).await;
        // After a complaint the servers are gone.
        if !self.world.has_complaints() {
            self.check().await;
        }
    }

    async fn pop_all(&self, progress: Progress) {
        let mut done = HashSet::new();
        while !self.world.is_over() {
            match self.caller.execute(cmd("BLPOP").arg(&self.key).arg(1)).await {
                Ok(Value::Array(pair)) if pair.len() == 2 => {
                    let job = number(&pair[1]).unwrap();
                    self.open.lock().unwrap().remove(&job);
                    let may_be_back = self.may_have_lost.fetch_or(self.world.loses_writes(), SeqCst);
                    if !done.insert(job) && !may_be_back && !self.world.loses_writes() {
                        self.world.complain(format!("{}: job {job} was done twice", self.key));
                    }
                    progress.note();
                }
                Ok(Value::Nil) => progress.note(),
                Ok(other) => self.world.complain(format!("{}: {other:?}", self.key)),
                Err(error) => {
                    progress.note_failure(&error);
                    let in_doubt = self.world.is_in_doubt("pop", &error);
                    self.pops_in_doubt.fetch_add(in_doubt.into(), SeqCst);
                    self.caller.host.pause(PAUSE).await;
                }
            }
            self.may_have_lost.fetch_or(self.world.loses_writes(), SeqCst);
        }
        self.worker_is_done.notify_one();
    }

    /// Who was told that his job is in the queue finds it there, or a worker had it.
    async fn check(&self) {
        let length = self.caller.at_its_primary("LLEN", &self.key).await;
        let explained = number(&length).unwrap() + self.pops_in_doubt.load(SeqCst);
        let open = self.open.lock().unwrap().len() as u64;
        if open > explained && !self.may_have_lost.load(SeqCst) {
            self.world.complain(format!("{}: of {open} open jobs {explained} are explained", self.key));
        }
    }
}
