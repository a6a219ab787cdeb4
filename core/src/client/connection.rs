//! One socket with its login: what was used to log in, when, and how to do it again.

use std::io;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::{Duration, SystemTime};

use futures_util::task::AtomicWaker;
use keyrotor_proto::{Code, IdentityState};
use redis::{Cmd, Value};
use tokio::sync::Notify;
use zeroize::Zeroizing;

use super::cluster::Request;
use super::driven::Driven;
use super::hosted::{Hosting, Outcome};
use super::inbox::Inbox;
use super::posting::Ticket;
use super::pushes::Pushes;
use super::runner::{Runner, Stream};
use super::sendable::Sendable;
use super::wire::{Deadline, Lent, Replies, Waiting, Wire};
use crate::clock::SystemClock;
use crate::config::Address;
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::telemetry::OpenConnection;

/// Bytes that may wait for the socket before senders wait too.
const BACKLOG: usize = 1 << 20;

/// A connection that commands can be sent on. Dropping it closes it.
pub(super) struct Connection {
    shared: Arc<Shared>,
    driven: Driven,
    runner: Arc<dyn Runner>,
    pub(super) role: Role,
    pub(super) address: Address,
    /// On the runner's clock.
    pub(super) opened_at: Duration,
    _counted: OpenConnection,
    login: Mutex<LoginRecord>,
    /// One login at a time.
    pub(super) relogin: tokio::sync::Mutex<()>,
}

/// Who uses a connection.
#[derive(Debug, Clone)]
pub(super) enum Role {
    /// All callers at once.
    Shared,
    /// One caller at a time.
    Own,
    /// A subscriber: messages go there.
    Subscriber(Arc<Pushes>),
}

/// What the senders and the driver of a connection share.
#[derive(Default)]
pub(super) struct Shared {
    wire: Mutex<Wire>,
    driver: AtomicWaker,
    /// Told when the backlog has gone to the socket.
    room: Notify,
    is_closing: AtomicBool,
    has_ended: AtomicBool,
    ended: Notify,
}

impl Shared {
    fn wire(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn wake(&self) {
        self.driver.wake();
    }

    pub(super) fn wake_with(&self, waker: &Waker) {
        self.driver.register(waker);
    }

    pub(super) fn take_outgoing(&self, emptied: &mut Vec<u8>) -> Lent {
        let lent = self.wire().take_outgoing(emptied);
        if emptied.len() >= BACKLOG {
            self.room.notify_waiters();
        }
        lent
    }

    pub(super) fn deliver(&self, replies: impl ExactSizeIterator<Item = Result<Value>>) -> Result<()> {
        if replies.len() == 0 { Ok(()) } else { self.wire().deliver(replies) }
    }

    pub(super) fn expire(&self, now: Duration) -> Option<Duration> {
        self.wire().expire(now)
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.wire().backlog() > 0
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.wire().is_awaited()
    }

    pub(super) fn has_ended(&self) -> bool {
        self.has_ended.load(Acquire)
    }

    pub(super) fn is_closing(&self) -> bool {
        self.is_closing.load(Acquire)
    }

    pub(super) fn end(&self, error: Error) {
        self.wire().end(error);
        if !self.has_ended.swap(true, AcqRel) {
            self.ended.notify_waiters();
            self.room.notify_waiters();
        }
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
    /// Whose login the server says it is; until it has answered, what it said of the one before.
    pub(super) identity: IdentityState,
}

impl Connection {
    /// Takes a stream over. Nothing is sent.
    ///
    /// # Errors
    /// Where the system does not let the stream be handed to callers.
    pub(super) fn open(
        stream: Box<dyn Stream>,
        address: Address,
        role: Role,
        hosting: &Hosting,
        runner: &Arc<dyn Runner>,
    ) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let pushes = match &role {
            Role::Subscriber(pushes) => Some(Arc::clone(pushes)),
            Role::Shared | Role::Own => None,
        };
        let driven = Driven::by(hosting.of(&role), stream, Inbox::new(pushes), &shared, runner)?;
        let counted = OpenConnection::new(&address.to_string(), Arc::new(SystemClock::default()));
        Ok(Self {
            shared,
            driven,
            _counted: counted,
            runner: Arc::clone(runner),
            role,
            address,
            opened_at: runner.now(),
            login: Mutex::default(),
            relogin: tokio::sync::Mutex::default(),
        })
    }

    /// Sends a command of the connection's own; whoever sends it sees to its time.
    pub(super) async fn send(&self, command: &Cmd) -> Result<Value> {
        command.send_on(self, None).await
    }

    /// Sends a packed command that holds a secret; whoever sends it sees to its time.
    pub(super) async fn send_secret(&self, packed: &Zeroizing<Vec<u8>>) -> Result<Value> {
        let waiting = self.shared.wire().submit_secret(packed)?;
        let replies = self.driven.answer(waiting, None).await?;
        replies.into_iter().next().unwrap_or_else(|| Err(Error::internal("a command without a reply")))
    }

    /// Sends `count` commands that `pack` appends, and waits for their replies.
    pub(super) async fn submit(
        &self,
        count: usize,
        deadline: Option<Deadline>,
        pack: impl FnOnce(&mut Vec<u8>),
    ) -> Result<Replies> {
        let waiting = self.with_room(deadline, |wire| wire.submit(count, deadline, pack)).await?;
        self.driven.answer(waiting, deadline).await
    }

    /// Takes a call that an event loop posts. `true`: it was sent, as far as the socket took it.
    ///
    /// # Errors
    /// The call, where this connection is not for it to use now.
    pub(super) fn post<S: Request + Send + 'static>(
        &self,
        ticket: Box<Ticket<S>>,
    ) -> Result<bool, Box<Ticket<S>>>
    where
        Outcome: From<Result<S::Reply>>,
    {
        if !self.driven.is_by_callers() || self.shared.wire().backlog() >= BACKLOG {
            return Err(ticket);
        }
        let (replies, deadline) = (ticket.what().replies(), ticket.deadline());
        let taken = {
            let mut wire = self.shared.wire();
            wire.post(replies, deadline, ticket, |ticket, out| ticket.what().pack_into(out))?
        };
        // What follows within the same turn of the loop goes out in one piece.
        if taken.is_alone {
            self.driven.send(Some(deadline.began()));
        }
        if taken.is_first_to_end {
            self.driven.stir();
        }
        Ok(taken.is_alone)
    }

    /// Whoever waits for a reply of this connection waits for nothing else meanwhile.
    pub(super) fn serves_alone(&self) {
        if matches!(self.role, Role::Shared) {
            self.driven.serves_alone();
        }
    }

    /// It is logged in and set up.
    pub(super) fn is_ready(&self) {
        self.driven.is_ready();
    }

    /// Sends a command that the server confirms `count` times, or answers with one error.
    pub(super) async fn submit_confirmed(
        &self,
        command: &Cmd,
        count: usize,
        deadline: Deadline,
    ) -> Result<()> {
        let pack = |out: &mut Vec<u8>| command.write_packed_command(out);
        let submit = |wire: &mut Wire| wire.submit_confirmed(count, deadline, pack);
        let waiting = self.with_room(Some(deadline), submit).await?;
        let replies = self.driven.answer(waiting, Some(deadline)).await?;
        replies.into_iter().find_map(Result::err).map_or(Ok(()), Err)
    }

    /// Submits, waiting before while the socket does not keep up, until the deadline.
    async fn with_room(
        &self,
        deadline: Option<Deadline>,
        submit: impl FnOnce(&mut Wire) -> Result<Waiting>,
    ) -> Result<Waiting> {
        loop {
            {
                let mut wire = self.shared.wire();
                if wire.backlog() < BACKLOG {
                    return submit(&mut wire);
                }
            }
            Box::pin(self.drained_by(deadline)).await?;
        }
    }

    async fn drained_by(&self, deadline: Option<Deadline>) -> Result<()> {
        let drained = self.driven.attended(deadline, self.drained());
        let Some(Deadline { within, at }) = deadline else {
            drained.await;
            return Ok(());
        };
        tokio::select! {
            biased;
            () = drained => Ok(()),
            () = self.runner.sleep(at.saturating_sub(self.runner.now())) => Err(Error::new(
                Code::RequestTimeout,
                format!(
                    "the server took nothing more for {} ms, so the command was not sent; look at the server, or raise \
                     request_timeout",
                    within.as_millis()
                ),
            )),
        }
    }

    async fn drained(&self) {
        loop {
            // Made before the look, so that no change after it goes unnoticed.
            let changed = self.shared.room.notified();
            if self.shared.wire().backlog() < BACKLOG {
                return;
            }
            changed.await;
        }
    }

    /// Closes the socket; replies that are under way may still come, for a moment.
    pub(super) fn close(&self) {
        self.shared.is_closing.store(true, Release);
        self.driven.stir();
    }

    /// Whether commands may be sent on it, as far as can be known now.
    pub(super) fn is_usable(&self) -> bool {
        self.is_usable_at(self.runner.now())
    }

    /// [`is_usable`](Self::is_usable) for a caller that knows the time.
    pub(super) fn is_usable_at(&self, now: Duration) -> bool {
        self.driven.look(now);
        !self.has_ended()
    }

    pub(super) fn login(&self) -> LoginRecord {
        *self.login.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `credential` was sent `at`, and taken.
    pub(super) fn note_login(&self, credential: Option<&Credential>, at: Duration) {
        let generation = credential.map_or(0, |credential| credential.generation);
        let ends_at = credential.and_then(|credential| credential.expires_at);
        let mut login = self.login.lock().unwrap_or_else(PoisonError::into_inner);
        *login = LoginRecord { generation, at, ends_at, count: login.count + 1, identity: login.identity };
    }

    /// What the server said of the login in force.
    pub(super) fn note_identity(&self, identity: IdentityState) {
        self.login.lock().unwrap_or_else(PoisonError::into_inner).identity = identity;
    }

    pub(super) fn has_ended(&self) -> bool {
        self.shared.has_ended()
    }

    /// Ends when the connection has.
    pub(super) async fn end(&self) {
        // Made before the look, so that no end after it goes unnoticed.
        let ended = self.shared.ended.notified();
        if !self.has_ended() {
            ended.await;
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.close();
    }
}
