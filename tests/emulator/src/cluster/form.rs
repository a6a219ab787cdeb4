//! From servers that know nothing of each other to a cluster.

use super::table::Row;
use super::{Admin, Cluster, Patience, SLOTS};
use crate::Error;
use crate::gate::Gate;
use crate::resp::value::Value;

impl Cluster {
    /// Returns once every node knows all others and every replica follows its primary.
    ///
    /// It takes at least two seconds: a primary that has just started refuses writes for so long.
    pub(crate) async fn form(&self) -> Result<(), Error> {
        let mut admins = Vec::new();
        for gate in &self.gates {
            admins.push(Admin::to(gate).await?);
        }
        let mut ids = Vec::new();
        for (node, admin) in admins.iter_mut().enumerate() {
            self.settle(node, admin).await?;
            ids.push(admin.text(&["CLUSTER", "MYID"]).await?);
        }
        for (node, admin) in admins.iter_mut().enumerate() {
            for other in self.gates.iter().skip(node + 1) {
                meet(admin, other).await?;
            }
        }
        for (node, admin) in admins.iter_mut().enumerate().skip(self.shards) {
            let primary = ids.get(self.shard_of(node)).map(String::as_str).unwrap_or_default();
            replicate(node, admin, primary).await?;
        }
        let patience = Patience::new("a replica does not follow its primary");
        for admin in admins.iter_mut().skip(self.shards) {
            while !is_linked(admin).await? {
                patience.more().await?;
            }
        }
        // A replica that has never followed a write is left out of CLUSTER SLOTS.
        for admin in admins.iter_mut().take(self.shards) {
            admin.tell(&["FLUSHALL"]).await?;
        }
        let patience = Patience::new("the nodes are no cluster");
        for admin in &mut admins {
            while !self.is_formed(admin, &ids).await? {
                patience.more().await?;
            }
        }
        Ok(())
    }

    /// Gives a node what it must have before it meets others: an epoch of its own, and a primary its slots.
    async fn settle(&self, node: usize, admin: &mut Admin) -> Result<(), Error> {
        admin.tell(&["CLUSTER", "SET-CONFIG-EPOCH", &(node + 1).to_string()]).await?;
        if node < self.shards {
            let slots = self.slots_of(node);
            let (first, last) = (slots.start.to_string(), slots.end.saturating_sub(1).to_string());
            admin.tell(&["CLUSTER", "ADDSLOTSRANGE", &first, &last]).await?;
        }
        Ok(())
    }

    async fn is_formed(&self, admin: &mut Admin, ids: &[String]) -> Result<bool, Error> {
        let info = admin.text(&["CLUSTER", "INFO"]).await?;
        if !info.contains("cluster_state:ok") {
            return Ok(false);
        }
        let rows = Row::all(&admin.text(&["CLUSTER", "NODES"]).await?);
        let held: usize = rows.iter().flat_map(|row| &row.slots).map(ExactSizeIterator::len).sum();
        let follows = |node: usize| ids.get(self.shard_of(node)).filter(|_| node >= self.shards);
        let is_known = |(node, id): (usize, &String)| {
            let row = rows.iter().find(|row| row.id == *id);
            row.is_some_and(|row| row.is_well() && row.follows.as_ref() == follows(node))
        };
        if held != SLOTS || rows.len() != ids.len() || !ids.iter().enumerate().all(is_known) {
            return Ok(false);
        }
        Ok(listed(admin).await? == ids.len())
    }
}

/// Whether a replica talks to its primary.
async fn is_linked(admin: &mut Admin) -> Result<bool, Error> {
    let replication = admin.text(&["INFO", "replication"]).await?;
    Ok(replication.contains("master_link_status:up"))
}

/// How many nodes clients are told of.
async fn listed(admin: &mut Admin) -> Result<usize, Error> {
    let shards = admin.list(&["CLUSTER", "SLOTS"]).await?;
    let nodes = |shard: &Value| match shard {
        // Two numbers stand before the nodes.
        Value::List(parts) => parts.len().saturating_sub(2),
        _ => 0,
    };
    Ok(shards.iter().map(nodes).sum())
}

async fn meet(admin: &mut Admin, other: &Gate) -> Result<(), Error> {
    let Some(member) = other.backend.member() else { return Ok(()) };
    let (ip, port, bus) = (member.ip.to_string(), member.port.to_string(), member.bus.port().to_string());
    admin.tell(&["CLUSTER", "MEET", &ip, &port, &bus]).await
}

/// Makes a node a replica, once it has heard of its primary.
async fn replicate(node: usize, admin: &mut Admin, primary: &str) -> Result<(), Error> {
    let patience = Patience::new(format!("node {node} does not know its primary"));
    while !admin.text(&["CLUSTER", "NODES"]).await?.contains(primary) {
        patience.more().await?;
    }
    while let Err(error) = admin.tell(&["CLUSTER", "REPLICATE", primary]).await {
        // It knows the id a moment before it knows the node.
        tracing::debug!(%error, "not yet");
        patience.more().await?;
    }
    Ok(())
}
