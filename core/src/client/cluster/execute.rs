//! Commands: to the node, the nodes, or the slots that they are for.

use std::sync::Arc;

use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::super::node::Node;
use super::super::runner::Runner;
use super::super::session;
use super::super::wire::Deadline;
use super::fold::{Fold, fold};
use super::route::{self, Route};
use super::slots::SlotMap;
use super::table::Audience;
use super::together::together;
use super::{Cluster, Place, Routing, slot};
use crate::config::{Address, Layout};
use crate::error::{Error, Result};

impl Cluster {
    /// Sends a command where its name and its keys say.
    pub(in super::super) async fn execute(
        self: &Arc<Self>,
        command: &Cmd,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        match self.route(command)? {
            Route::One(place) => self.send_to(command, place, deadline, runner).await,
            Route::Many(audience, by) => self.send_to_all(command, audience, by, deadline, runner).await,
            Route::Parts(split) => {
                let parts: Vec<_> = split.parts.iter().map(|part| &part.command).collect();
                split.gather(self.pipeline(&parts, deadline, runner).await)
            }
        }
    }

    /// Sends a command where its caller says.
    pub(in super::super) async fn execute_on(
        self: &Arc<Self>,
        command: &Cmd,
        routing: &Routing,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        let audience = match (routing, self.settings.layout) {
            (Routing::AllNodes, _) => Audience::Nodes,
            (Routing::AllPrimaries, Layout::Slots) => Audience::Primaries,
            (one, _) => return self.send_to(command, self.place_of(one)?, deadline, runner).await,
        };
        self.send_to_all(command, audience, route::fold(command), deadline, runner).await
    }

    pub(super) fn place_of(&self, routing: &Routing) -> Result<Place> {
        if self.settings.layout == Layout::Replicas {
            return self.place_without_slots(routing);
        }
        Ok(match routing {
            Routing::Key(key) => Place::Slot { slot: slot::of(key), only_reads: false },
            Routing::Slot(slot) if *slot < slot::COUNT => Place::Slot { slot: *slot, only_reads: false },
            Routing::Slot(slot) => {
                let message =
                    format!("a cluster has {} slots, counted from 0: there is no slot {slot}", slot::COUNT);
                return Err(Error::new(Code::ArgumentInvalid, message));
            }
            Routing::Address { host, port } => {
                Place::Node(self.settings.reachable(Address { host: host.clone(), port: *port }))
            }
            Routing::Random | Routing::AllNodes | Routing::AllPrimaries => Place::Any,
        })
    }

    async fn send_to_all(
        self: &Arc<Self>,
        command: &Cmd,
        audience: Audience,
        by: Fold,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        let map = self.map(deadline, runner).await?;
        let members: Vec<_> = self.members(&map, audience).collect();
        let addressed = members.iter().filter_map(|member| Some((member, member.address()?)));
        let replies = addressed.map(async |(member, address)| {
            let reply = match member {
                Member::Primary(_) => {
                    self.send_to(command, Place::Node(address.clone()), deadline, runner).await
                }
                Member::Replica(node) => self.send_to_replica(command, node, deadline, runner).await,
            };
            (address.to_string(), reply.map_err(|error| error.with_hint(&format!("node {address} said so"))))
        });
        fold(by, together(replies).await)
    }

    /// Sends a command to this replica, if it is there: nobody takes its place, so there is nothing to wait for.
    async fn send_to_replica(
        self: &Arc<Self>,
        command: &Cmd,
        node: &Arc<Node>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        node.start(runner);
        let late = || node.link().timed_out(deadline.within);
        let connection = session::by(deadline, &**runner, node.link().connection_or_why(), late).await?;
        let outcome = node.send_over(&connection, command, deadline, runner).await;
        outcome.map_err(|error| self.settled(error, runner))
    }

    /// The nodes that a command for many is for.
    fn members<'a>(&'a self, map: &'a SlotMap, audience: Audience) -> impl Iterator<Item = Member> + 'a {
        let replicas: Vec<_> = match (audience, self.settings.layout) {
            (Audience::Primaries, _) => Vec::new(),
            (Audience::Nodes, Layout::Slots) => map.replicas().map(Arc::clone).collect(),
            (Audience::Nodes, Layout::Replicas) => self.others(map),
        };
        let primaries = map.primaries().map(|node| Member::Primary(Arc::clone(node)));
        primaries.chain(replicas.into_iter().map(Member::Replica))
    }
}

/// A node by what it is now.
enum Member {
    Primary(Arc<Node>),
    Replica(Arc<Node>),
}

impl Member {
    /// `None` never: a node has one.
    fn address(&self) -> Option<&Address> {
        let (Self::Primary(node) | Self::Replica(node)) = self;
        node.target().addresses.first()
    }
}
