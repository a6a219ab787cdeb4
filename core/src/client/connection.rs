//! One socket with its login: what was used to log in, when, and how to do it again.

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use keyrotor_proto::Code;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, ProtocolVersion, RedisConnectionInfo, Value};
use tokio::sync::watch;

use super::batch::Batch;
use super::reply::{settle, transport_error};
use super::runner::{Runner, Stream};
use crate::credential::Credential;
use crate::error::{Error, Result};

/// Commands that may wait for the socket before their senders do.
const QUEUE: usize = 1024;
/// How long a connection that nobody holds any more may take to say goodbye.
const GOODBYE: Duration = Duration::from_millis(500);

/// A connection that commands can be sent on.
pub(super) struct Connection {
    channel: MultiplexedConnection,
    ended: watch::Receiver<bool>,
    login: Mutex<LoginRecord>,
    /// One login at a time.
    pub(super) relogin: tokio::sync::Mutex<()>,
    /// Whether a reply showed that nothing more can come, before the task that reads has said so.
    is_broken: AtomicBool,
    /// When it goes, the socket is closed.
    held: Mutex<Option<watch::Sender<()>>>,
}

/// What can be sent on a connection.
pub(super) trait Sendable: Sync {
    type Reply: Send;

    fn send_on(&self, connection: &Connection) -> impl Future<Output = Result<Self::Reply>> + Send;

    /// Whether nothing of it ran, since the server wants a login first.
    fn wants_login(outcome: &Result<Self::Reply>) -> bool;
}

impl Sendable for Cmd {
    type Reply = Value;

    async fn send_on(&self, connection: &Connection) -> Result<Value> {
        connection.send(self).await
    }

    fn wants_login(outcome: &Result<Value>) -> bool {
        matches!(outcome, Err(error) if error.code() == Code::AuthRequired)
    }
}

impl Sendable for Batch {
    type Reply = Vec<Result<Value>>;

    async fn send_on(&self, connection: &Connection) -> Result<Self::Reply> {
        let mut channel = connection.channel.clone();
        let commands = self.to_send();
        let replies = channel.send_packed_commands(&commands, 0, commands.len()).await;
        let replies = connection.noting(replies.map_err(|error| transport_error(&error)))?;
        let replies: Vec<_> = replies.into_iter().map(|reply| settle(Ok(reply))).collect();
        if self.is_atomic() { outcome_of_exec(replies) } else { Ok(replies) }
    }

    fn wants_login(outcome: &Result<Self::Reply>) -> bool {
        match outcome {
            Ok(replies) => replies.iter().all(Cmd::wants_login),
            Err(error) => error.code() == Code::AuthRequired,
        }
    }
}

/// Of MULTI, the queued commands and EXEC, the last reply is what counts; where it is an error, the first one says
/// why.
fn outcome_of_exec(mut replies: Vec<Result<Value>>) -> Result<Vec<Result<Value>>> {
    match replies.pop() {
        Some(Ok(Value::Array(values))) => Ok(values.into_iter().map(|value| settle(Ok(value))).collect()),
        Some(Err(error)) => Err(replies.into_iter().find_map(Result::err).unwrap_or(error)),
        _ => Err(Error::internal("EXEC answered without an array")),
    }
}

/// The login that is in force.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LoginRecord {
    /// Of the credential.
    pub(super) generation: u64,
    /// Just before it was sent, on the runner's clock: the server's lease cannot have begun earlier.
    pub(super) at: Duration,
    /// When the credential ends.
    pub(super) ends_at: Option<SystemTime>,
    /// Grows by one with each login.
    pub(super) count: u64,
}

impl Connection {
    /// Takes a stream over. Nothing is sent.
    pub(super) async fn open(stream: Box<dyn Stream>, runner: &Arc<dyn Runner>) -> Result<Self> {
        // RESP2 here only keeps the crate from saying HELLO itself; it reads whatever protocol the server speaks.
        let silent =
            RedisConnectionInfo::default().set_protocol(ProtocolVersion::RESP2).set_skip_set_lib_name();
        let config = AsyncConnectionConfig::new().set_response_timeout(None).set_pipeline_buffer_size(QUEUE);
        let (channel, driver) =
            MultiplexedConnection::new_with_config(&silent, stream, config).await.map_err(Error::internal)?;
        let (ended_sender, ended) = watch::channel(false);
        let (held, mut holders) = watch::channel(());
        let timer = Arc::clone(runner);
        let driving = runner.spawn(Box::pin(async move {
            tokio::select! {
                biased;
                () = driver => {}
                () = async {
                    let _ = holders.changed().await;
                    timer.sleep(GOODBYE).await;
                } => {}
            }
            ended_sender.send_replace(true);
        }));
        driving.detach();
        Ok(Self {
            channel,
            ended,
            login: Mutex::default(),
            relogin: tokio::sync::Mutex::default(),
            is_broken: AtomicBool::new(false),
            held: Mutex::new(Some(held)),
        })
    }

    pub(super) async fn send(&self, command: &Cmd) -> Result<Value> {
        self.noting(settle(self.channel.clone().send_packed_command(command).await))
    }

    /// Closes the socket; replies that are under way may still come, for a moment.
    pub(super) fn close(&self) {
        drop(self.held.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn noting<T>(&self, outcome: Result<T>) -> Result<T> {
        if let Err(error) = &outcome
            && matches!(error.code(), Code::NetworkDisconnected | Code::Protocol)
        {
            self.is_broken.store(true, Relaxed);
        }
        outcome
    }

    pub(super) fn login(&self) -> LoginRecord {
        *self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `credential` was sent `at`, and taken.
    pub(super) fn note_login(&self, credential: Option<&Credential>, at: Duration) {
        let generation = credential.map_or(0, |credential| credential.generation);
        let ends_at = credential.and_then(|credential| credential.expires_at);
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        *login = LoginRecord { generation, at, ends_at, count: login.count + 1 };
    }

    pub(super) fn has_ended(&self) -> bool {
        self.is_broken.load(Relaxed) || *self.ended.borrow()
    }

    /// Ends when the connection has.
    pub(super) async fn end(&self) {
        let mut ended = self.ended.clone();
        // An error says that the task that would tell is gone, and the connection with it.
        let _ = ended.wait_for(|ended| *ended).await;
    }
}
