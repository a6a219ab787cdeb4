//! Commands of our own to one of the cluster's servers.

use crate::Error;
use crate::clock;
use crate::gate::Gate;
use crate::resp::{self, value::Value};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// A migration of many keys takes its time.
const LIMIT: Duration = Duration::from_secs(15);

/// `Admin` is a connection as the keeper.
pub(super) struct Admin {
    node: usize,
    stream: BufReader<UnixStream>,
}

impl Admin {
    pub(super) async fn to(gate: &Gate) -> Result<Self, Error> {
        let stream = BufReader::new(gate.backend.connect_plainly().await?);
        let mut admin = Self { node: gate.node, stream };
        let (user, password) = gate.backend.keeper();
        admin.tell(&["AUTH", user, password]).await?;
        Ok(admin)
    }

    /// For commands whose answer is of no interest, unless it is an error.
    pub(super) async fn tell<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<(), Error> {
        self.ask(args).await.map(|_| ())
    }

    /// For commands that answer with a text.
    pub(super) async fn text(&mut self, args: &[&str]) -> Result<String, Error> {
        match self.ask(args).await? {
            Value::Text(text) => Ok(String::from_utf8_lossy(&text).into_owned()),
            _ => Err(self.failed(args, "answered with something else")),
        }
    }

    /// For commands that answer with a list.
    pub(super) async fn list(&mut self, args: &[&str]) -> Result<Vec<Value>, Error> {
        match self.ask(args).await? {
            Value::List(values) => Ok(values),
            _ => Err(self.failed(args, "answered with something else")),
        }
    }

    async fn ask<A: AsRef<[u8]>>(&mut self, args: &[A]) -> Result<Value, Error> {
        let mut request = Vec::new();
        resp::command(&mut request, args);
        let reply = tokio::select! {
            reply = self.exchange(&request) => reply,
            () = clock::wait(LIMIT) => Err(io::ErrorKind::TimedOut.into()),
        };
        reply
            .map_err(|error| self.failed(args, &error.to_string()))?
            .map_err(|error| self.failed(args, &error))
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Result<Value, String>> {
        self.stream.get_mut().write_all(request).await?;
        resp::value::read(&mut self.stream).await
    }

    fn failed<A: AsRef<[u8]>>(&self, args: &[A], why: &str) -> Error {
        let words: Vec<_> = args.iter().map(|arg| String::from_utf8_lossy(arg.as_ref())).collect();
        // Two words name a command of a cluster; what follows another's name may be a password.
        let named = if words.first().is_some_and(|word| word == "CLUSTER") { 2 } else { 1 };
        let name = words.get(..named).unwrap_or(&words).join(" ");
        Error::Backend(format!("node {}: {name}: {why}", self.node))
    }
}
