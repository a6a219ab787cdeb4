//! Several commands at once: each to its node, those of one node in one piece, the replies in order.

use std::sync::Arc;

use futures_util::future::{BoxFuture, join};
use keyrotor_proto::Code;
use redis::{Cmd, Value};

use super::super::batch::Batch;
use super::super::runner::Runner;
use super::super::sendable::Sendable;
use super::super::wire::Deadline;
use super::pipeline::Job;
use super::route::{self, Route};
use super::together::together;
use super::{Cluster, Place, Routing};
use crate::config::Layout;
use crate::error::{Error, Result};

/// What callers send to a client.
pub(in super::super) trait Request: Sendable {
    /// Sends it to the nodes that it belongs to.
    fn send_in(
        &self,
        cluster: &Arc<Cluster>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> impl Future<Output = Result<Self::Reply>> + Send;

    /// Where it goes, where that is one place.
    fn place(&self) -> Option<Place>;

    /// Whether a connection was lost while something of it was under way.
    fn was_cut(outcome: &Result<Self::Reply>) -> bool;
}

impl Request for Cmd {
    async fn send_in(
        &self,
        cluster: &Arc<Cluster>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Value> {
        cluster.execute(self, deadline, runner).await
    }

    fn place(&self) -> Option<Place> {
        match route::route(self) {
            Ok(Route::One(place)) => Some(place),
            _ => None,
        }
    }

    fn was_cut(outcome: &Result<Value>) -> bool {
        matches!(outcome, Err(error) if error.code() == Code::NetworkDisconnected)
    }
}

impl Request for Batch {
    async fn send_in(
        &self,
        cluster: &Arc<Cluster>,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Self::Reply> {
        if self.is_atomic() {
            let place = cluster.place_of_all(self.commands())?;
            return cluster.send_to(self, place, deadline, runner).await;
        }
        let commands: Vec<_> = self.commands().collect();
        let outcomes = cluster.pipeline(&commands, deadline, runner).await;
        // Where no node answered anything, that is the batch's outcome, as it is with one server.
        let unanswered = |outcome: &Result<Value>| {
            outcome.as_ref().err().filter(|error| error.server_text().is_none()).cloned()
        };
        let failures: Vec<_> = outcomes.iter().map_while(unanswered).collect();
        match failures.into_iter().next_back() {
            Some(error) if outcomes.iter().all(|outcome| unanswered(outcome).is_some()) => Err(error),
            _ => Ok(outcomes),
        }
    }

    /// The nodes may send single commands of it elsewhere.
    fn place(&self) -> Option<Place> {
        None
    }

    fn was_cut(outcome: &Result<Self::Reply>) -> bool {
        match outcome {
            Ok(replies) => replies.iter().any(Cmd::was_cut),
            Err(error) => error.code() == Code::NetworkDisconnected,
        }
    }
}

impl Cluster {
    /// Sends each command where it belongs, and returns the outcomes in order.
    pub(super) async fn pipeline(
        self: &Arc<Self>,
        commands: &[&Cmd],
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Vec<Result<Value>> {
        if self.settings.layout == Layout::Replicas {
            return self.pipeline_in_one(commands, deadline, runner).await;
        }
        let mut jobs = Vec::new();
        let mut others = Vec::new();
        for (index, command) in commands.iter().enumerate() {
            match route::route(command) {
                Ok(Route::One(place)) => jobs.push(Job::new(index, command, place)),
                _ => others.push(self.alone(index, command, deadline, runner)),
            }
        }
        let (mut outcomes, others) = join(self.run(jobs, deadline, runner), together(others)).await;
        outcomes.extend(others);
        outcomes.sort_unstable_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Sends a batch to the one node that its caller means.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] where many are meant.
    pub(in super::super) async fn execute_batch_on(
        self: &Arc<Self>,
        batch: &Batch,
        routing: &Routing,
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Result<Vec<Result<Value>>> {
        if matches!(routing, Routing::AllNodes | Routing::AllPrimaries) {
            let message = "a batch goes to one node: execute its commands one by one, or name a key, a slot or an address";
            return Err(Error::new(Code::ArgumentInvalid, message));
        }
        let place = self.place_of(routing)?;
        if batch.is_atomic() {
            return self.send_to(batch, place, deadline, runner).await;
        }
        let commands: Vec<_> = batch.commands().collect();
        Ok(self.pipeline_at(&place, &commands, deadline, runner).await)
    }

    /// Sends all commands to one place, and returns the outcomes in order.
    pub(super) async fn pipeline_at(
        self: &Arc<Self>,
        place: &Place,
        commands: &[&Cmd],
        deadline: Deadline,
        runner: &Arc<dyn Runner>,
    ) -> Vec<Result<Value>> {
        let jobs =
            commands.iter().enumerate().map(|(index, command)| Job::new(index, command, place.clone()));
        let mut outcomes = self.run(jobs.collect(), deadline, runner).await;
        outcomes.sort_unstable_by_key(|(index, _)| *index);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Where these commands run, which have to run in one place.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] where their keys are not in one slot of a cluster.
    pub(super) fn place_of_all<'a>(&self, commands: impl Iterator<Item = &'a Cmd>) -> Result<Place> {
        match self.settings.layout {
            Layout::Slots => place_of(commands),
            Layout::Replicas => Ok(Place::Any),
        }
    }

    /// A command that is for many nodes, or for none.
    fn alone<'a>(
        self: &'a Arc<Self>,
        index: usize,
        command: &'a Cmd,
        deadline: Deadline,
        runner: &'a Arc<dyn Runner>,
    ) -> BoxFuture<'a, (usize, Result<Value>)> {
        Box::pin(async move { (index, self.execute(command, deadline, runner).await) })
    }
}

fn place_of<'a>(commands: impl Iterator<Item = &'a Cmd>) -> Result<Place> {
    let mut whole: Option<(u16, &[u8])> = None;
    for command in commands {
        let slot = match route::route(command)? {
            Route::One(Place::Slot { slot, .. }) => slot,
            Route::Parts(split) => return Err(crossed(&split.first_keys())),
            Route::One(_) | Route::Many(..) => continue,
        };
        let key = route::first_key(command).unwrap_or_default();
        match whole {
            Some((first, known)) if first != slot => return Err(crossed(&[known, key])),
            _ => whole = whole.or(Some((slot, key))),
        }
    }
    Ok(whole.map_or(Place::Any, |(slot, _)| Place::Slot { slot, only_reads: false }))
}

fn crossed(keys: &[&[u8]]) -> Error {
    let keys: Vec<_> = keys.iter().map(|key| format!("{:?}", String::from_utf8_lossy(key))).collect();
    let message = format!(
        "a transaction, or a command with a connection of its own, runs on one node, and the keys {} are not in one slot: give them a common part in braces, as in \
         {{cart}}:1 and {{cart}}:2",
        keys.join(" and ")
    );
    Error::new(Code::ArgumentInvalid, message)
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    fn transaction(commands: &[&[&str]]) -> Batch {
        let mut batch = Batch::atomic();
        for words in commands {
            batch.add(cmd(words[0]).arg(&words[1..]).clone()).unwrap();
        }
        batch
    }

    #[test]
    fn a_transaction_goes_to_its_one_slot() {
        let batch = transaction(&[&["PING"], &["SET", "{foo}1", "x"], &["MGET", "foo", "{foo}1"], &["TIME"]]);
        assert!(matches!(place_of(batch.commands()), Ok(Place::Slot { slot: 12182, only_reads: false })));
        assert!(matches!(place_of(transaction(&[&["TIME"]]).commands()), Ok(Place::Any)));
    }

    #[test]
    fn keys_of_two_slots_are_named() {
        for commands in [&[&["GET", "foo"][..], &["GET", "bar"]][..], &[&["MGET", "foo", "bar"]]] {
            let error = place_of(transaction(commands).commands()).unwrap_err();
            assert_eq!(error.code(), Code::ArgumentInvalid);
            assert!(error.message().contains("\"foo\" and \"bar\""), "{error}");
        }
    }
}
