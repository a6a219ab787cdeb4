//! The nodes of a cluster, by address.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::connection::Connection;
use super::super::node::{Node, Target};
use super::super::runner::Runner;
use super::super::session::{Ending, Session};
use crate::config::Address;

/// `Nodes` makes nodes when they are first named. None of them connects before somebody needs it.
pub(super) struct Nodes {
    session: Arc<Session>,
    reads_replicas: bool,
    by_address: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    nodes: BTreeMap<Address, Arc<Node>>,
    is_closed: bool,
}

impl Nodes {
    pub(super) fn new(session: &Arc<Session>, reads_replicas: bool) -> Self {
        Self { session: Arc::clone(session), reads_replicas, by_address: Mutex::default() }
    }

    /// What a connection to this address is for.
    pub(super) fn target(&self, address: &Address) -> Target {
        Target { addresses: vec![address.clone()], reads_replica: self.reads_replicas }
    }

    /// The node at this address.
    pub(super) fn at(&self, address: &Address) -> Arc<Node> {
        let mut known = self.known();
        if let Some(node) = known.nodes.get(address) {
            return Arc::clone(node);
        }
        let node = Node::lazy(&self.session, self.target(address));
        if known.is_closed {
            node.close(&Ending::Here);
        }
        known.nodes.insert(address.clone(), Arc::clone(&node));
        node
    }

    /// The node at this address, where it was named before.
    pub(super) fn known_at(&self, address: &Address) -> Option<Arc<Node>> {
        self.known().nodes.get(address).map(Arc::clone)
    }

    /// Puts a connection to use that is there already, as that of a node which is not known yet.
    pub(super) fn adopt(&self, address: &Address, connection: Arc<Connection>, runner: &Arc<dyn Runner>) {
        let mut known = self.known();
        if !known.is_closed && !known.nodes.contains_key(address) {
            let node = Node::with(&self.session, self.target(address), connection, runner);
            known.nodes.insert(address.clone(), node);
        }
    }

    /// Those that are connected.
    pub(super) fn connected(&self) -> Vec<(Address, Arc<Node>)> {
        let known = self.known();
        let connected = known.nodes.iter().filter(|(_, node)| node.link().connected().is_some());
        connected.map(|(address, node)| (address.clone(), Arc::clone(node))).collect()
    }

    /// Closes all others.
    pub(super) fn retain(&self, addresses: &BTreeSet<&Address>) {
        self.known().nodes.retain(|address, node| {
            let is_member = addresses.contains(address);
            if !is_member {
                node.close(&Ending::Here);
            }
            is_member
        });
    }

    /// Closes all.
    pub(super) fn close(&self) {
        let mut known = self.known();
        known.is_closed = true;
        known.nodes.values().for_each(|node| node.close(&Ending::Here));
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.by_address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
