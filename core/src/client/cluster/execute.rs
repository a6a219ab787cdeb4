//! Commands: to the node, the nodes, or the slots that they are for.

use std::sync::Arc;

use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::super::node::Node;
use super::super::runner::Runner;
use super::super::wire::Deadline;
use super::fold::{Fold, fold};
use super::route::{self, Route};
use super::table::Audience;
use super::together::together;
use super::{Cluster, Place, Routing, slot};
use crate::config::Address;
use crate::error::{Error, Result};

impl Cluster {
    /// Sends a command where its name and its keys say.
    pub(in super::super) async fn execute(
        self: &Arc<Self>,
        command: &Cmd,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        match route::route(command)? {
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
        let audience = match routing {
            Routing::AllNodes => Audience::Nodes,
            Routing::AllPrimaries => Audience::Primaries,
            one => return self.send_to(command, self.place_of(one)?, deadline, runner).await,
        };
        self.send_to_all(command, audience, route::fold(command), deadline, runner).await
    }

    pub(super) fn place_of(&self, routing: &Routing) -> Result<Place> {
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
        let nodes: Vec<&Arc<Node>> = match audience {
            Audience::Nodes => map.nodes().collect(),
            Audience::Primaries => map.primaries().collect(),
        };
        let addresses = nodes.iter().filter_map(|node| node.target().addresses.first());
        let replies = addresses.map(async |address| {
            let reply = self.send_to(command, Place::Node(address.clone()), deadline, runner).await;
            (address.to_string(), reply.map_err(|error| error.with_hint(&format!("node {address} said so"))))
        });
        fold(by, together(replies).await)
    }
}
