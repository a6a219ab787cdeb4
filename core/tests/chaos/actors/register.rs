//! SET and GET: what is read is what was written last, or may have been; of a replica also something older.

use std::sync::Arc;

use keyrotor::{Client, Value, cmd};

use super::{PAUSE, number};
use crate::world::World;

pub(super) async fn write_and_read(client: Client, owner: usize, reads_replicas: bool, world: Arc<World>) {
    let key = format!("register:{owner}");
    let progress = world.enlist(&key);
    let (mut last, mut in_doubt): (u64, Vec<u64>) = (0, Vec::new());
    for next in 1.. {
        if world.is_over() {
            return;
        }
        match client.execute(cmd("SET").arg(&key).arg(next)).await {
            Ok(_) => {
                last = next;
                // One that was cut off may still run, but not after everybody has got over it.
                if !world.is_broken() {
                    in_doubt.clear();
                }
            }
            Err(error) if world.is_in_doubt(&key, &error) => in_doubt.push(next),
            Err(_) => {}
        }
        match client.execute(cmd("GET").arg(&key)).await {
            Ok(value) => {
                let is_known = match number(&value) {
                    Some(value) => {
                        value == last || in_doubt.contains(&value) || reads_replicas && value < last
                    }
                    None => value == Value::Nil && (last == 0 || reads_replicas),
                };
                if !is_known && !world.loses_writes() {
                    world.complain(format!("{key}: {value:?}, and {last} was written last"));
                }
                progress.note();
            }
            Err(error) => {
                progress.note_failure(&error);
                world.is_in_doubt(&key, &error);
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
