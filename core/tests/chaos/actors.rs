//! Who uses the clients: each actor knows what it may be told next.

mod counter;
mod news;
mod queue;
mod register;
mod stock;

use std::sync::Arc;
use std::time::Duration;

use keyrotor::{Client, Routing, Value, cmd};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::world::World;

/// Room for the servers, on a machine that has few cores.
const PAUSE: Duration = Duration::from_millis(3);

/// Lets all begin; for each client it says whether it reads replicas. They end when the world does.
pub(crate) async fn all(
    clients: &[(Client, bool)],
    world: &Arc<World>,
    runtime: &Handle,
) -> Vec<JoinHandle<()>> {
    let mut actors = Vec::new();
    for (number, (client, reads_replicas)) in clients.iter().enumerate() {
        for half in ["a", "b"] {
            let key = format!("counter:{number}:{half}");
            actors.push(runtime.spawn(counter::count(client.clone(), key, Arc::clone(world))));
        }
        actors.push(runtime.spawn(register::write_and_read(
            client.clone(),
            number,
            *reads_replicas,
            Arc::clone(world),
        )));
        actors.push(runtime.spawn(stock::take(client.clone(), number, Arc::clone(world))));
        actors.extend(queue::work(client, number, world, runtime));
        actors.extend(news::tell(client, number, world, runtime).await);
        actors.push(runtime.spawn(rotate(client.clone(), number, Arc::clone(world))));
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

/// What stands under the key, when all is well.
async fn at_its_primary(client: &Client, command: &str, key: &str) -> Value {
    client.execute_on(cmd(command).arg(key), &Routing::Key(key.into())).await.unwrap()
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::BulkString(digits) => std::str::from_utf8(digits).ok()?.parse().ok(),
        Value::Int(number) => u64::try_from(*number).ok(),
        _ => None,
    }
}
