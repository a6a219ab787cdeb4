//! The client.

use std::sync::{Mutex, MutexGuard, PoisonError};

use keyrotor::{Batch, ClientStats, Error, Status};
use napi_derive::napi;

use crate::arguments::{Argument, command};
use crate::callback::FunctionInfo;
use crate::completion::Payload;
use crate::error::closed;
use crate::host::Host;
use crate::reply::Decode;
use crate::request::Encoding;
use crate::runtime;
use crate::status::{StatusInfo, signed};

/// A handle of the core's client.
#[napi(js_name = "NativeClient")]
pub struct Client {
    state: Mutex<State>,
}

enum State {
    Open(keyrotor::Client),
    /// What was left to tell when it was closed. The core's client goes at once, since it holds on to the
    /// runtime's descriptors, which must not wait for the garbage collector.
    Closed(ClientStats, Option<Box<Status>>),
}

/// What a client did.
#[napi(object)]
pub struct StatsInfo {
    /// Commands sent.
    pub commands: i64,
    /// That ended otherwise than by the server's answer.
    pub failures: i64,
    /// Logins on a live connection.
    pub reauths: i64,
    /// Connections after the first.
    pub reconnects: i64,
    /// Commands that wait.
    pub in_flight: i64,
}

impl From<ClientStats> for StatsInfo {
    fn from(stats: ClientStats) -> Self {
        Self {
            commands: signed(stats.commands),
            failures: signed(stats.failures),
            reauths: signed(stats.reauths),
            reconnects: signed(stats.reconnects),
            in_flight: signed(stats.in_flight),
        }
    }
}

/// How commands belong together.
#[napi(string_enum = "lowercase")]
#[derive(Debug)]
pub enum BatchKind {
    /// Sent together.
    Plain,
    /// Between MULTI and EXEC.
    Atomic,
}

fn refuse(host: &Host, ticket: i64, error: Error) {
    host.completion(ticket).complete(Err(error));
}

/// Settles with a `NativeClient`.
#[napi(catch_unwind)]
pub fn connect(request: &[u8], encoding: Encoding, functions: Vec<FunctionInfo>, host: &Host, ticket: i64) {
    let (request, callbacks) = (request.to_vec(), host.questions().callbacks(functions));
    runtime::run(host.completion(ticket), async move {
        let client = keyrotor::Client::from_request_with(&request, encoding.into(), &callbacks).await?;
        Ok(Payload::Client(Client { state: Mutex::new(State::Open(client)) }))
    });
}

#[napi]
impl Client {
    /// Settles with the reply.
    #[napi(catch_unwind)]
    pub fn execute(&self, arguments: Vec<Argument>, decode: Decode, host: &Host, ticket: i64) {
        let Some(client) = self.open() else {
            return refuse(host, ticket, closed("client"));
        };
        let command = command(&arguments);
        host.run_here(ticket, async move {
            let reply = client.execute(&command).await?;
            Ok(Payload::Reply(reply, decode))
        });
    }

    /// Settles with one value or error for each command.
    #[napi(catch_unwind)]
    pub fn execute_batch(
        &self,
        commands: Vec<Vec<Argument>>,
        kind: BatchKind,
        decode: Decode,
        host: &Host,
        ticket: i64,
    ) {
        let Some(client) = self.open() else {
            return refuse(host, ticket, closed("client"));
        };
        let mut batch = match kind {
            BatchKind::Atomic => Batch::atomic(),
            BatchKind::Plain => Batch::new(),
        };
        for arguments in commands {
            if let Err(error) = batch.add(command(&arguments)) {
                return refuse(host, ticket, error);
            }
        }
        host.run_here(ticket, async move {
            let replies = client.execute_batch(&batch).await?;
            Ok(Payload::Replies(replies, decode))
        });
    }

    /// How its token stands; `None` where it does not log in.
    #[napi(catch_unwind)]
    pub fn status(&self) -> Option<StatusInfo> {
        match &*self.state() {
            State::Open(client) => client.status().map(StatusInfo::from),
            State::Closed(_, status) => status.as_deref().cloned().map(StatusInfo::from),
        }
    }

    /// What it did.
    #[napi(catch_unwind)]
    pub fn stats(&self) -> StatsInfo {
        match &*self.state() {
            State::Open(client) => client.stats().into(),
            State::Closed(stats, _) => stats.clone().into(),
        }
    }

    /// Ends all of it.
    #[napi(catch_unwind)]
    pub fn close(&self) {
        let mut state = self.state();
        if let State::Open(client) = &*state {
            client.close();
            *state = State::Closed(client.stats(), client.status().map(Box::new));
        }
    }

    fn open(&self) -> Option<keyrotor::Client> {
        match &*self.state() {
            State::Open(client) => Some(client.clone()),
            State::Closed(..) => None,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
