//! Slots move from one shard to another, key by key, while clients go on.

use super::node::{Node, Role};
use super::{Admin, Cluster};
use crate::Error;
use crate::backend::Member;
use crate::clock;
use crate::resp::value::Value;
use std::time::Duration;

const BATCH: usize = 100;
const MIGRATE_MILLISECONDS: &str = "10000";

/// `Reshard` says what moves where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reshard {
    /// How many slots, the lowest ones of `from`.
    pub slots: usize,
    /// The shard that gives them.
    pub from: usize,
    /// The shard that gets them.
    pub to: usize,
    /// How many keys move at a time.
    pub batch: usize,
    /// How long to wait after each batch, and at least once for each slot. Meanwhile the slot is open on both sides:
    /// clients see ASK for keys that have left.
    pub pause: Duration,
}

impl Default for Reshard {
    fn default() -> Self {
        Self { slots: 1, from: 0, to: 1, batch: BATCH, pause: Duration::ZERO }
    }
}

/// `Side` is a primary that takes part.
struct Side<'a> {
    admin: Admin,
    id: String,
    member: &'a Member,
    keeper: (&'a str, &'a str),
}

impl Cluster {
    /// Moves slots with their keys, and returns how many keys.
    pub(crate) async fn reshard(&self, reshard: &Reshard) -> Result<usize, Error> {
        let _one = self.changing.lock().await;
        if reshard.from == reshard.to {
            return Err(Error::Fault { field: "to", problem: "is the shard that gives the slots" });
        }
        let (from, mut source) = self.side("from", reshard.from).await?;
        let (_, mut target) = self.side("to", reshard.to).await?;
        let slots: Vec<_> =
            from.slots.iter().flat_map(|(first, last)| *first..=*last).take(reshard.slots).collect();
        if slots.len() < reshard.slots {
            return Err(Error::Fault { field: "slots", problem: "are more than the shard has" });
        }
        let mut others = self.other_primaries([reshard.from, reshard.to]).await?;
        let mut keys = 0;
        for slot in slots {
            let slot = slot.to_string();
            match open(&slot, &mut source, &mut target, reshard).await {
                Ok(moved) => keys += moved,
                Err(error) => {
                    // Half open it would trouble the next one.
                    for side in [&mut source, &mut target] {
                        let _ = set(&mut side.admin, &slot, &["STABLE"]).await;
                    }
                    return Err(error);
                }
            }
            // The new owner first: it must know before anybody sends it a client.
            for admin in [&mut target.admin, &mut source.admin].into_iter().chain(&mut others) {
                set(admin, &slot, &["NODE", &target.id]).await?;
            }
        }
        Ok(keys)
    }

    async fn side(&self, field: &'static str, shard: usize) -> Result<(Node, Side<'_>), Error> {
        let problem = "has no primary that is up";
        let nodes = self.shard(field, shard).await?.into_iter();
        let node = nodes.into_iter().find(|node| node.role == Some(Role::Primary));
        let node = node.ok_or(Error::Fault { field, problem })?;
        let gate = self.gates.get(node.node).ok_or(Error::Fault { field, problem })?;
        let member = gate.backend.member().ok_or(Error::Fault { field, problem })?;
        let id = node.id.clone().unwrap_or_default();
        let side = Side { admin: Admin::to(gate).await?, id, member, keeper: gate.backend.keeper() };
        Ok((node, side))
    }

    async fn other_primaries(&self, but: [usize; 2]) -> Result<Vec<Admin>, Error> {
        let mut admins = Vec::new();
        for gate in self.up().filter(|gate| !but.contains(&self.shard_of(gate.node))) {
            if self.node(gate).await?.role == Some(Role::Primary) {
                admins.push(Admin::to(gate).await?);
            }
        }
        Ok(admins)
    }
}

/// Opens a slot on both sides and moves its keys, all but the handing over.
async fn open(
    slot: &str,
    source: &mut Side<'_>,
    target: &mut Side<'_>,
    reshard: &Reshard,
) -> Result<usize, Error> {
    set(&mut target.admin, slot, &["IMPORTING", &source.id]).await?;
    set(&mut source.admin, slot, &["MIGRATING", &target.id]).await?;
    let batch = reshard.batch.max(1).to_string();
    let mut moved = 0;
    loop {
        let keys = source.admin.list(&["CLUSTER", "GETKEYSINSLOT", slot, &batch]).await?;
        if keys.is_empty() {
            if moved == 0 {
                clock::wait(reshard.pause).await;
            }
            return Ok(moved);
        }
        migrate(&keys, source, target).await?;
        moved += keys.len();
        clock::wait(reshard.pause).await;
    }
}

async fn migrate(keys: &[Value], source: &mut Side<'_>, target: &Side<'_>) -> Result<(), Error> {
    let (ip, port) = (target.member.ip.to_string(), target.member.port.to_string());
    let (user, password) = target.keeper;
    let words =
        ["MIGRATE", &ip, &port, "", "0", MIGRATE_MILLISECONDS, "REPLACE", "AUTH2", user, password, "KEYS"];
    let words = words.iter().map(|word| word.as_bytes());
    let keys = keys.iter().filter_map(|key| match key {
        Value::Text(key) => Some(key.as_slice()),
        _ => None,
    });
    let args: Vec<_> = words.chain(keys).collect();
    source.admin.tell(&args).await
}

async fn set(admin: &mut Admin, slot: &str, state: &[&str]) -> Result<(), Error> {
    admin.tell(&[&["CLUSTER", "SETSLOT", slot], state].concat()).await
}
