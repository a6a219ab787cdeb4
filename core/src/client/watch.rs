//! Transactions that depend on what was read before: WATCH, reads, then EXEC, on a connection of their own.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};

use keyrotor_proto::Code;
use redis::{Cmd, ToRedisArgs, Value, cmd};

use super::batch::Batch;
use super::blocking;
use super::command;
use super::connection::Connection;
use super::own::{Loan, Own};
use super::runner::Runner;
use super::sendable::Sendable;
use super::session::Session;
use super::topology::Topology;
use super::wire::Replies;
use crate::error::{Error, Result};

/// Keys under watch, on a connection that nobody else uses until this ends.
///
/// A watch lasts no longer than the login of its connection: where the lease ends first, the next call fails with
/// [`Code::AuthLeaseEnded`] and nothing was written; begin again.
///
/// Dropping it, or the future of one of its calls, closes the connection, which ends the watch.
pub struct Watch {
    loan: Loan,
    session: Arc<Session>,
    topology: Arc<Topology>,
    runner: Arc<dyn Runner>,
    is_given_up: AtomicBool,
}

impl Watch {
    pub(super) async fn begin<K: ToRedisArgs>(
        own: &Arc<Own>,
        topology: &Arc<Topology>,
        keys: &[K],
        runner: Arc<dyn Runner>,
    ) -> Result<Self> {
        let session = &own.session;
        let mut watch = cmd("WATCH");
        watch.arg(keys);
        let by = session.deadline(&*runner);
        let (loan, _) = own.send(&watch, topology, &runner, |_| Ok((None, Some(by)))).await?;
        let (session, topology) = (Arc::clone(session), Arc::clone(topology));
        Ok(Self { loan, session, topology, runner, is_given_up: AtomicBool::new(false) })
    }

    /// Sends a command between WATCH and EXEC: a read, as a rule. It runs at once.
    ///
    /// # Errors
    /// As [`Client::execute`](super::Client::execute), and [`Code::AuthLeaseEnded`].
    pub async fn execute(&self, command: &Cmd) -> Result<Value> {
        command::check(command)?;
        if blocking::wait_of(command).is_some() {
            let message = "a watch does not wait: execute the command with the client";
            return Err(Error::new(Code::CommandUnsupported, message));
        }
        self.session.counted(1, self.send(command)).await
    }

    /// Runs the batch as a transaction, unless somebody changed a key under watch: then nothing of it runs, and this
    /// is `None`. The batch counts as atomic either way.
    ///
    /// # Errors
    /// As [`Client::execute_batch`](super::Client::execute_batch), and [`Code::AuthLeaseEnded`].
    pub async fn exec(self, batch: &Batch) -> Result<Option<Vec<Result<Value>>>> {
        let count = u64::try_from(batch.len()).unwrap_or(u64::MAX);
        let outcome = self.session.counted(count, self.send(&Exec(batch))).await?;
        self.loan.give_back();
        Ok(outcome)
    }

    /// Ends the watch and gives the connection back.
    ///
    /// # Errors
    /// As [`Client::execute`](super::Client::execute).
    pub async fn discard(self) -> Result<()> {
        self.send(&cmd("UNWATCH")).await?;
        self.loan.give_back();
        Ok(())
    }

    /// Never heals a login: whether the server still watches after it forgot one is not known.
    async fn send<S: Sendable>(&self, what: &S) -> Result<S::Reply> {
        if self.is_given_up.load(Acquire) {
            let message = "a call of this watch was given up, which ended it; begin another one";
            return Err(Error::new(Code::Closed, message));
        }
        // A forked child must not write to what its parent reads.
        self.session.runner()?;
        let connection = self.loan.connection()?;
        self.check_lease(connection)?;
        let under_way = UnderWay { watch: self, connection };
        let outcome = what.send_on(connection, Some(self.session.deadline(&*self.runner))).await;
        under_way.has_come_to_its_end();
        if let Err(error) = &outcome {
            // It goes nowhere else, but whoever begins anew is to find the way: a primary that is one no longer takes
            // the WATCH of a client that reads replicas, and refuses the EXEC.
            let _ = self.topology.detour(error, self.loan.target(), &self.runner);
        }
        outcome
    }

    fn check_lease(&self, connection: &Connection) -> Result<()> {
        let lease = self.session.lease_of(connection, &*self.runner);
        if lease.is_none_or(|lease| self.runner.now() < connection.login().at + lease) {
            return Ok(());
        }
        connection.close();
        Err(Error::new(
            Code::AuthLeaseEnded,
            "the login of this connection ended while keys were under watch, where it cannot be renewed; nothing was \
             written: watch and read again",
        ))
    }
}

/// A call of a watch's. Dropping it ends the watch.
struct UnderWay<'a> {
    watch: &'a Watch,
    connection: &'a Connection,
}

impl UnderWay<'_> {
    fn has_come_to_its_end(self) {
        std::mem::forget(self);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.watch.is_given_up.store(true, Release);
        self.connection.close();
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Watch").finish_non_exhaustive()
    }
}

/// A batch between MULTI and EXEC that may come to nothing.
struct Exec<'a>(&'a Batch);

impl Sendable for Exec<'_> {
    type Reply = Option<Vec<Result<Value>>>;

    fn replies(&self) -> usize {
        self.0.count_atomic()
    }

    fn pack_into(&self, out: &mut Vec<u8>) {
        self.0.pack_atomic(out);
    }

    fn reply(&self, replies: Replies) -> Result<Self::Reply> {
        super::sendable::outcome_of_exec(replies)
    }

    fn wants_login(_: &Result<Self::Reply>) -> bool {
        false
    }
}
