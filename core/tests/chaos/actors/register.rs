//! SET and GET: what is read is what was written last, or may have been; of a replica also something older.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use keyrotor::{Value, cmd};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::PAUSE;
use crate::caller::Caller;
use crate::world::World;

/// How long the values are, and how often there is a new one.
pub(super) struct Size {
    name: &'static str,
    length: Range<usize>,
    pause: Duration,
}

pub(super) const SMALL: Size = Size { name: "small", length: 0..10, pause: PAUSE };
/// More than a socket takes at once, while others send commands on it.
pub(super) const LARGE: Size =
    Size { name: "large", length: 100 << 10..3 << 20, pause: Duration::from_millis(150) };

/// A value that tells its number at its beginning, and at each place that it is whole.
fn value(number: u64, length: usize) -> Vec<u8> {
    let mut value = format!("{number}:").into_bytes();
    value.resize(value.len() + length, number.to_le_bytes()[0]);
    value
}

/// The number of a value that is whole.
fn number(read: &[u8]) -> Option<u64> {
    let colon = read.iter().position(|byte| *byte == b':')?;
    let number = std::str::from_utf8(&read[..colon]).ok()?.parse().ok()?;
    (read == value(number, read.len() - colon - 1)).then_some(number)
}

pub(super) async fn write_and_read(caller: Caller, owner: usize, size: Size, world: Arc<World>) {
    let key = format!("register:{owner}:{}", size.name);
    let progress = world.enlist(&key);
    let mut dice = StdRng::seed_from_u64(owner as u64);
    let (mut last, mut in_doubt): (u64, Vec<u64>) = (0, Vec::new());
    for next in 1.. {
        if world.is_over() {
            return;
        }
        let value = value(next, dice.random_range(size.length.clone()));
        match caller.execute(cmd("SET").arg(&key).arg(value)).await {
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
        match caller.execute(cmd("GET").arg(&key)).await {
            Ok(value) => {
                let is_known = match &value {
                    Value::BulkString(read) => number(read).is_some_and(|value| {
                        value == last || in_doubt.contains(&value) || caller.reads_replicas && value < last
                    }),
                    value => *value == Value::Nil && (last == 0 || caller.reads_replicas),
                };
                if !is_known && !world.loses_writes() {
                    let value = format!("{value:.60?}");
                    world.complain(format!("{key}: {value:.200} was read, and {last} was written last"));
                }
                progress.note();
            }
            Err(error) => {
                progress.note_failure(&error);
                world.is_in_doubt(&key, &error);
            }
        }
        caller.host.pause(size.pause).await;
    }
}

#[test]
fn a_value_that_is_not_whole_shows() {
    let mut broken = value(300, 20);
    assert_eq!((number(&broken), broken.len()), (Some(300), 24));
    broken[10] += 1;
    assert_eq!(number(&broken), None);
}
