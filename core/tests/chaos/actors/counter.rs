//! INCR: what runs twice shows in the next reply.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use keyrotor::cmd;

use super::{PAUSE, number};
use crate::caller::Caller;
use crate::world::World;

/// What the server's counter can be.
#[derive(Default)]
struct Count {
    last: u64,
    /// Commands that may have run, and have not shown yet. While all is broken they may still run, on a
    /// connection that is gone.
    in_doubt: u64,
}

impl Count {
    /// Whether the counter can be this now.
    fn allows(&self, now: u64, may_have_lost: bool) -> bool {
        (may_have_lost || now >= self.last) && now <= self.last + self.in_doubt
    }

    /// How many that were acknowledged this reply does not count.
    fn lost_before(&self, reply: Option<u64>) -> u64 {
        reply.map_or(0, |reply| (self.last + 1).saturating_sub(reply))
    }

    /// Takes the reply to one more INCR; `false` where it cannot be.
    fn take(&mut self, reply: u64, may_have_lost: bool) -> bool {
        let ran = reply.saturating_sub(1);
        let is_right = reply > 0 && self.allows(ran, may_have_lost);
        self.in_doubt -= ran.saturating_sub(self.last).min(self.in_doubt);
        self.last = reply;
        is_right
    }
}

pub(super) async fn count(caller: Caller, key: String, world: Arc<World>) {
    let (progress, mut count) = (world.enlist(&key), Count::default());
    while !world.is_over() {
        match caller.execute(cmd("INCR").arg(&key)).await {
            Ok(reply) => {
                let Count { last, in_doubt } = count;
                world.lost.fetch_add(count.lost_before(number(&reply)), SeqCst);
                if !number(&reply).is_some_and(|reply| count.take(reply, world.loses_writes())) {
                    world.complain(format!("{key}: {reply:?} after {last}, with {in_doubt} in doubt"));
                }
                if !world.is_broken() {
                    count.in_doubt = 0;
                }
                progress.note();
            }
            Err(error) => {
                progress.note_failure(&error);
                count.in_doubt += u64::from(world.is_in_doubt(&key, &error));
            }
        }
        caller.host.pause(PAUSE).await;
    }
    if world.has_complaints() {
        return;
    }
    let there = number(&caller.at_its_primary("GET", &key).await).unwrap_or(0);
    if !count.allows(there, false) {
        world.complain(format!(
            "{key}: {there} at the end, after {} with {} in doubt",
            count.last, count.in_doubt
        ));
    }
}

#[test]
fn a_command_that_ran_twice_shows() {
    let mut count = Count { last: 5, in_doubt: 1 };
    assert!(!count.allows(7, true) && !count.allows(4, false) && count.allows(4, true));
    assert!(count.take(7, false), "the one in doubt ran");
    assert!(!count.take(9, false), "none is in doubt any more");
}
