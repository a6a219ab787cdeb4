//! SET and GET of several keys in one piece, which a cluster takes apart: each reply is that of its own command.

use std::sync::Arc;
use std::time::Duration;

use keyrotor::{Batch, Error, Value, cmd};

use crate::caller::Caller;
use crate::world::World;

/// So many that each node of a cluster has one.
const KEYS: u64 = 9;
const PAUSE: Duration = Duration::from_millis(10);

pub(super) async fn send(caller: Caller, owner: usize, world: Arc<World>) {
    let name = format!("batches {owner}");
    let progress = world.enlist(&name);
    for turn in 1.. {
        if world.is_over() {
            return;
        }
        let was_broken = world.is_broken();
        match once(&caller, owner, turn).await {
            Ok(replies) => {
                if replies.len() as u64 != 2 * KEYS {
                    world.complain(format!("{name}: {} replies at turn {turn}", replies.len()));
                }
                let is_calm = !was_broken && !world.is_broken();
                for wrong in wrong_ones(&replies, owner, turn, is_calm && !caller.reads_replicas) {
                    world.complain(format!("{name}: {wrong} at turn {turn}"));
                }
                let failures: Vec<_> = replies.iter().filter_map(|reply| reply.as_ref().err()).collect();
                for error in &failures {
                    progress.note_failure(error);
                    world.is_in_doubt(&name, error);
                }
                if failures.is_empty() {
                    progress.note();
                }
            }
            Err(error) => {
                progress.note_failure(&error);
                world.is_in_doubt(&name, &error);
            }
        }
        caller.host.pause(PAUSE).await;
    }
}

async fn once(caller: &Caller, owner: usize, turn: u64) -> Result<Vec<Result<Value, Error>>, Error> {
    let mut batch = Batch::new();
    for key in (0..KEYS).map(|key| name(owner, key)) {
        let value = format!("{key}={turn}");
        batch.add(cmd("SET").arg(&key).arg(value).clone())?;
        batch.add(cmd("GET").arg(&key).clone())?;
    }
    caller.host.wait(caller.client.execute_batch(&batch)).await
}

fn name(owner: usize, key: u64) -> String {
    format!("batch:{owner}:{key}")
}

/// Replies that belong to another command; where all is calm, to another turn too.
fn wrong_ones(replies: &[Result<Value, Error>], owner: usize, turn: u64, is_calm: bool) -> Vec<String> {
    let pairs = replies.chunks(2).zip(0_u64..).flat_map(|(pair, key)| {
        let key = name(owner, key);
        let is_right = [
            matches!(&pair[0], Err(_) | Ok(Value::Okay)),
            match &pair[1] {
                Ok(Value::BulkString(read)) if is_calm => *read == format!("{key}={turn}").into_bytes(),
                Ok(Value::BulkString(read)) => read.starts_with(format!("{key}=").as_bytes()),
                // A server may have lost what was written, or a replica not have it yet.
                other => !is_calm && matches!(other, Ok(Value::Nil)) || other.is_err(),
            },
        ];
        let told = pair.iter().map(move |reply| format!("{key}: {reply:?}"));
        told.zip(is_right).filter(|(_, is_right)| !is_right).map(|(told, _)| told).collect::<Vec<_>>()
    });
    pairs.collect()
}

#[test]
fn a_reply_of_another_command_shows() {
    let reply = |text: &str| Ok(Value::BulkString(text.as_bytes().to_vec()));
    assert!(wrong_ones(&[Ok(Value::Okay), reply("batch:1:0=7")], 1, 7, true).is_empty());
    assert_eq!(wrong_ones(&[Ok(Value::Okay), reply("batch:1:0=6")], 1, 7, true).len(), 1);
    assert!(wrong_ones(&[Ok(Value::Okay), reply("batch:1:0=6")], 1, 7, false).is_empty());
    assert_eq!(wrong_ones(&[reply("batch:1:0=7"), Ok(Value::Okay)], 1, 7, false).len(), 2);
}
