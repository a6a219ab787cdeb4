//! What a client talks to.

use std::sync::Arc;

use redis::{Cmd, Value};

use super::batch::Batch;
use super::cluster::{Cluster, Detour, Request, Routing, Sent};
use super::connection::Connection;
use super::node::{Node, Target};
use super::runner::Runner;
use super::session::{Ending, Session};
use super::wire::Deadline;
use crate::error::{Error, Result};

/// The servers behind a client.
pub(super) enum Topology {
    /// One, for everything.
    Standalone(Arc<Node>),
    /// Many, by slot.
    Cluster(Arc<Cluster>),
}

impl Topology {
    /// Connects, unless the client is lazy.
    ///
    /// # Errors
    /// Those of [`Client::connect`](super::Client::connect); nothing is left behind then.
    pub(super) async fn connect(session: &Arc<Session>) -> Result<Self> {
        if let Some(settings) = session.settings.cluster.clone() {
            return Cluster::connect(session, settings).await.map(Self::Cluster);
        }
        let target = Target { addresses: session.settings.addresses.clone(), reads_replica: false };
        Ok(Self::Standalone(match session.settings.is_lazy {
            true => Node::lazy(session, target),
            false => Node::connect(session, target).await?,
        }))
    }

    /// The connection that something goes to, where there is one now; of a cluster, with where that is.
    pub(super) fn at_hand<R: Request>(
        &self,
        what: &R,
        runner: &Arc<dyn Runner>,
    ) -> Option<(Arc<Connection>, Option<Sent>)> {
        match self {
            Self::Standalone(node) => Some((node.connected()?, None)),
            Self::Cluster(cluster) => {
                cluster.at_hand(what, runner).map(|(connection, sent)| (connection, Some(sent)))
            }
        }
    }

    /// Sends something where it belongs.
    pub(super) async fn send<R: Request>(
        &self,
        what: &R,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<R::Reply> {
        match self {
            Self::Standalone(node) => node.send(what, deadline, runner).await,
            // On the heap, so that the way to one server stays short.
            Self::Cluster(cluster) => Box::pin(what.send_in(cluster, deadline, runner)).await,
        }
    }

    /// Sends a command where its caller says.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] for a slot that there is none of, and for an address that is not this server's.
    pub(super) async fn send_on(
        &self,
        command: &Cmd,
        routing: &Routing,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        match self {
            Self::Standalone(node) => {
                routing.check_alone(&node.target().addresses)?;
                node.send(command, deadline, runner).await
            }
            Self::Cluster(cluster) => Box::pin(cluster.execute_on(command, routing, deadline, runner)).await,
        }
    }

    /// Sends a batch where its caller says.
    ///
    /// # Errors
    /// As [`send_on`](Self::send_on); [`Code::ArgumentInvalid`] where it should go to many nodes of a cluster.
    pub(super) async fn send_batch_on(
        &self,
        batch: &Batch,
        routing: &Routing,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Vec<Result<Value>>> {
        match self {
            Self::Standalone(node) => {
                routing.check_alone(&node.target().addresses)?;
                node.send(batch, deadline, runner).await
            }
            Self::Cluster(cluster) => {
                Box::pin(cluster.execute_batch_on(batch, routing, deadline, runner)).await
            }
        }
    }

    /// Where a connection for this command alone goes.
    ///
    /// # Errors
    /// Of a cluster: nobody can be asked who has the command's keys, or they are not in one slot.
    pub(super) async fn target_for(
        &self,
        command: &Cmd,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Target> {
        match self {
            Self::Standalone(node) => Ok(node.target().clone()),
            Self::Cluster(cluster) => cluster.target_for(command, deadline, runner).await,
        }
    }

    /// Where a connection that no key is tied to goes: a subscriber's.
    ///
    /// # Errors
    /// Of a cluster: nobody can be asked who belongs to it.
    pub(super) async fn any_target(&self, deadline: Deadline, runner: &Arc<dyn Runner>) -> Result<Target> {
        match self {
            Self::Standalone(node) => Ok(node.target().clone()),
            Self::Cluster(cluster) => cluster.any_target(deadline, runner).await,
        }
    }

    /// How a command goes on that `asked` answered with this error, where the error says that it did not run there and
    /// belongs elsewhere.
    pub(super) fn detour(&self, error: &Error, asked: &Target, runner: &Arc<dyn Runner>) -> Option<Detour> {
        match self {
            Self::Standalone(_) => None,
            Self::Cluster(cluster) => cluster.detour(error, asked, runner),
        }
    }

    /// Ends when the command's keys are no longer at `target`, with where they are: never, for one server.
    pub(super) async fn elsewhere(&self, command: &Cmd, target: &Target, runner: &Arc<dyn Runner>) -> Target {
        match self {
            Self::Standalone(_) => std::future::pending().await,
            Self::Cluster(cluster) => cluster.elsewhere(command, target, runner).await,
        }
    }

    /// Ends the background work.
    pub(super) fn close(&self, ending: &Ending) {
        match self {
            Self::Standalone(node) => node.close(ending),
            Self::Cluster(cluster) => cluster.close(ending),
        }
    }
}
