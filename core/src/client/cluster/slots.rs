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

    /// Leaves slots that nobody claims with whom they were. In a failover a node may know that the old primary has stepped
    /// down before it knows its successor; whoever had the slot says more when asked than nobody does.
    pub(super) fn or_as_in(mut self, before: &Self) -> Self {
        let unclaimed: Vec<usize> = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, place)| **place == NONE)
            .map(|(slot, _)| slot)
            .collect();
        for slot in unclaimed {
            let Some(shard) = u16::try_from(slot).ok().and_then(|slot| before.shard(slot)) else { continue };
            let place = self.place_of(&shard.primary);
            if let Some(served) = self.slots.get_mut(slot) {
                *served = place;
            }
        }
        self
    }

    /// Of the shard with this primary; a new one if there is none.
    fn place_of(&mut self, primary: &Arc<Node>) -> u16 {
        let known = self.shards.iter().position(|shard| Arc::ptr_eq(&shard.primary, primary));
        let place = known.unwrap_or_else(|| {
            self.shards.push(Shard { primary: Arc::clone(primary), replicas: Vec::new() });
            self.shards.len() - 1
        });
        u16::try_from(place).unwrap_or(NONE)
    }

    pub(super) fn shard(&self, slot: u16) -> Option<&Shard> {
        self.shards.get(usize::from(*self.slots.get(usize::from(slot))?))
    }

    pub(super) fn primaries(&self) -> impl ExactSizeIterator<Item = &Arc<Node>> {
        self.shards.iter().map(|shard| &shard.primary)
    }

    pub(super) fn replicas(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.shards.iter().flat_map(|shard| &shard.replicas)
    }

    /// Primaries first.
    pub(super) fn nodes(&self) -> impl Iterator<Item = &Arc<Node>> {
        self.primaries().chain(self.replicas())
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
        let place = map.place_of(to);
        if let Some(served) = map.slots.get_mut(usize::from(slot)) {
            *served = place;
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

    #[tokio::test]
    async fn what_nobody_claims_stays_where_it_was() {
        let [old, two, successor] = nodes();
        let shard = |primary: &Arc<Node>| Shard { primary: Arc::clone(primary), replicas: Vec::new() };
        let mut before = SlotMap::new();
        before.add(shard(&old), &[(0, 9)]);
        before.add(shard(&two), &[(10, 19)]);
        let mut now = SlotMap::new();
        now.add(shard(&two), &[(10, 19)]);
        let now = now.or_as_in(&before);
        assert!(serves(&now, 0, &old) && serves(&now, 10, &two) && now.shard(20).is_none());
        assert_eq!(now.primaries().len(), 2);
        let mut later = SlotMap::new();
        later.add(shard(&successor), &[(0, 9)]);
        later.add(shard(&two), &[(10, 19)]);
        assert!(serves(&later.or_as_in(&now), 0, &successor));
    }
}
