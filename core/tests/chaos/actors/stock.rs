//! WATCH, GET, MULTI, EXEC: who read a number under watch makes the next one of it, or nothing.

use std::sync::Arc;

use keyrotor::{Batch, Code, Error, cmd};

use super::{PAUSE, number};
use crate::caller::Caller;
use crate::world::World;

/// Of all clients.
const KEY: &str = "stock";

pub(super) async fn take(caller: Caller, owner: usize, world: Arc<World>) {
    let name = format!("stock {owner}");
    let progress = world.enlist(&name);
    while !world.is_over() {
        match once(&caller).await {
            Ok(None) => progress.note(),
            Ok(Some((read, Some(written)))) if written == read + 1 => progress.note(),
            Ok(Some(wrong)) => world.complain(format!("{name}: {wrong:?} was read and written")),
            Err(error) => {
                progress.note_failure(&error);
                if !ends_the_watch(&error, &world) {
                    world.is_in_doubt(&name, &error);
                }
            }
        }
        caller.host.pause(PAUSE).await;
    }
}

/// Nothing was written, and the watch is gone: begin again. A login that ends, or is forgotten, takes it along, and so
/// does a primary that is one no longer.
fn ends_the_watch(error: &Error, world: &World) -> bool {
    let is_elsewhere =
        error.server_text().is_some_and(|text| text.starts_with("MOVED ") || text.starts_with("READONLY "));
    match error.code() {
        Code::AuthLeaseEnded => true,
        Code::AuthRequired => world.is_broken(),
        _ => is_elsewhere && world.is_cluster && world.is_broken(),
    }
}

/// What was read and what was written; `None` where somebody was faster.
async fn once(caller: &Caller) -> Result<Option<(u64, Option<u64>)>, Error> {
    let watch = caller.host.wait(caller.client.watch(&[KEY])).await?;
    let read = number(&caller.host.wait(watch.execute(cmd("GET").arg(KEY))).await?).unwrap_or(0);
    let mut batch = Batch::atomic();
    batch.add(cmd("INCR").arg(KEY).clone())?;
    let Some(replies) = caller.host.wait(watch.exec(&batch)).await? else { return Ok(None) };
    let written = replies.into_iter().next().transpose()?;
    Ok(Some((read, written.as_ref().and_then(number))))
}
