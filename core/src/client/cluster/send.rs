//! One thing to one node, wherever that turns out to be.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;
use redis::{Cmd, Value, cmd};
use tokio::sync::watch;

use super::super::batch::Batch;
use super::super::connection::Connection;
use super::super::node::Node;
use super::super::reply::disconnected;
use super::super::runner::Runner;
use super::super::sendable::Sendable;
use super::super::session;
use super::super::wire::{Deadline, Replies};
use super::redirect::{self, Redirect};
use super::{Cluster, Place, Request, View};
use crate::config::Address;
use crate::error::{Error, Result};

/// Pauses before something is sent again: doubling, up to the second of the two.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(200));

/// What one node takes in whole, or not at all.
pub(super) trait Whole: Sendable {
    type Asked<'a>: Sendable<Reply = Self::Reply>
    where
        Self: 'a;

    /// The same for a node that the slot has not quite reached. `None`: it waits until the slot has.
    fn asked(&self) -> Option<Self::Asked<'_>>;
}

impl Whole for Cmd {
    type Asked<'a> = Asked<'a>;

    fn asked(&self) -> Option<Asked<'_>> {
        Some(Asked(self))
    }
}

/// ASKING holds for the next command only, which would be MULTI.
impl Whole for Batch {
    type Asked<'a> = Self;

    fn asked(&self) -> Option<Self> {
        None
    }
}

/// A command that is asked of a node although its slot is not the node's own yet.
pub(in super::super) struct Asked<'a>(pub(in super::super) &'a Cmd);

impl Sendable for Asked<'_> {
    type Reply = Value;

    fn replies(&self) -> usize {
        2
    }

    fn pack_into(&self, out: &mut Vec<u8>) {
        cmd("ASKING").write_packed_command(out);
        self.0.write_packed_command(out);
    }

    fn reply(&self, mut replies: Replies) -> Result<Value> {
        replies.pop().unwrap_or_else(|| Err(Error::internal("a command without a reply")))
    }

    fn wants_login(outcome: &Result<Value>) -> bool {
        Cmd::wants_login(outcome)
    }
}

/// Where something was sent whose sender does not wait.
pub(in super::super) struct Sent {
    cluster: Arc<Cluster>,
    node: Arc<Node>,
}

impl Sent {
    /// Whether this outcome says something about where things are in the cluster.
    pub(in super::super) fn is_about_place(&self, error: &Error) -> bool {
        let is_lost = matches!(error.code(), Code::Closed | Code::NetworkDisconnected | Code::RequestTimeout);
        is_lost || self.cluster.redirect(error, &self.node).is_some()
    }

    /// What becomes of what ended like this: it goes on where it did not run.
    pub(in super::super) async fn go_on<R: Request>(
        &self,
        what: &R,
        outcome: Result<R::Reply>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<R::Reply> {
        let Err(error) = outcome else { return outcome };
        let error = self.cluster.settled(error, runner);
        match self.cluster.redirect(&error, &self.node) {
            Some(redirect) => self.cluster.learn(&redirect, runner),
            None if error.code() == Code::AuthRequired => {}
            None => return Err(error),
        }
        what.send_in(&self.cluster, deadline, runner).await
    }
}

impl Cluster {
    /// The connection to where something goes, where that is one place and there is a connection now.
    pub(in super::super) fn at_hand<R: Request>(
        self: &Arc<Self>,
        what: &R,
        runner: &Arc<dyn Runner>,
    ) -> Option<(Arc<Connection>, Sent)> {
        let node = self.node_at(&self.view.borrow(), &what.place()?, runner)?;
        let connection = node.link().connected()?;
        Some((connection, Sent { cluster: Arc::clone(self), node }))
    }

    /// Sends something to `place`, and wherever it is sent on from there, until a node takes it or the time is over: then
    /// with what the last node said.
    pub(super) async fn send_to<S: Whole>(
        self: &Arc<Self>,
        what: &S,
        place: Place,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<S::Reply> {
        let mut way = Way::to(place);
        loop {
            let (node, connection) = self.connection_to(way.next(), deadline, runner).await?;
            let outcome = match what.asked().filter(|_| way.is_asked()) {
                Some(asked) => node.send_over(&connection, &asked, deadline, runner).await,
                None => node.send_over(&connection, what, deadline, runner).await,
            };
            let Err(error) = outcome else { return outcome };
            let error = self.settled(error, runner);
            let Some(redirect) = self.redirect(&error, &node).filter(|_| way.is_open()) else {
                return Err(error);
            };
            self.learn(&redirect, runner);
            if let Some(pause) = way.turn(redirect, what.asked().is_some(), |to| self.settings.reachable(to))
                && !pause_by(pause, deadline, runner).await
            {
                return Err(out_of_time(error));
            }
        }
    }

    /// What a node said, where it said that it did not run what it was sent.
    pub(super) fn redirect(&self, error: &Error, node: &Node) -> Option<Redirect> {
        redirect::read(error, node.target().addresses.first()?)
    }

    /// What the end of a node's connection means here.
    pub(super) fn settled(self: &Arc<Self>, error: Error, runner: &Arc<dyn Runner>) -> Error {
        match error.code() {
            Code::Closed if !self.view.borrow().is_closed => disconnected("its node left the cluster"),
            Code::NetworkDisconnected | Code::RequestTimeout => {
                self.doubt(runner);
                error
            }
            _ => error,
        }
    }

    /// The connection to a place. Where there is none, it waits for it, and for the place to be somewhere else.
    pub(super) async fn connection_to(
        self: &Arc<Self>,
        place: &Place,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<(Arc<Node>, Arc<Connection>)> {
        let node = self.node_at(&self.view.borrow(), place, runner);
        if let Some((connection, node)) = node.and_then(|node| node.link().connected().zip(Some(node))) {
            return Ok((node, connection));
        }
        let connected = async {
            let mut view = self.view.subscribe();
            loop {
                self.known(&view.borrow_and_update())?;
                let node = self.node_at(&view.borrow(), place, runner);
                self.doubt(runner);
                let Some(node) = node else {
                    self.changed(&mut view).await?;
                    continue;
                };
                if let Some(connection) = self.up(&node, &mut view, runner).await? {
                    return Ok((node, connection));
                }
            }
        };
        let late = || match self.node_at(&self.view.borrow(), place, runner) {
            Some(node) => node.link().timed_out(deadline.within),
            None => self.unknown(deadline),
        };
        session::by(deadline, &**runner, connected, late).await
    }

    /// The node's connection, once there is one; `None` where the view changed before that.
    async fn up(
        &self,
        node: &Arc<Node>,
        view: &mut watch::Receiver<View>,
        runner: &Arc<dyn Runner>,
    ) -> Result<Option<Arc<Connection>>> {
        node.start(runner);
        tokio::select! {
            biased;
            connection = node.link().connection() => match connection {
                Ok(connection) => Ok(Some(connection)),
                // It left the cluster, and the view does not say so yet.
                Err(error) if error.code() == Code::Closed => self.changed(view).await.map(|()| None),
                Err(error) => Err(error),
            },
            changed = self.changed(view) => changed.map(|()| None),
        }
    }
}

/// How something came on so far.
pub(super) struct Way {
    place: Place,
    /// Where it goes next, since the node of its slot said so.
    ask: Option<Place>,
    refusals: u32,
}

impl Way {
    pub(super) fn to(place: Place) -> Self {
        Self { place, ask: None, refusals: 0 }
    }

    pub(super) fn next(&self) -> &Place {
        self.ask.as_ref().unwrap_or(&self.place)
    }

    pub(super) fn is_asked(&self) -> bool {
        self.ask.is_some()
    }

    /// Whether it follows a redirect: whoever names a node means that node.
    pub(super) fn is_open(&self) -> bool {
        !matches!(self.place, Place::Node(_))
    }

    /// Goes on as a node said. Returns how long to wait before that.
    pub(super) fn turn(
        &mut self,
        redirect: Redirect,
        can_ask: bool,
        reachable: impl Fn(Address) -> Address,
    ) -> Option<Duration> {
        self.ask = None;
        let is_first = self.refusals == 0;
        let pause = self.stay();
        match redirect {
            Redirect::Moved { .. } if is_first => return None,
            Redirect::Ask { to } if can_ask => {
                self.ask = Some(Place::Node(reachable(to)));
                if is_first {
                    return None;
                }
            }
            Redirect::ReplicaAway => {
                if let Place::Slot { only_reads, .. } = &mut self.place {
                    *only_reads = false;
                }
            }
            _ => {}
        }
        Some(pause)
    }

    /// Tries the same again. Returns how long to wait before that.
    pub(super) fn stay(&mut self) -> Duration {
        let (first, longest) = PAUSES;
        let pause = first.saturating_mul(1 << self.refusals.min(16)).min(longest);
        self.refusals += 1;
        pause
    }
}

/// Waits, but not past the deadline. Whether there is time left.
pub(super) async fn pause_by(pause: Duration, deadline: Deadline, runner: &Arc<dyn Runner>) -> bool {
    let left = deadline.at.saturating_sub(runner.now());
    runner.sleep(pause.min(left)).await;
    left > pause
}

pub(super) fn out_of_time(error: Error) -> Error {
    error.with_hint("it did not run there, and the request's time is over")
}
