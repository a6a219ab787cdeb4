//! A node as it is now.

use super::table::Row;
use super::{Admin, Cluster};
use crate::Error;
use crate::gate::Gate;
use serde::Serialize;
use std::net::SocketAddr;

/// `Role` is what a node is in its shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It holds the shard's slots, or could.
    Primary,
    /// It follows a primary.
    Replica,
}

/// `Node` is one node, by its own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Node {
    /// Its number, counted from 0; faults and the record name it so.
    pub node: usize,
    /// Its shard, counted from 0; it stays in it for ever.
    pub shard: usize,
    /// Its id in the cluster; `None` without cluster mode or while it is down.
    pub id: Option<String>,
    /// Where clients connect.
    pub address: SocketAddr,
    /// Whether its server runs and takes connections.
    pub up: bool,
    /// What it takes itself for; `None` while it is down.
    pub role: Option<Role>,
    /// The slots that it holds, as first and last of each range. None without cluster mode.
    pub slots: Vec<(u16, u16)>,
}

impl Node {
    /// A node without a cluster.
    pub(super) fn alone(gate: &Gate) -> Self {
        let up = gate.door.is_open() && gate.backend.is_running();
        Self {
            node: gate.node,
            shard: 0,
            id: None,
            address: gate.door.address(),
            up,
            role: up.then_some(Role::Primary),
            slots: Vec::new(),
        }
    }
}

impl Cluster {
    /// A node, by its own account.
    pub(super) async fn node(&self, gate: &Gate) -> Result<Node, Error> {
        let alone = Node::alone(gate);
        let mut node = Node { shard: self.shard_of(gate.node), role: None, ..alone };
        if !node.up {
            return Ok(node);
        }
        let rows = Row::all(&Admin::to(gate).await?.text(&["CLUSTER", "NODES"]).await?);
        let myself = rows.into_iter().find(Row::is_myself);
        let myself = myself
            .ok_or_else(|| Error::Backend(format!("node {}: CLUSTER NODES leaves it out", gate.node)))?;
        node.role = Some(if myself.is_primary() { Role::Primary } else { Role::Replica });
        node.slots = myself.slots.iter().map(|range| (*range.start(), *range.end())).collect();
        node.id = Some(myself.id);
        Ok(node)
    }

    /// The nodes of a shard.
    pub(super) async fn shard(&self, field: &'static str, shard: usize) -> Result<Vec<Node>, Error> {
        let mut nodes = Vec::new();
        for gate in self.members(shard) {
            nodes.push(self.node(gate).await?);
        }
        if nodes.is_empty() {
            return Err(Error::Fault { field, problem: "there is no such shard" });
        }
        Ok(nodes)
    }
}
