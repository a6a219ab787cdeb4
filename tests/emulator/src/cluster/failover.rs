//! A replica takes over, as when the service is told to fail over.

use super::node::{Node, Role};
use super::table::Row;
use super::{Admin, Cluster, Patience};
use crate::Error;

/// How often a server is asked whether it has taken over before it is told again.
const LOOKS: usize = 150;

impl Cluster {
    /// Makes a replica of the shard its primary, and returns its number once all nodes that are up know.
    pub(crate) async fn failover(&self, shard: usize) -> Result<usize, Error> {
        let _one = self.changing.lock().await;
        let nodes = self.shard("shard", shard).await?;
        let is_replica = |node: &&Node| node.role == Some(Role::Replica);
        let problem = "has no replica that is up";
        let heir = nodes.iter().find(is_replica).ok_or(Error::Fault { field: "shard", problem })?;
        // Without its primary a replica cannot agree on the moment, and it need not ask the others.
        let has_primary = nodes.iter().any(|node| node.role == Some(Role::Primary));
        let command: &[&str] =
            if has_primary { &["CLUSTER", "FAILOVER"] } else { &["CLUSTER", "FAILOVER", "TAKEOVER"] };
        let gate = self.gates.get(heir.node).ok_or(Error::Fault { field: "shard", problem })?;
        let mut admin = Admin::to(gate).await?;
        let patience = Patience::new(format!("node {} has not taken over", heir.node));
        while !takes_over(&mut admin, command, &patience).await? {}
        self.all_know(heir, &patience).await?;
        Ok(heir.node)
    }

    /// Waits until all nodes that are up take this one for a primary.
    async fn all_know(&self, heir: &Node, patience: &Patience) -> Result<(), Error> {
        for gate in self.up() {
            let mut admin = Admin::to(gate).await?;
            loop {
                let rows = Row::all(&admin.text(&["CLUSTER", "NODES"]).await?);
                let row = rows.iter().find(|row| Some(&row.id) == heir.id.as_ref());
                if row.is_some_and(|row| row.is_primary() && !row.slots.is_empty()) {
                    break;
                }
                patience.more().await?;
            }
        }
        Ok(())
    }
}

/// Tells a replica to take over; `false` if it has not, as when its link to the primary is not up yet.
async fn takes_over(admin: &mut Admin, command: &[&str], patience: &Patience) -> Result<bool, Error> {
    if let Err(error) = admin.tell(command).await {
        tracing::debug!(%error, "not yet");
    }
    for _ in 0..LOOKS {
        let rows = Row::all(&admin.text(&["CLUSTER", "NODES"]).await?);
        if rows.iter().any(|row| row.is_myself() && row.is_primary()) {
            return Ok(true);
        }
        patience.more().await?;
    }
    Ok(false)
}
