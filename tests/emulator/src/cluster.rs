//! Cluster mode: how the servers become one cluster, what can be done to it, and what it looks like.
//!
//! The servers state the doors' addresses as theirs (`cluster-announce-*`): CLUSTER SLOTS, SHARDS and NODES, MOVED
//! and ASK come from them as clients must see them, and no reply is rewritten.

mod admin;
mod failover;
mod form;
mod node;
mod reshard;
mod table;

pub use node::{Node, Role};
pub use reshard::Reshard;

use crate::Error;
use crate::cache::Cache;
use crate::clock;
use crate::gate::Gate;
use admin::Admin;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

const SLOTS: usize = 16_384;
/// How long a change may take until all nodes know of it, on a machine that has other things to do.
const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// `Cluster` knows which node belongs to which shard; who is primary is the servers' own business.
pub(crate) struct Cluster {
    gates: Vec<Arc<Gate>>,
    shards: usize,
    /// One failover or reshard at a time.
    changing: tokio::sync::Mutex<()>,
}

impl Cluster {
    /// Of `gates`, the first ones are primaries, one a shard; then come the replicas of each shard.
    pub(crate) fn new(gates: Vec<Arc<Gate>>, shards: usize) -> Self {
        Self { gates, shards, changing: tokio::sync::Mutex::default() }
    }

    /// The shard of a node.
    fn shard_of(&self, node: usize) -> usize {
        let replicas = (self.gates.len() / self.shards).saturating_sub(1).max(1);
        node.checked_sub(self.shards).map_or(node, |replica| replica / replicas)
    }

    /// The nodes of a shard.
    fn members(&self, shard: usize) -> Vec<&Arc<Gate>> {
        self.gates.iter().filter(|gate| self.shard_of(gate.node) == shard).collect()
    }

    /// The slots that a shard holds at the start.
    fn slots_of(&self, shard: usize) -> Range<usize> {
        shard * SLOTS / self.shards..(shard + 1) * SLOTS / self.shards
    }

    fn up(&self) -> impl Iterator<Item = &Arc<Gate>> {
        self.gates.iter().filter(|gate| gate.door.is_open() && gate.backend.is_running())
    }
}

impl Cache {
    /// The nodes as they are now.
    pub(crate) async fn nodes(&self) -> Result<Vec<Node>, Error> {
        let mut nodes = Vec::new();
        for gate in &self.gates {
            nodes.push(match &self.cluster {
                Some(cluster) => cluster.node(gate).await?,
                None => Node::alone(gate),
            });
        }
        Ok(nodes)
    }
}

/// Asks again and again until it holds.
struct Patience {
    ends: Instant,
    what: String,
}

impl Patience {
    fn new(what: impl Into<String>) -> Self {
        Self { ends: clock::after(PATIENCE), what: what.into() }
    }

    /// Waits a little, unless it has taken too long.
    async fn more(&self) -> Result<(), Error> {
        if clock::instant() > self.ends {
            return Err(Error::Backend(format!("{} after {} s", self.what, PATIENCE.as_secs())));
        }
        clock::wait(BETWEEN_LOOKS).await;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_shared_out_without_gaps() {
        for shards in [1, 2, 3, 7, 60] {
            let cluster = Cluster::new(Vec::new(), shards);
            let ranges: Vec<_> = (0..shards).map(|shard| cluster.slots_of(shard)).collect();
            assert!(ranges.iter().all(|range| !range.is_empty()));
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start));
            assert_eq!((ranges[0].start, ranges[shards - 1].end), (0, SLOTS));
        }
    }
}
