//! ECHO by somebody who has not much patience: whoever gives up leaves his reply to nobody, and gets nobody else's.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use keyrotor::{Value, cmd};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::PAUSE;
use crate::caller::Caller;
use crate::world::World;

/// In milliseconds.
const PATIENCE: Range<u64> = 20..1500;

/// What nobody else says; now and then more than a socket takes at once.
fn text(owner: usize, turn: u64, dice: &mut StdRng) -> Vec<u8> {
    let length = if dice.random_ratio(1, 30) { dice.random_range(100 << 10..1 << 20) } else { 0 };
    let mut text = format!("{owner}:{turn}:").into_bytes();
    text.resize(text.len() + length, b'.');
    text
}

pub(super) async fn call(caller: Caller, owner: usize, world: Arc<World>) {
    let name = format!("echo {owner}");
    let progress = world.enlist(&name);
    let mut dice = StdRng::seed_from_u64(owner as u64);
    for turn in 1.. {
        if world.is_over() {
            return;
        }
        let text = text(owner, turn, &mut dice);
        let patience = Duration::from_millis(dice.random_range(PATIENCE));
        match caller.execute_within(patience, cmd("ECHO").arg(&text)).await {
            None => drop(world.given_up.fetch_add(1, SeqCst)),
            Some(Ok(Value::BulkString(heard))) if heard == text => progress.note(),
            Some(Ok(other)) => {
                let other = format!("{other:?}");
                world.complain(format!("{name}: {other:.200} came back at turn {turn}"));
            }
            Some(Err(error)) => {
                progress.note_failure(&error);
                world.is_in_doubt(&name, &error);
            }
        }
        caller.host.pause(PAUSE).await;
    }
}
