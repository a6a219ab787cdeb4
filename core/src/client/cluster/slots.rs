//! Who has which slot.

use std::sync::Arc;

use super::super::node::Node;
use super::slot;

/// A shard's nodes.
#[derive(Clone)]
pub(super) struct Shard {
    pub(super) primary: Arc<Node>,
    pub(super) replicas: Vec<Arc<Node>>,
}

/// `SlotMap` knows the shard of each slot. It is never changed, only replaced.
#[derive(Clone)]
pub(super) struct SlotMap {
    shards: Vec<Shard>,
    /// The place of each slot's shard; past their end for a slot that nobody serves.
    slots: Vec<u16>,
}

/// No shard.
const NONE: u16 = u16::MAX;

impl SlotMap {
    /// No shard with no slots.
    pub(super) fn new() -> Self {
        Self { shards: Vec::new(), slots: vec![NONE; slot::COUNT.into()] }
    }

    /// Adds a shard, which has these slots.
    pub(super) fn add(&mut self, shard: Shard, ranges: &[(u16, u16)]) {
        let Ok(place) = u16::try_from(self.shards.len()) else { return };
        self.shards.push(shard);
        for (first, last) in ranges {
            if let Some(slots) = self.slots.get_mut(usize::from(*first)..=usize::from(*last)) {
                slots.fill(place);
            }
        }
    }

    pub(super) fn shard(&self, slot: u16) -> Option<&Shard> {
        self.shards.get(usize::from(*self.slots.get(usize::from(slot))?))
    }

    pub(super) fn primaries(&self) -> impl ExactSizeIterator<Item = &Arc<Node>> {
        self.shards.iter().map(|shard| &shard.primary)
    }

    /// Primaries first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.primaries().chain(self.shards.iter().flat_map(|shard| &shard.replicas))
    }

    /// A server has said that this node is the slot's primary. A replica that answers for one slot of its shard has
    /// taken over all of them.
    pub(super) fn moved(&self, slot: u16, to: &Arc<Node>) -> Self {
        let mut map = self.clone();
        let follows = |shard: &Shard| shard.replicas.iter().any(|replica| Arc::ptr_eq(replica, to));
        let served = self.slots.get(usize::from(slot)).copied().unwrap_or(NONE);
        if let Some(shard) = map.shards.get_mut(usize::from(served)).filter(|shard| follows(shard)) {
            shard.replicas.retain(|replica| !Arc::ptr_eq(replica, to));
            shard.primary = Arc::clone(to);
            return map;
        }
        let known = map.shards.iter().position(|shard| Arc::ptr_eq(&shard.primary, to));
        let place = known.unwrap_or_else(|| {
            map.shards.push(Shard { primary: Arc::clone(to), replicas: Vec::new() });
            map.shards.len() - 1
        });
        if let (Some(slot), Ok(place)) = (map.slots.get_mut(usize::from(slot)), u16::try_from(place)) {
            *slot = place;
        }
        map
    }
}
