//! Faults of whole nodes, and what is done to a cluster.

use super::Faults;
use crate::Error;
use crate::cluster::{Cluster, Reshard};

impl Faults {
    /// Kills the server: connections break, and new ones are refused by the system, until [`up`](Self::up). A
    /// cluster of three or more primaries makes a replica the new primary by itself.
    ///
    /// # Errors
    /// A backend that the emulator did not start.
    pub async fn down(&self) -> Result<(), Error> {
        for gate in self.gates() {
            self.cache.take_down(gate).await?;
        }
        Ok(())
    }

    /// Starts the server again, without its data. In a cluster it comes back with the id that it had, and follows
    /// whoever is primary by then; until it has heard of that, it answers as it did before.
    ///
    /// # Errors
    /// A server that does not come up.
    pub async fn up(&self) -> Result<(), Error> {
        for gate in self.gates() {
            self.cache.bring_up(gate).await?;
        }
        Ok(())
    }

    /// Makes a replica of the shard, counted from 0, its primary. Returns the number of the new primary, once all
    /// nodes that are up know of it. A primary that is up hands over without losing a write.
    ///
    /// # Errors
    /// No cluster, no such shard, no replica that is up, or one that does not take over within 30 s.
    pub async fn failover(&self, shard: usize) -> Result<usize, Error> {
        self.cluster()?.failover(shard).await
    }

    /// Moves slots and their keys from one shard to another while clients go on, with MIGRATE: they see ASK, TRYAGAIN
    /// and then MOVED. Returns how many keys were moved.
    ///
    /// # Errors
    /// No cluster, no such shard, too few slots, or a server that fails meanwhile: then the slots that were moved
    /// stay where they are.
    pub async fn reshard(&self, reshard: &Reshard) -> Result<usize, Error> {
        self.cluster()?.reshard(reshard).await
    }

    fn cluster(&self) -> Result<&Cluster, Error> {
        let problem = "there is none: the emulator was started without shards";
        self.cache.cluster.as_ref().ok_or(Error::Fault { field: "cluster", problem })
    }
}
