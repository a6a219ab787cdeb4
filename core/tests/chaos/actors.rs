//! Who uses the clients: each actor knows what it may be told next.

mod batches;
mod counter;
mod echo;
mod news;
mod queue;
mod register;
mod stock;

use std::sync::Arc;
use std::time::Duration;

use keyrotor::{Client, Value};
use tokio::runtime::Handle;

use crate::caller::{Begun, Caller};
use crate::world::World;

/// Room for the servers, on a machine that has few cores.
const PAUSE: Duration = Duration::from_millis(3);

/// Lets all begin. They end when the world does.
pub(crate) fn all(callers: &[Caller], world: &Arc<World>, runtime: &Handle) -> Vec<Begun> {
    let mut actors = Vec::new();
    for (number, caller) in callers.iter().enumerate() {
        let host = caller.host;
        for half in ["a", "b"] {
            let key = format!("counter:{number}:{half}");
            actors.push(host.begin(runtime, counter::count(caller.clone(), key, Arc::clone(world))));
        }
        for size in [register::SMALL, register::LARGE] {
            let work = register::write_and_read(caller.clone(), number, size, Arc::clone(world));
            actors.push(host.begin(runtime, work));
        }
        actors.push(host.begin(runtime, stock::take(caller.clone(), number, Arc::clone(world))));
        actors.push(host.begin(runtime, echo::call(caller.clone(), number, Arc::clone(world))));
        actors.push(host.begin(runtime, batches::send(caller.clone(), number, Arc::clone(world))));
        actors.extend(queue::work(caller, number, world, runtime));
        actors.extend(news::tell(caller, number, world, runtime));
        let rotation = rotate(caller.client.clone(), number, Arc::clone(world));
        // The bindings wait for these on the runtime.
        actors.push(Begun::Task(runtime.spawn(rotation)));
    }
    actors
}

/// Asks for new tokens and logins that nobody needs.
async fn rotate(client: Client, number: usize, world: Arc<World>) {
    let (name, mut round) = (format!("rotation {number}"), 0_u64);
    let progress = world.enlist(&name);
    while !world.is_over() {
        round += 1;
        // The token that was accepted last is the one in use for half of the time, so that a fault which refuses it hits.
        let outcome = match round % 2 {
            0 => client.reauthenticate_now().await,
            _ => client.refresh().await.map(drop),
        };
        match outcome {
            Ok(()) => progress.note(),
            Err(error) => {
                progress.note_failure(&error);
                world.is_in_doubt(&name, &error);
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}
