//! The client, and the request that it is made from.

mod convert;
mod push;
pub mod types;

use std::sync::Arc;

use redis::{Cmd, Pipeline, PushInfo, Value};
use tokio::sync::mpsc::UnboundedSender;

pub use types::ConnectionRequest;

use crate::Code;
use crate::client::{Batch, Routing};
use crate::error::{Error, Result};

/// A client of one server or of a cluster, logged in for as long as it lives.
///
/// Clones are handles to the same client; it is closed when the last one goes. They may be used from any thread.
#[derive(Debug, Clone)]
pub struct Client {
    handle: Arc<Handle>,
}

/// Closes the client, and so ends the task that hands its messages on.
#[derive(Debug)]
struct Handle {
    client: crate::Client,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.client.close();
    }
}

impl Client {
    /// Connects and logs in; a failure leaves nothing behind. `push_sender` gets the messages of the request's
    /// subscriptions: see [what is pushed](crate::glide#what-is-pushed).
    ///
    /// # Errors
    /// As [`keyrotor::Client::connect`](crate::Client::connect).
    pub async fn new(
        request: ConnectionRequest,
        push_sender: Option<UnboundedSender<PushInfo>>,
    ) -> Result<Self> {
        let client = crate::Client::connect(convert::request(request)?).await?;
        if let (Some(sender), Some(_)) = (push_sender, client.request_subscriber()) {
            push::hand_on(client.clone(), sender)?;
        }
        Ok(Self { handle: Arc::new(Handle { client }) })
    }

    /// Sends a command and waits for its reply, for as long as the request's timeout allows. Without `routing` it
    /// goes where its name and its keys say.
    ///
    /// # Errors
    /// As [`keyrotor::Client::execute`](crate::Client::execute) and
    /// [`execute_on`](crate::Client::execute_on).
    pub async fn send_command(&self, command: &Cmd, routing: Option<Routing>) -> Result<Value> {
        match routing {
            None => self.handle.client.execute(command).await,
            Some(routing) => self.handle.client.execute_on(command, &routing).await,
        }
    }

    /// Sends the commands together; each has an outcome of its own, one that is to be ignored, too. A pipeline that is
    /// atomic goes as a [transaction](Self::send_transaction).
    ///
    /// # Errors
    /// As [`keyrotor::Client::execute_batch`](crate::Client::execute_batch).
    pub async fn send_pipeline(&self, pipeline: &Pipeline) -> Result<Vec<Result<Value>>> {
        let batch = if pipeline.is_transaction() { Batch::atomic() } else { Batch::new() };
        self.send(batch, pipeline).await
    }

    /// Sends the commands between MULTI and EXEC: all of them run, or none.
    ///
    /// # Errors
    /// As [`keyrotor::Client::execute_batch`](crate::Client::execute_batch).
    pub async fn send_transaction(&self, pipeline: &Pipeline) -> Result<Vec<Result<Value>>> {
        self.send(Batch::atomic(), pipeline).await
    }

    /// Fetches a new token and logs the live connections in with it.
    ///
    /// # Errors
    /// As [`refresh`](crate::Client::refresh) and
    /// [`reauthenticate_now`](crate::Client::reauthenticate_now).
    pub async fn refresh_iam_token(&self) -> Result<()> {
        self.handle.client.refresh().await?;
        self.handle.client.reauthenticate_now().await
    }

    /// Logs in with another password from the next connection on; with `immediate_auth` the live connections log in anew
    /// at once.
    ///
    /// # Errors
    /// [`Code::ArgumentInvalid`] without a password, since who logged in once cannot be
    /// without a login; as [`update_password`](crate::Client::update_password).
    pub async fn update_connection_password(
        &self,
        password: Option<String>,
        immediate_auth: bool,
    ) -> Result<()> {
        let Some(password) = password else {
            let message =
                "no password: a client that logs in cannot cease to; make a new one without credentials";
            return Err(Error::new(Code::ArgumentInvalid, message));
        };
        self.handle.client.update_password(password, immediate_auth).await
    }

    /// The client behind the name, for what GLIDE has no name for.
    pub fn inner(&self) -> &crate::Client {
        &self.handle.client
    }

    async fn send(&self, mut batch: Batch, pipeline: &Pipeline) -> Result<Vec<Result<Value>>> {
        for command in pipeline.cmd_iter() {
            batch.add(command.clone())?;
        }
        self.handle.client.execute_batch(&batch).await
    }
}
