//! Takes a node's connections, and ends them all when it is told to stop.

use crate::clock;
use crate::connection::serve;
use crate::gate::Gate;
use crate::record::Closed;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// After an error such as "too many open files" the next would follow at once.
const AFTER_ERROR: Duration = Duration::from_millis(20);

/// Runs until `stop` says so; dropped earlier, it drops all connections.
pub(crate) async fn run(gate: Arc<Gate>, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let stopped = stop.clone();
    let mut keeper = gate.door.keeper();
    loop {
        let taken = tokio::select! {
            taken = keeper.accept() => taken,
            // What has ended need not be kept.
            Some(_) = connections.join_next() => continue,
            _ = stop.changed() => break,
        };
        match taken {
            Ok(tcp) if gate.takes_connections() => {
                connections.spawn(serve(Arc::clone(&gate), tcp, stopped.clone()));
            }
            Ok(tcp) => drop(tcp),
            Err(error) => {
                tracing::warn!(%error, "cannot take a connection");
                clock::wait(AFTER_ERROR).await;
            }
        }
    }
    drop(keeper);
    for session in gate.ledger.sessions(Some(gate.node), None) {
        session.end(Closed::Stopped);
    }
    while connections.join_next().await.is_some() {}
}
