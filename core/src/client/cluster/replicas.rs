//! One primary and the replicas that follow it, without cluster mode: who is which is asked of each of the request's
//! addresses (`INFO replication`). They are one shard with all slots.

use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::super::connection::{Connection, Role};
use super::super::establish::Patience;
use super::super::node::Node;
use super::super::runner::Runner;
use super::super::wire::Deadline;
use super::keeper::{GRACE, next};
use super::route::{self, Route};
use super::slots::{Shard, SlotMap};
use super::standing::{self, Standing};
use super::{Cluster, Place, Routing, View, slot};
use crate::config::{Address, Layout};
use crate::error::{Error, Result};

/// Everything that is read, wherever its key is.
const READ: Place = Place::Slot { slot: 0, only_reads: true };

/// What a server said, and the connection that was made to ask it.
struct Answer {
    address: Address,
    standing: Standing,
    connection: Option<Arc<Connection>>,
}

impl Cluster {
    /// Asks all of the request's addresses at once. Once the primary is known, those that are slow are not waited for.
    ///
    /// # Errors
    /// Where none of them is the primary, or several are; nothing is left behind then.
    pub(super) async fn find_primary(self: &Arc<Self>, runner: &Arc<dyn Runner>) -> Result<()> {
        let addresses = &self.session.settings.addresses;
        let mut asked: FuturesUnordered<_> =
            addresses.iter().map(|address| self.ask_standing(address, runner)).collect();
        let (mut answers, mut failure, mut grace) = (Vec::new(), None, None);
        while let Some(answer) = next(&mut asked, &mut grace).await {
            match answer {
                Ok(answer) => {
                    if answer.standing.is_primary() {
                        grace.get_or_insert_with(|| runner.sleep(GRACE));
                    }
                    answers.push(answer);
                }
                // Why a login fails says more than that a server is away.
                Err(error) => failure = failure.filter(Error::is_about_login).or(Some(error)),
            }
        }
        drop(asked);
        let before = self.primary();
        let said: Vec<_> = answers.iter().map(|answer| (&answer.address, &answer.standing)).collect();
        let primary = standing::primary(&said, before.as_ref(), failure)?.clone();
        self.follow(&primary, answers, runner);
        Ok(())
    }

    async fn ask_standing(&self, address: &Address, runner: &Arc<dyn Runner>) -> Result<Answer> {
        let (session, question) = (&self.session, standing::question());
        let (reply, connection) = match self.nodes.known_at(address) {
            Some(node) => {
                let Some(connection) = node.link().connected() else {
                    node.start(runner);
                    return Err(Error::new(Code::NetworkConnect, format!("{address} is not connected now")));
                };
                let deadline = session.deadline(&**runner);
                (node.send_over(&connection, &question, deadline, runner).await?, None)
            }
            None => {
                let target = self.nodes.target(address);
                let connection = session.establish(&target, Role::Shared, Patience::Fails, runner).await?;
                let within = session.settings.connection_timeout;
                let deadline = Deadline { within, at: runner.now() + within };
                let reply = session.send_on(&connection, &question, Some(deadline), &**runner).await?;
                (reply, Some(connection))
            }
        };
        Ok(Answer { address: address.clone(), standing: standing::read(&reply, address)?, connection })
    }

    /// Makes it the view: this primary, and those that are in sync with it.
    fn follow(&self, primary: &Address, answers: Vec<Answer>, runner: &Arc<dyn Runner>) {
        let leading = answers.iter().find(|answer| answer.address == *primary);
        let leading = leading.map(|answer| answer.standing.clone());
        let mut readers = Vec::new();
        for Answer { address, standing, connection } in answers {
            if let Some(connection) = connection {
                self.nodes.adopt(&address, connection, runner);
            }
            let is_reader = leading.as_ref().is_some_and(|leading| standing.has_all_of(leading));
            if is_reader && address != *primary {
                readers.push(self.nodes.at(&address));
            }
        }
        // Those that did not answer are connected to meanwhile.
        for address in &self.session.settings.addresses {
            self.nodes.at(address).start(runner);
        }
        let mut map = SlotMap::new();
        map.add(Shard { primary: self.nodes.at(primary), replicas: readers }, &[(0, slot::COUNT - 1)]);
        let map = Some(Arc::new(map));
        self.view.send_modify(|view| *view = View { map, trouble: None, ..*view });
    }

    fn primary(&self) -> Option<Address> {
        let map = self.view.borrow().map.clone()?;
        map.primaries().next()?.target().addresses.first().cloned()
    }

    /// All but the primary, whether they are in sync or not.
    pub(super) fn others(&self, map: &SlotMap) -> Vec<Arc<Node>> {
        let all = self.session.settings.addresses.iter().map(|address| self.nodes.at(address));
        all.filter(|node| !map.primaries().any(|primary| Arc::ptr_eq(primary, node))).collect()
    }

    /// Ends when a server is connected that has no part in the view: it was away, or is behind. Never, in a cluster.
    pub(super) async fn newcomer(&self) {
        let map = self.view.borrow().map.clone();
        if let Some(map) = map.filter(|_| self.settings.layout == Layout::Replicas) {
            let is_reader = |node: &Arc<Node>| map.replicas().any(|replica| Arc::ptr_eq(replica, node));
            let strangers = self.others(&map).into_iter().filter(|node| !is_reader(node));
            let mut connecting: FuturesUnordered<_> =
                strangers.map(|node| async move { node.link().connection().await.is_ok() }).collect();
            while let Some(is_there) = connecting.next().await {
                if is_there {
                    return;
                }
            }
        }
        std::future::pending().await
    }

    /// Where a command goes.
    pub(super) fn route(&self, command: &Cmd) -> Result<Route> {
        match self.settings.layout {
            Layout::Slots => route::route(command),
            Layout::Replicas => Ok(route::route_without_slots(command)),
        }
    }

    /// Where its caller wants something to go.
    pub(super) fn place_without_slots(&self, routing: &Routing) -> Result<Place> {
        routing.check_alone(&self.session.settings.addresses)?;
        Ok(match routing {
            Routing::Address { host, port } => Place::Node(Address { host: host.clone(), port: *port }),
            _ => Place::Any,
        })
    }

    /// Sends the commands in one piece: to a replica where all of them only read.
    pub(super) async fn pipeline_in_one(
        self: &Arc<Self>,
        commands: &[&Cmd],
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Vec<Result<Value>> {
        let only_reads = |command: &&Cmd| {
            matches!(route::route_without_slots(command), Route::One(Place::Slot { only_reads: true, .. }))
        };
        let place = if commands.iter().all(only_reads) { READ } else { Place::Any };
        self.pipeline_at(&place, commands, deadline, runner).await
    }

    /// Where all reads of one batch go; `None` in a cluster, where their slots say.
    pub(super) fn only_reader(&self, view: &View, runner: &Arc<dyn Runner>) -> Option<Arc<Node>> {
        match self.settings.layout {
            Layout::Slots => None,
            Layout::Replicas => self.node_at(view, &READ, runner),
        }
    }
}
