//! The plan's faults, made at the emulator.

use std::time::{Duration, Instant};

use keyrotor_emulator::{Certificate, Connection, Emulator, Faults, Refuse, Role};

use crate::plan::{Fault, Step};

/// What a cluster needs to get over a change, and more.
const PATIENCE: Duration = Duration::from_secs(60);

/// Breaks what the step says, and mends it when its time is over.
pub(crate) async fn play(emulator: &Emulator, step: &Step) {
    let all = emulator.faults();
    let faults = step.node.map_or_else(|| all.clone(), |node| all.on(node).unwrap());
    let end = Instant::now() + step.lasts;
    for fault in &step.faults {
        make(emulator, &faults, step.node, *fault).await;
    }
    tokio::time::sleep(end.saturating_duration_since(Instant::now())).await;
    all.clear();
}

async fn make(emulator: &Emulator, faults: &Faults, node: Option<usize>, fault: Fault) {
    match fault {
        Fault::Refuse { count, current } => {
            let refuse = Refuse { count: Some(count), current, ..Refuse::default() };
            faults.refuse(refuse).unwrap();
        }
        Fault::Throttle => faults.throttle(None),
        Fault::Unavailable => faults.unavailable(None),
        Fault::IamOutage => faults.iam_outage(None),
        Fault::Stall { milliseconds } => faults.stall(Duration::from_millis(milliseconds)),
        Fault::Cut { after_bytes, count } => faults.cut(after_bytes, count),
        Fault::CloseListener => faults.close_listener(),
        Fault::Certificate { is_expired: true } => faults.certificate(Certificate::Expired),
        Fault::Certificate { is_expired: false } => faults.certificate(Certificate::OtherName),
        Fault::Restart => faults.restart_backend().await.unwrap(),
        Fault::Failover { shard } => drop(emulator.faults().failover(shard).await.unwrap()),
        Fault::Down { node } => die(emulator, node).await,
        Fault::Forget { one_in } => each(emulator, node, one_in, |id| faults.forget(Some(id))),
        Fault::Kill { one_in } => each(emulator, node, one_in, |id| faults.kill(Some(id))),
    }
}

/// To one of so many open connections, by the order in which they were made.
fn each(emulator: &Emulator, node: Option<usize>, one_in: usize, act: impl Fn(u64) -> usize) {
    let is_meant = |it: &&Connection| it.closed.is_none() && node.is_none_or(|node| node == it.node);
    let record = emulator.record();
    for connection in record.connections.iter().filter(is_meant).step_by(one_in) {
        act(connection.id);
    }
}

async fn die(emulator: &Emulator, node: usize) {
    let before = emulator.nodes().await.unwrap();
    let (shard, was) = (before[node].shard, before[node].role);
    let victim = emulator.faults().on(node).unwrap();
    victim.down().await.unwrap();
    if was == Some(Role::Primary) {
        let heir = before.iter().find(|it| it.shard == shard && it.node != node).unwrap().node;
        until(emulator, heir, Role::Primary).await;
    }
    victim.up().await.unwrap();
    until(emulator, node, Role::Replica).await;
}

async fn until(emulator: &Emulator, node: usize, role: Role) {
    let start = Instant::now();
    while emulator.nodes().await.unwrap()[node].role != Some(role) {
        assert!(start.elapsed() < PATIENCE, "node {node} never became a {role:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
