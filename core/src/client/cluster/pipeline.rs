//! Commands of one slot each, sent together by node, again and again until each has its outcome.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::super::node::Node;
use super::super::runner::Runner;
use super::super::wire::Deadline;
use super::part::Part;
use super::send::{Way, out_of_time, pause_by};
use super::together::together;
use super::{Cluster, Place};
use crate::error::{Error, Result};

/// A command on its way to its node.
pub(super) struct Job<'a> {
    index: usize,
    command: &'a Cmd,
    way: Way,
}

impl<'a> Job<'a> {
    pub(super) fn new(index: usize, command: &'a Cmd, place: Place) -> Self {
        Self { index, command, way: Way::to(place) }
    }
}

/// What goes to one node in one piece.
struct Group<'a> {
    /// `None`: that is not known yet.
    node: Option<Arc<Node>>,
    asks: bool,
    jobs: Vec<Job<'a>>,
}

/// What became of a group.
#[derive(Default)]
struct Round<'a> {
    done: Vec<(usize, Result<Value>)>,
    /// Did not run, for that reason.
    again: Vec<(Job<'a>, Option<Error>)>,
    pause: Option<Duration>,
}

impl Cluster {
    /// Sends each where it belongs. The outcomes come in any order, by index.
    pub(super) async fn run(
        self: &Arc<Self>,
        mut jobs: Vec<Job<'_>>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Vec<(usize, Result<Value>)> {
        let mut done = Vec::with_capacity(jobs.len());
        while !jobs.is_empty() {
            let groups = self.groups(jobs, runner);
            let rounds = together(groups.into_iter().map(|group| self.send(group, deadline, runner))).await;
            let mut again = Vec::new();
            let mut pause = None;
            for round in rounds {
                done.extend(round.done);
                again.extend(round.again);
                pause = pause.max(round.pause);
            }
            if !again.is_empty()
                && let Some(pause) = pause
                && !pause_by(pause, deadline, runner).await
            {
                let late =
                    |error: Option<Error>| Err(error.map_or_else(|| self.unknown(deadline), out_of_time));
                done.extend(again.into_iter().map(|(job, error)| (job.index, late(error))));
                return done;
            }
            // What was refused first goes out first.
            again.sort_unstable_by_key(|(job, _)| job.index);
            jobs = again.into_iter().map(|(job, _)| job).collect();
        }
        done
    }

    fn groups<'a>(&self, jobs: Vec<Job<'a>>, runner: &Arc<dyn Runner>) -> Vec<Group<'a>> {
        let view = self.view.borrow().clone();
        // Two messages to one channel come in order only by way of one node.
        let any = self.node_at(&view, &Place::Any, runner);
        let reader = self.only_reader(&view, runner);
        let mut groups: Vec<Group<'a>> = Vec::new();
        for job in jobs {
            let node = match job.way.next() {
                Place::Any => any.clone(),
                Place::Slot { only_reads: true, .. } if reader.is_some() => reader.clone(),
                place => self.node_at(&view, place, runner),
            };
            let asks = job.way.is_asked();
            let is_same = |group: &&mut Group<'_>| {
                let nodes = group.node.as_ref().zip(node.as_ref());
                group.asks == asks && nodes.is_some_and(|(one, other)| Arc::ptr_eq(one, other))
            };
            match groups.iter_mut().find(is_same) {
                Some(group) => group.jobs.push(job),
                None => groups.push(Group { node, asks, jobs: vec![job] }),
            }
        }
        groups
    }

    async fn send<'a>(
        self: &Arc<Self>,
        group: Group<'a>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Round<'a> {
        let Some(first) = group.jobs.first() else { return Round::default() };
        let connected =
            group.node.clone().and_then(|node| Some((Arc::clone(&node), node.link().connected()?)));
        let connected = match connected {
            Some(connected) => Ok(connected),
            None => self.connection_to(first.way.next(), deadline, runner).await,
        };
        let (node, connection) = match connected {
            Ok(connected) => connected,
            Err(error) => return Round::failed(group.jobs, &error),
        };
        // While it waited for a node, the slots may have moved apart.
        if group.jobs.len() > 1 && group.node.is_none_or(|meant| !Arc::ptr_eq(&meant, &node)) {
            let again = group.jobs.into_iter().map(|job| (job, None)).collect();
            return Round { again, ..Round::default() };
        }
        let part = Part::new(group.jobs.iter().map(|job| job.command), group.asks);
        match node.send_over(&connection, &part, deadline, runner).await {
            Ok(replies) => self.judge(group.jobs, replies, &node, runner),
            Err(error) => Round::failed(group.jobs, &self.settled(error, runner)),
        }
    }

    fn judge<'a>(
        self: &Arc<Self>,
        jobs: Vec<Job<'a>>,
        replies: Vec<Result<Value>>,
        node: &Node,
        runner: &Arc<dyn Runner>,
    ) -> Round<'a> {
        let mut round = Round::default();
        for (mut job, reply) in jobs.into_iter().zip(replies) {
            let Err(error) = &reply else {
                round.done.push((job.index, reply));
                continue;
            };
            let pause = if let Some(redirect) = self.redirect(error, node) {
                self.learn(&redirect, runner);
                job.way.turn(redirect, true, |to| self.settings.reachable(to))
            } else if error.code() == Code::AuthRequired {
                // The login was forgotten between two of them; once all are refused, the node logs in again.
                Some(job.way.stay())
            } else {
                round.done.push((job.index, reply));
                continue;
            };
            round.pause = round.pause.max(pause);
            round.again.push((job, Some(error.clone())));
        }
        round
    }
}

impl Round<'_> {
    fn failed(jobs: Vec<Job<'_>>, error: &Error) -> Self {
        let done = jobs.into_iter().map(|job| (job.index, Err(error.clone()))).collect();
        Self { done, ..Self::default() }
    }
}
