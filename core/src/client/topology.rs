//! What a client talks to.

use std::sync::Arc;

use redis::Cmd;

use super::node::{Node, Target};
use super::runner::Runner;
use super::sendable::Sendable;
use super::session::{Ending, Session};
use super::wire::Deadline;
use crate::error::{Error, Result};

/// The servers behind a client.
pub(super) enum Topology {
    /// One, for everything.
    Standalone(Arc<Node>),
}

impl Topology {
    /// Connects, unless the client is lazy.
    ///
    /// # Errors
    /// Those of [`Client::connect`](super::Client::connect); nothing is left behind then.
    pub(super) async fn connect(session: &Arc<Session>) -> Result<Self> {
        let target = Target { addresses: session.settings.addresses.clone(), reads_replica: false };
        Ok(Self::Standalone(match session.settings.is_lazy {
            true => Node::lazy(session, target),
            false => Node::connect(session, target).await?,
        }))
    }

    /// Sends something where it belongs.
    pub(super) async fn send<S: Sendable>(
        &self,
        what: &S,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<S::Reply> {
        match self {
            Self::Standalone(node) => node.send(what, deadline, runner).await,
        }
    }

    /// Where a connection for this command alone goes.
    ///
    /// # Errors
    /// Of a cluster: nobody can be asked who has the command's keys, or they are not in one slot.
    #[expect(clippy::unused_async, reason = "a cluster may have to be asked")]
    pub(super) async fn target_for(
        &self,
        _command: &Cmd,
        _deadline: Deadline,
        _runner: &Arc<dyn Runner>,
    ) -> Result<Target> {
        match self {
            Self::Standalone(node) => Ok(node.target().clone()),
        }
    }

    /// Where a connection that no key is tied to goes: a subscriber's.
    ///
    /// # Errors
    /// Of a cluster: nobody can be asked who belongs to it.
    #[expect(clippy::unused_async, reason = "a cluster may have to be asked")]
    pub(super) async fn any_target(&self, _deadline: Deadline, _runner: &Arc<dyn Runner>) -> Result<Target> {
        match self {
            Self::Standalone(node) => Ok(node.target().clone()),
        }
    }

    /// Where to send a command that `asked` answered with this error, where the error says that it did not run there
    /// and belongs elsewhere.
    pub(super) fn redirected(&self, _error: &Error, _asked: &Target) -> Option<Target> {
        match self {
            Self::Standalone(_) => None,
        }
    }

    /// Ends the background work.
    pub(super) fn close(&self, ending: &Ending) {
        match self {
            Self::Standalone(node) => node.close(ending),
        }
    }
}
