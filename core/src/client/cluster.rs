//! A cluster: which node has what, and the way there while that changes.
//!
//! Each node has a connection of its own, with a login of its own and the one manager of the client. A command runs where
//! its key's slot is. What a node says it did not run goes elsewhere until the request's time is over; what was under way
//! when a connection broke is never sent again.

mod batch;
mod execute;
mod fold;
mod keeper;
mod nodes;
mod part;
mod pipeline;
mod redirect;
mod replicas;
mod route;
mod routing;
mod send;
mod slot;
mod slots;
mod split;
mod standing;
mod survey;
mod table;
mod together;

use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyrotor_proto::Code;
use redis::Cmd;
use tokio::sync::{Notify, watch};

use super::node::{Node, Target};
use super::runner::{Runner, Task};
use super::session::{self, Ending, Session};
use super::wire::Deadline;
use crate::config::{Address, ClusterSettings, Layout};
use crate::error::{Error, Result};
pub(super) use batch::Request;
use nodes::Nodes;
use redirect::Redirect;
pub use routing::Routing;
pub(super) use send::{Asked, Sent};
use slots::SlotMap;

/// Where in the cluster something goes.
#[derive(Debug, Clone)]
pub(super) enum Place {
    /// Any primary.
    Any,
    /// The primary of a slot; for what only reads a replica may do.
    Slot { slot: u16, only_reads: bool },
    /// That node, whatever it has.
    Node(Address),
}

/// How a command goes on that did not run where it was sent.
pub(super) enum Detour {
    /// There, and where it `asks`, with ASKING right before it.
    To { target: Target, asks: bool },
    /// Where its keys are a little later.
    Later,
}

/// How long something may take before the view is doubted for it.
const USUAL: Duration = Duration::from_millis(200);

/// What is known of the cluster.
#[derive(Clone, Default)]
struct View {
    map: Option<Arc<SlotMap>>,
    /// Why nothing newer is known.
    trouble: Option<Error>,
    is_closed: bool,
}

pub(super) struct Cluster {
    session: Arc<Session>,
    settings: ClusterSettings,
    nodes: Nodes,
    view: watch::Sender<View>,
    /// Told when somebody doubts the view.
    doubted: Notify,
    keeper: Mutex<Option<Task>>,
    /// Whose turn it is, where several nodes would do.
    turn: AtomicUsize,
}

impl Cluster {
    /// Finds the cluster, unless the client is lazy.
    ///
    /// # Errors
    /// What the last of the request's addresses failed with, or a login; nothing is left behind then.
    pub(super) async fn connect(session: &Arc<Session>, settings: ClusterSettings) -> Result<Arc<Self>> {
        // Only a cluster's replicas have to be asked to answer by themselves.
        let nodes = Nodes::new(session, settings.prefers_replicas && settings.layout == Layout::Slots);
        let cluster = Arc::new(Self {
            session: Arc::clone(session),
            settings,
            nodes,
            view: watch::Sender::default(),
            doubted: Notify::new(),
            keeper: Mutex::default(),
            turn: AtomicUsize::new(0),
        });
        if !session.settings.is_lazy {
            let runner = session.runner()?;
            cluster.find(&runner).await?;
            cluster.keep(&runner);
        }
        Ok(cluster)
    }

    /// The node that something goes to, as far as is known.
    fn node_at(&self, view: &View, place: &Place, runner: &Arc<dyn Runner>) -> Option<Arc<Node>> {
        match (place, view.map.as_ref()) {
            (Place::Node(address), _) => Some(self.nodes.at(address)),
            (_, None) => None,
            (Place::Any, Some(map)) => self.any_primary(map),
            (Place::Slot { slot, only_reads }, Some(map)) => {
                let shard = map.shard(*slot)?;
                let replica = (*only_reads && self.settings.prefers_replicas)
                    .then(|| self.connected_replica(&shard.replicas, runner));
                Some(replica.flatten().unwrap_or_else(|| Arc::clone(&shard.primary)))
            }
        }
    }

    /// One that is connected, if there is one.
    fn any_primary(&self, map: &SlotMap) -> Option<Arc<Node>> {
        let primaries: Vec<_> = map.primaries().collect();
        let connected = self.in_turn(&primaries).find(|node| node.link().connected().is_some());
        connected.or_else(|| self.in_turn(&primaries).next()).map(|node| Arc::clone(node))
    }

    /// The next one that is connected. The others are connected to meanwhile.
    fn connected_replica(&self, replicas: &[Arc<Node>], runner: &Arc<dyn Runner>) -> Option<Arc<Node>> {
        let mut in_turn = self.in_turn(replicas);
        let connected = in_turn.find(|node| {
            let is_connected = node.link().connected().is_some();
            if !is_connected {
                node.start(runner);
            }
            is_connected
        });
        connected.map(Arc::clone)
    }

    fn in_turn<'a, T>(&self, all: &'a [T]) -> impl Iterator<Item = &'a T> + use<'a, T> {
        let first = self.turn.fetch_add(1, Relaxed).checked_rem(all.len()).unwrap_or_default();
        let (before, from) = all.split_at_checked(first).unwrap_or((all, &[]));
        from.iter().chain(before)
    }

    /// What is known of the cluster, waiting until anything is.
    async fn map(self: &Arc<Self>, deadline: Deadline, runner: &Arc<dyn Runner>) -> Result<Arc<SlotMap>> {
        if let Some(map) = &self.view.borrow().map {
            return Ok(Arc::clone(map));
        }
        let found = async {
            let mut view = self.view.subscribe();
            loop {
                if let Some(map) = self.known(&view.borrow_and_update())? {
                    return Ok(map);
                }
                self.doubt(runner);
                self.changed(&mut view).await?;
            }
        };
        session::by(deadline, &**runner, found, || self.unknown(deadline)).await
    }

    fn known(&self, view: &View) -> Result<Option<Arc<SlotMap>>> {
        match view {
            View { is_closed: true, .. } => Err(Error::closed("client")),
            View { map: Some(map), .. } => Ok(Some(Arc::clone(map))),
            // No login will be made by waiting for the request's time.
            View { trouble: Some(error), .. } if error.is_about_login() => Err(error.clone()),
            _ => Ok(None),
        }
    }

    async fn changed(&self, view: &mut watch::Receiver<View>) -> Result<()> {
        view.changed().await.map_err(|_| Error::closed("client"))
    }

    /// The view may be wrong: somebody sees to it, soon.
    fn doubt(self: &Arc<Self>, runner: &Arc<dyn Runner>) {
        self.doubted.notify_one();
        self.keep(runner);
    }

    /// Believes what a node said of a slot.
    fn learn(self: &Arc<Self>, redirect: &Redirect, runner: &Arc<dyn Runner>) {
        if let Redirect::Moved { slot, to } = redirect {
            let to = self.nodes.at(&self.settings.reachable(to.clone()));
            self.view.send_if_modified(|view| {
                // Of many commands that were under way, the first one has told.
                let is_news = |map: &&Arc<SlotMap>| {
                    map.shard(*slot).is_none_or(|shard| !Arc::ptr_eq(&shard.primary, &to))
                };
                let moved = view.map.as_ref().filter(is_news).map(|map| Arc::new(map.moved(*slot, &to)));
                let has_moved = moved.is_some();
                view.map = moved.or(view.map.take());
                has_moved
            });
        }
        if matches!(redirect, Redirect::Moved { .. } | Redirect::Lost) {
            self.doubt(runner);
        }
    }

    /// Why nothing could be sent in time.
    fn unknown(&self, deadline: Deadline) -> Error {
        let trouble = self.view.borrow().trouble.clone();
        trouble.unwrap_or_else(|| {
            let within = deadline.within.as_millis();
            let (who, what, look) = match self.settings.layout {
                Layout::Slots => ("no node of the cluster said", "who has the key", "the cluster (CLUSTER INFO)"),
                Layout::Replicas => ("none of the servers said", "that it is the primary", "them (INFO replication)"),
            };
            let message = format!(
                "{who} within {within} ms {what}, so the command was not sent; look at {look}, or raise request_timeout"
            );
            Error::new(Code::RequestTimeout, message)
        })
    }

    /// Where a connection for this command alone goes.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] where its keys are not in one slot; what nobody could be asked for.
    pub(super) async fn target_for(
        self: &Arc<Self>,
        command: &Cmd,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Target> {
        let place = self.place_of_all(std::iter::once(command))?;
        self.target_at(&place, deadline, runner).await
    }

    /// Where a connection goes that no key is tied to.
    pub(super) async fn any_target(
        self: &Arc<Self>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Target> {
        self.target_at(&Place::Any, deadline, runner).await
    }

    async fn target_at(
        self: &Arc<Self>,
        place: &Place,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Target> {
        self.map(deadline, runner).await?;
        let node = self.node_at(&self.view.borrow(), place, runner);
        node.map(|node| node.target().clone()).ok_or_else(|| self.unknown(deadline))
    }

    /// How a command goes on that a connection of its own got this error for.
    pub(super) fn detour(
        self: &Arc<Self>,
        error: &Error,
        asked: &Target,
        runner: &Arc<dyn Runner>,
    ) -> Option<Detour> {
        if error.code() == Code::NetworkDisconnected {
            self.doubt(runner);
        }
        let redirect = redirect::read(error, asked.addresses.first()?)?;
        self.learn(&redirect, runner);
        let target = |to| self.nodes.target(&self.settings.reachable(to));
        Some(match redirect {
            Redirect::Moved { to, .. } => Detour::To { target: target(to), asks: false },
            Redirect::Ask { to } => Detour::To { target: target(to), asks: true },
            Redirect::Later | Redirect::Lost | Redirect::ReplicaAway => Detour::Later,
        })
    }

    /// Ends when the command's keys are no longer at `target`, with where they are.
    pub(super) async fn elsewhere(
        self: &Arc<Self>,
        command: &Cmd,
        target: &Target,
        runner: &Arc<dyn Runner>,
    ) -> Target {
        let mut view = self.view.subscribe();
        runner.sleep(USUAL).await;
        loop {
            view.mark_unchanged();
            let deadline = self.session.deadline(&**runner);
            match self.target_for(command, deadline, runner).await {
                Ok(now) if now != *target => return now,
                _ => self.doubt(runner),
            }
            if self.changed(&mut view).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Ends the background work; replies that are under way may still come, for a moment.
    pub(super) fn close(&self, ending: &Ending) {
        // In a forked child everything behind this is the parent's, its locks too; the keeper's future, which nobody drives
        // there, holds it for ever.
        if let Ending::Here = ending {
            drop(self.keeper().take());
            self.view.send_modify(|view| view.is_closed = true);
            self.nodes.close();
        }
    }

    fn keeper(&self) -> MutexGuard<'_, Option<Task>> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
