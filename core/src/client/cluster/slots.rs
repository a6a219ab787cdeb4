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

#[cfg(test)]
mod tests {
    use keyrotor_proto::{ConnectionRequest, NodeAddress};

    use super::super::super::hosted::Hosting;
    use super::super::super::node::Target;
    use super::super::super::session::Session;
    use super::*;
    use crate::Callbacks;

    fn nodes<const COUNT: usize>() -> [Arc<Node>; COUNT] {
        let address = NodeAddress { host: "localhost".into(), ..NodeAddress::default() };
        let request = ConnectionRequest { addresses: vec![address], ..ConnectionRequest::default() };
        let settings = crate::config::connection(request, &Callbacks::new()).unwrap();
        let session = Session::open(settings, Hosting::Runtime).unwrap();
        std::array::from_fn(|_| Node::lazy(&session, Target { addresses: Vec::new(), reads_replica: false }))
    }

    fn serves(map: &SlotMap, slot: u16, node: &Arc<Node>) -> bool {
        map.shard(slot).is_some_and(|shard| Arc::ptr_eq(&shard.primary, node))
    }

    #[tokio::test]
    async fn slots_have_their_shards_and_the_rest_has_none() {
        let [one, two] = nodes();
        let mut map = SlotMap::new();
        let shard = |primary: &Arc<Node>| Shard { primary: Arc::clone(primary), replicas: Vec::new() };
        map.add(shard(&one), &[(0, 9), (20, 29)]);
        map.add(shard(&two), &[(10, 19), (30, slot::COUNT)]);
        assert!(serves(&map, 0, &one) && serves(&map, 29, &one) && serves(&map, 10, &two));
        assert!(map.shard(30).is_none(), "a range that leaves the slots is no range");
        assert!(map.shard(u16::MAX).is_none());
        assert_eq!((map.primaries().len(), map.nodes().count()), (2, 2));
    }

    #[tokio::test]
    async fn a_slot_that_moved_is_served_by_its_new_primary_alone() {
        let [one, two, newcomer] = nodes();
        let mut map = SlotMap::new();
        for (primary, range) in [(&one, (0, 9)), (&two, (10, 19))] {
            map.add(Shard { primary: Arc::clone(primary), replicas: Vec::new() }, &[range]);
        }
        let moved = map.moved(5, &two);
        assert!(serves(&moved, 5, &two) && serves(&moved, 4, &one) && serves(&map, 5, &one));
        let moved = moved.moved(4, &newcomer).moved(100, &newcomer);
        assert!(serves(&moved, 4, &newcomer) && serves(&moved, 100, &newcomer));
        assert_eq!(moved.primaries().len(), 3);
    }

    #[tokio::test]
    async fn a_replica_that_answers_for_a_slot_has_taken_its_shard_over() {
        let [primary, heir, other] = nodes();
        let mut map = SlotMap::new();
        let replicas = vec![Arc::clone(&heir), Arc::clone(&other)];
        map.add(Shard { primary, replicas }, &[(0, 9)]);
        let moved = map.moved(3, &heir);
        assert!((0..=9).all(|slot| serves(&moved, slot, &heir)));
        assert!(moved.shard(0).is_some_and(|shard| shard.replicas.len() == 1));
    }
}
