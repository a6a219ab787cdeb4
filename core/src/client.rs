//! A Redis and Valkey client whose connections stay logged in.

mod batch;
mod blocking;
mod cluster;
mod command;
mod connection;
mod dial;
mod driven;
mod driver;
mod establish;
mod frame;
mod heal;
mod hosted;
mod identity;
mod inbox;
mod link;
mod login;
mod logins;
mod node;
mod options;
mod own;
mod pace;
mod posting;
mod pubsub;
mod pushes;
mod reply;
mod runner;
mod script;
mod sendable;
mod session;
mod stats;
mod tls;
mod topology;
mod value;
mod wait;
mod watch;
mod wire;

use std::sync::Arc;

pub use batch::Batch;
pub use cluster::Routing;
pub use hosted::{Hosting, Letter, Line, Mailbox, Outcome, attend};
use keyrotor_proto::{ConnectionRequest, Format, Message, Status};
pub use options::CallOptions;
pub use posting::Posted;
pub use pubsub::Subscriber;
pub use pushes::{Gap, PubSubEvent, PubSubMessage};
pub use redis::{Arg, Cmd, ToRedisArgs, Value, cmd};
pub use script::Script;
pub use stats::{ClientStats, ConnectionRole, ConnectionStats};
pub use watch::Watch;

use zeroize::Zeroizing;

use crate::callbacks::Callbacks;
use crate::config::{self, Subscriptions};
use crate::error::Result;
use crate::manager::TokenManager;
use blocking::Wait;
use cluster::Request;
use own::Own;
use session::Session;
use topology::Topology;

/// A client of one server, of a primary and its replicas or, with `cluster_mode_enabled`, of a cluster, logged in for as
/// long as it lives.
///
/// Commands of any number of tasks and threads share one connection to each server, which logs in again before the
/// server's lease ends and is replaced when it is lost. A command that was in flight when the connection was lost fails
/// with [`Code::NetworkDisconnected`](crate::Code::NetworkDisconnected): whether it ran is not known, and it is
/// never sent twice unless the server said that it did not run, or [the call allows it](CallOptions::idempotent).
///
/// With `PreferReplica` and without `cluster_mode_enabled` the request's addresses are those of a primary and its replicas.
/// Commands that only read a key, and batches of such, go to the replicas in turn that are in sync, and to the primary where
/// there is none; all else goes to the primary, which is found anew when another takes its place.
///
/// In a cluster a command goes to the primary that has its key's slot, wherever it moves; MGET, MSET, DEL, UNLINK, EXISTS
/// and TOUCH may have keys of many slots, which is then many commands in one; and what servers advise to send to all nodes,
/// such as DBSIZE, goes to all, with one reply. [`execute_on`](Self::execute_on) says otherwise. What a node did not run,
/// since the slot has moved or the cluster is changing, is sent again for as long as the request's timeout allows.
///
/// Clones are handles to the same client; it is closed by [`close`](Self::close) or when the last handle goes.
/// Inside a tokio runtime it runs there, elsewhere on keyrotor's own thread.
///
/// ```no_run
/// # async fn example() -> Result<(), keyrotor::Error> {
/// use keyrotor::{Client, Format, cmd};
///
/// let client = Client::from_request(
///     br#"{"addresses": [{"host": "my-cache.example.com", "port": 6379}], "tlsMode": "SecureTls",
///          "authenticationInfo": {"iamCredentials":
///              {"clusterName": "my-cache", "username": "app", "region": "eu-west-1"}}}"#,
///     Format::Json,
/// )
/// .await?;
/// client.execute(cmd("SET").arg("key").arg("value")).await?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// Closes the client when the last clone goes.
struct Handle {
    session: Arc<Session>,
    topology: Arc<Topology>,
    own: Arc<Own>,
    /// Of the request's own subscriptions.
    subscriber: Option<Subscriber>,
}

impl Handle {
    fn close(&self) {
        let ending = self.session.close();
        self.topology.close(&ending);
        self.own.close(&ending);
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.close();
    }
}

impl Client {
    /// Connects and logs in; a failure leaves nothing behind. With `lazy_connect` the first command does so.
    ///
    /// # Errors
    /// `config-*` for the request, `credentials-*` for the token, `network-*` on the way to the server, `auth-*`
    /// where it refused the login, with its own words in [`Error::server_text`](crate::Error::server_text).
    pub async fn connect(request: ConnectionRequest) -> Result<Self> {
        Self::connect_with(request, &Callbacks::new()).await
    }

    /// [`connect`](Self::connect) with the functions that the request names.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(request: ConnectionRequest, callbacks: &Callbacks) -> Result<Self> {
        // A message that was built in code is held to the same shape as one that was read.
        let encoded = Zeroizing::new(request.encode_to_vec());
        Self::from_request_with(&encoded, Format::Protobuf, callbacks).await
    }

    /// [`from_request`](Self::from_request) with the functions that the request names.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_request_with(request: &[u8], format: Format, callbacks: &Callbacks) -> Result<Self> {
        Self::hosted(request, format, callbacks, Hosting::Runtime).await
    }

    /// [`from_request_with`](Self::from_request_with), for bindings that say who reads the connections.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn hosted(
        request: &[u8],
        format: Format,
        callbacks: &Callbacks,
        hosting: Hosting,
    ) -> Result<Self> {
        let settings = config::connection(keyrotor_proto::decode(request, format)?, callbacks)?;
        let session = Session::open(settings, hosting)?;
        let topology = Arc::new(Topology::connect(&session).await?);
        let own = Own::new(&session);
        let mut handle = Handle { session, topology, own, subscriber: None };
        if let Some(wanted) = handle.session.settings.subscriptions.clone() {
            handle.subscriber = Some(Subscriber::connect(&handle.session, &handle.topology, wanted).await?);
        }
        Ok(Self { handle: Arc::new(handle) })
    }

    /// [`connect`](Self::connect) with the bytes or the JSON of a [`ConnectionRequest`].
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn from_request(request: &[u8], format: Format) -> Result<Self> {
        Self::from_request_with(request, format, &Callbacks::new()).await
    }

    /// Sends a command and waits for its reply, for as long as the request's timeout allows.
    ///
    /// A command that waits at the server, such as BLPOP, waits as long as it says, on a connection of its own. Where
    /// a login's lease ends before that, it waits in several parts, each behind a new login.
    ///
    /// Cancelling it frees the caller; the command may still run.
    ///
    /// # Errors
    /// [`Code::ServerError`](crate::Code::ServerError) with the server's text where the server answered with an
    /// error; [`Code::CommandUnsupported`](crate::Code::CommandUnsupported) for commands that would take the
    /// shared connection over; `auth-*` at once while no login can be made; `network-*`, `request-*`.
    pub async fn execute(&self, command: &Cmd) -> Result<Value> {
        command::check(command)?;
        match blocking::wait_of(command) {
            None => self.send(1, command).await,
            // On the heap, so that what does not wait stays small.
            Some(wait) => Box::pin(self.wait(command, wait)).await,
        }
    }

    /// [`execute`](Self::execute) where the caller says, instead of where the command's name and keys say.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and [`Code::ArgumentInvalid`](crate::Code::ArgumentInvalid) for a slot that there is
    /// none of, or an address that is not that of the client's one server;
    /// [`Code::CommandUnsupported`](crate::Code::CommandUnsupported) for a command that waits at the server.
    pub async fn execute_on(&self, command: &Cmd, routing: &Routing) -> Result<Value> {
        command::check(command)?;
        if blocking::wait_of(command).is_some() {
            return Err(blocking::not_routed());
        }
        let Handle { session, topology, .. } = &*self.handle;
        let runner = session.runner()?;
        let deadline = session.deadline(&*runner);
        session.counted(1, topology.send_on(command, routing, deadline, &runner)).await
    }

    /// Sends a batch in one piece and waits for all replies. An error of the server to one command is that
    /// command's outcome, not the batch's; of an atomic batch it is the batch's.
    ///
    /// In a cluster an atomic batch runs on one node, so its keys have to be in one slot. Any other batch goes to its nodes
    /// in parts: commands of one slot run in order, others beside each other, and what one node did not answer is the
    /// outcome of its commands only.
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and [`Code::ArgumentInvalid`](crate::Code::ArgumentInvalid) for an atomic batch with
    /// keys of two slots of a cluster.
    pub async fn execute_batch(&self, batch: &Batch) -> Result<Vec<Result<Value>>> {
        if batch.is_empty() {
            return Ok(Vec::new());
        }
        self.send(u64::try_from(batch.len()).unwrap_or(u64::MAX), batch).await
    }

    /// A new subscriber, with a connection of its own and no subscriptions yet.
    ///
    /// ```no_run
    /// # async fn example(client: keyrotor::Client) -> Result<(), keyrotor::Error> {
    /// use keyrotor::PubSubEvent;
    ///
    /// let subscriber = client.subscriber().await?;
    /// subscriber.subscribe(&["news"]).await?;
    /// while let Some(event) = subscriber.next().await {
    ///     match event {
    ///         PubSubEvent::Message(message) => println!("{}", String::from_utf8_lossy(&message.payload)),
    ///         PubSubEvent::Gap(gap) => println!("nothing was seen since {:?}", gap.last_message),
    ///         other => println!("{other:?}"),
    ///     }
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn subscriber(&self) -> Result<Subscriber> {
        let Handle { session, topology, .. } = &*self.handle;
        Subscriber::connect(session, topology, Subscriptions::default()).await
    }

    /// The subscriber with the subscriptions of the request; `None` where it has none.
    pub fn request_subscriber(&self) -> Option<&Subscriber> {
        self.handle.subscriber.as_ref()
    }

    /// Puts keys under watch, on a connection of its own, for a transaction that runs only if nobody changes them.
    ///
    /// ```no_run
    /// # async fn example(client: keyrotor::Client) -> Result<(), keyrotor::Error> {
    /// use keyrotor::{Batch, Value, cmd};
    ///
    /// let watch = client.watch(&["stock"]).await?;
    /// if let Value::BulkString(_) = watch.execute(cmd("GET").arg("stock")).await? {
    ///     let mut batch = Batch::atomic();
    ///     batch.add(cmd("DECR").arg("stock").clone())?;
    ///     let outcome = watch.exec(&batch).await?;
    ///     println!("{}", if outcome.is_some() { "done" } else { "somebody was faster" });
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`execute`](Self::execute), and as [`connect`](Self::connect) where a connection is made for it.
    pub async fn watch<K: ToRedisArgs>(&self, keys: &[K]) -> Result<Watch> {
        let Handle { session, topology, own, .. } = &*self.handle;
        let runner = session.runner()?;
        session.counted(1, Watch::begin(own, topology, keys, runner)).await
    }

    /// Runs a script by its digest, and sends it whole where the server does not have it.
    ///
    /// # Errors
    /// As [`execute`](Self::execute).
    pub async fn execute_script<K: ToRedisArgs, A: ToRedisArgs>(
        &self,
        script: &Script,
        keys: &[K],
        arguments: &[A],
    ) -> Result<Value> {
        match self.execute(&script.by_digest(keys, arguments)).await {
            Err(error) if error.server_text().is_some_and(|text| text.starts_with("NOSCRIPT")) => {
                self.execute(&script.whole(keys, arguments)).await
            }
            other => other,
        }
    }

    async fn wait(&self, command: &Cmd, wait: Wait) -> Result<Value> {
        let Handle { session, topology, own, .. } = &*self.handle;
        let runner = session.runner()?;
        session.counted(1, own.wait(command, wait, None, topology, &runner)).await
    }

    async fn send<R: Request>(&self, count: u64, what: &R) -> Result<R::Reply> {
        let Handle { session, topology, .. } = &*self.handle;
        let runner = session.runner()?;
        let deadline = session.deadline(&*runner);
        session.counted(count, topology.send(what, deadline, &runner)).await
    }

    /// The manager of this client's tokens; `None` where it does not log in.
    pub fn token_manager(&self) -> Option<&TokenManager> {
        self.handle.session.manager.as_ref()
    }

    /// How the login's token stands; `None` where the client does not log in.
    pub fn status(&self) -> Option<Status> {
        let identity = self.handle.session.identity().into();
        self.token_manager().map(|manager| Status { identity, ..manager.status() })
    }

    /// What happened so far.
    pub fn stats(&self) -> ClientStats {
        self.handle.session.stats()
    }

    /// Whether one more request may be in flight now.
    pub fn has_room(&self) -> bool {
        self.handle.session.has_room()
    }

    /// Closes the connections and ends all background work. Takes no more calls from now on; those under way have half a
    /// second to be answered, and then get [`Code::Closed`](crate::Code::Closed): whether they ran is not known. Does not
    /// wait for that. Harmless when repeated.
    pub fn close(&self) {
        self.handle.close();
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A future that cannot move between threads could not be spawned.
    fn movable<T: Send>(_: T) {}

    /// Each call is moved several times on its way, and its size with it.
    #[test]
    fn the_future_of_a_command_is_small() {
        fn size<F>(_: impl FnOnce(&'static Client, &'static Cmd) -> F) -> usize {
            size_of::<F>()
        }
        let size = size(|client, command| client.execute(command));
        assert!(size <= 2048, "{size} bytes");
    }

    #[test]
    fn every_future_of_the_client_may_be_spawned() {
        let _ = |client: Client, command: Cmd, batch: Batch, request: ConnectionRequest| {
            movable(async move {
                let _ = client.execute(&command).await;
                let _ = client.execute_on(&command, &Routing::Random).await;
                client.execute_batch(&batch).await
            });
            movable(Client::connect(request));
        };
    }
}
