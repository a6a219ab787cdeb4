//! A connection in the hands of those who wait for its replies.

use std::future::poll_fn;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::pin::pin;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::sync::Notify;

use super::super::connection::Shared;
use super::super::inbox::Inbox;
use super::super::reply::disconnected;
use super::super::runner::{Bare, Runner};
use super::super::wire::Deadline;
use super::baton::Baton;
use super::incoming::{Incoming, with_room_for_sealed};
use super::mailbox::{Letter, Mailbox};
use super::outgoing::{Outgoing, Plain, Source, Unsealed};
use super::seat;
use super::socket::{SLICE, Socket, is_nothing};
use crate::error::{Error, Result};

/// After a pause of this length a look at the socket comes before the next command: the server may have hung up.
const FRESH: Duration = Duration::from_millis(1);

/// `Line` writes at once what is submitted, and is read by one caller at a time.
///
/// An event loop that watches it calls [`read`](Self::read) when it is readable, [`flush`](Self::flush) when it is
/// writable and [choked](Self::is_choked), and lets go of it once it has [ended](Self::has_ended); the descriptor stays
/// open until then.
pub struct Line {
    socket: Socket,
    is_sealed: bool,
    shared: Arc<Shared>,
    runner: Arc<dyn Runner>,
    outgoing: Outgoing,
    incoming: Mutex<Incoming>,
    baton: Baton,
    /// When something was last sent on it, in nanoseconds on the runner's clock.
    used_at: AtomicU64,
    /// Calls that wait where nobody can read: on the runtime itself.
    unattended: AtomicUsize,
    serves_alone: AtomicBool,
    /// Of the event loop that watches it.
    mailbox: Option<Arc<Mailbox>>,
    /// For whoever stands in.
    pub(super) changed: Notify,
}

/// How long a read waits for the server.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    Never,
    Slice,
}

impl Line {
    /// # Errors
    /// Where the system refuses a setting of the socket.
    pub(in crate::client) fn new(
        bare: Bare,
        inbox: Inbox,
        shared: Arc<Shared>,
        runner: Arc<dyn Runner>,
        mailbox: Option<Arc<Mailbox>>,
    ) -> io::Result<Self> {
        let is_sealed = bare.tls.is_some();
        let (outgoing, mut incoming) = (Outgoing::new(bare.tls), Incoming::new(inbox));
        // What came with the handshake is the first reply; what is wrong with it, whoever reads hears again.
        let _ = outgoing.unseal(&[], &mut incoming);
        Ok(Self {
            socket: Socket::new(bare.socket)?,
            is_sealed,
            shared,
            runner,
            outgoing,
            incoming: Mutex::new(incoming),
            baton: Baton::default(),
            used_at: AtomicU64::new(0),
            unattended: AtomicUsize::new(0),
            serves_alone: AtomicBool::new(false),
            mailbox,
            changed: Notify::new(),
        })
    }

    /// Its file descriptor, open for as long as this is held.
    pub fn descriptor(&self) -> i32 {
        self.socket.as_raw_fd()
    }

    /// Sends what was submitted, as far as the socket takes it now; or leaves it to another thread that sends already.
    pub fn flush(&self) {
        self.flush_at(self.runner.now());
    }

    /// [`flush`](Self::flush) by a caller that knows the time.
    pub(in crate::client) fn flush_at(&self, now: Duration) {
        self.send(now, || self.outgoing.flush(&self.socket, &*self.shared));
    }

    /// Sends what is left where the line was [choked](Self::is_choked) and the socket takes more; it waits for another
    /// thread that sends.
    pub fn flush_rest(&self) {
        self.send(self.runner.now(), || self.outgoing.flush_after_others(&self.socket, &*self.shared));
    }

    fn send(&self, now: Duration, flush: impl FnOnce() -> io::Result<bool>) {
        self.used_at.store(nanoseconds(now), Relaxed);
        match flush() {
            Ok(false) => {}
            // Whoever left something to this thread does not know.
            Ok(true) => self.ring(),
            Err(error) => self.end(disconnected(error)),
        }
    }

    /// Ends the connection: those who wait hear of it, and whoever reads is called back.
    pub(super) fn end(&self, error: Error) {
        self.shared.end(error);
        self.socket.shut();
        self.ring();
    }

    /// Has whoever watches it look around.
    fn ring(&self) {
        self.changed.notify_one();
        if let Some(mailbox) = &self.mailbox {
            mailbox.ring();
        }
    }

    /// Callers may have it.
    pub(in crate::client) fn is_ready(self: &Arc<Self>) {
        if let Some(mailbox) = &self.mailbox {
            mailbox.put(Letter::Opened(Arc::clone(self)));
        }
    }

    /// Whether an event loop reads it whenever something comes.
    pub(super) fn is_watched(&self) -> bool {
        self.mailbox.is_some()
    }

    /// Reads once, if nobody else does; outcomes go to whom they belong.
    pub fn read(&self) {
        if self.baton.take() {
            Turn(self).read(Wait::Never);
        }
    }

    /// Whether it is over: it has to be let go.
    pub fn has_ended(&self) -> bool {
        self.shared.has_ended()
    }

    /// Whether something waits to be [flushed](Self::flush).
    pub fn has_unsent(&self) -> bool {
        self.shared.has_unsent()
    }

    /// Has whoever stands in look around.
    pub(in crate::client) fn stir(&self) {
        self.changed.notify_one();
    }

    /// Whoever waits for it waits for nothing else.
    pub(in crate::client) fn serves_alone(&self) {
        self.serves_alone.store(true, Relaxed);
    }

    /// Reads until something has come, where the calling thread [attends](super::attend) to this line alone and nobody
    /// else reads. What is waited for need not be polled in vain then, nor woken: the calling thread stays here, for one
    /// slice at most in which nothing comes.
    pub(in crate::client) fn read_until(&self, has_come: impl Fn() -> bool, within: Duration) {
        if !self.serves_alone.load(Relaxed) || !seat::is_taken() || !self.baton.take() {
            return;
        }
        if !Turn(self).read_until(has_come, within) {
            seat::note_wait();
        }
    }

    /// Waits with others for what comes in: the calling thread reads it, or its runtime does.
    pub(in crate::client) async fn attended<F: Future>(
        self: &Arc<Self>,
        deadline: Option<Deadline>,
        work: F,
    ) -> F::Output {
        let within = deadline.map_or(SLICE, |deadline| deadline.within);
        let (mut work, mut unattended) = (pin!(work), None);
        poll_fn(|context| {
            let outcome = work.as_mut().poll(context);
            if outcome.is_pending() && !seat::wish(self, within) {
                unattended.get_or_insert_with(|| self.unattended());
            }
            outcome
        })
        .await
    }

    /// Has whoever stands in read for as long as this is kept.
    pub(super) fn unattended(self: &Arc<Self>) -> Unattended {
        self.unattended.fetch_add(1, Relaxed);
        self.changed.notify_one();
        Unattended(Arc::clone(self))
    }

    pub(super) fn is_unattended(&self) -> bool {
        self.unattended.load(Relaxed) > 0
    }

    /// Takes the turn to read, or has `waiting` woken when it is free.
    pub(super) fn turn(&self, waiting: &Waker) -> Option<Turn<'_>> {
        self.baton.take_or_wait(waiting).then(|| Turn(self))
    }

    pub(super) fn leave(&self, waiting: &Waker) {
        self.baton.leave(waiting);
    }

    /// Whether nothing was sent for so long, and nobody waits in a read.
    pub(super) fn is_quiet(&self, long: Duration) -> bool {
        self.is_quiet_at(self.runner.now(), long)
    }

    fn is_quiet_at(&self, now: Duration, long: Duration) -> bool {
        let used_at = Duration::from_nanos(self.used_at.load(Relaxed));
        now.saturating_sub(used_at) >= long && !self.baton.is_held()
    }

    /// After a pause, looks whether the server hung up meanwhile.
    pub(in crate::client) fn look(&self, now: Duration) {
        if !self.is_watched() && self.is_quiet_at(now, FRESH) {
            self.read_if_free();
        }
    }

    pub(super) fn read_if_free(&self) {
        if self.baton.take() {
            Turn(self).drain();
        }
    }

    /// Keeps no room that only a busy connection needs.
    pub(super) fn give_back(&self) {
        if self.baton.take() {
            let _turn = Turn(self);
            locked(&self.incoming).give_back();
        }
    }

    /// Whether something is unsent that the socket did not take.
    pub fn is_choked(&self) -> bool {
        self.outgoing.is_choked()
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Ends the waiting of calls whose time is over, and says how long the next one has.
    pub(super) fn expire(&self) -> Option<Duration> {
        let now = self.runner.now();
        self.shared.expire(now).map(|next| next.saturating_sub(now))
    }

    pub(super) fn say_goodbye(&self) {
        self.outgoing.say_goodbye();
        self.flush_rest();
    }

    fn read_for_all(&self, wait: Wait) -> Result<bool> {
        let mut incoming = locked(&self.incoming);
        let incoming = &mut *incoming;
        let received = self.receive(incoming, wait);
        let delivered = seat::woken_behind(|| self.shared.deliver(incoming.replies.drain(..)));
        received.and_then(|came| delivered.map(|()| came))
    }

    /// `false`: nothing came.
    fn receive(&self, incoming: &mut Incoming, wait: Wait) -> Result<bool> {
        if self.is_sealed {
            return with_room_for_sealed(|room| match self.read_into(room, wait)? {
                Some(length) => self.unseal(incoming, room.get(..length).unwrap_or_default()).map(|()| true),
                None => Ok(false),
            });
        }
        match self.read_into(incoming.room(), wait)? {
            Some(length) => incoming.took(length).map(|()| true),
            None => Ok(false),
        }
    }

    /// `None`: nothing came.
    fn read_into(&self, room: &mut [u8], wait: Wait) -> Result<Option<usize>> {
        let read = match wait {
            Wait::Never => self.socket.receive(room),
            Wait::Slice => self.socket.receive_soon(room),
        };
        match read {
            Ok(0) => Err(hung_up()),
            Ok(length) => Ok(Some(length)),
            Err(error) if is_nothing(&error) => Ok(None),
            Err(error) => Err(disconnected(error)),
        }
    }

    fn unseal(&self, incoming: &mut Incoming, came: &[u8]) -> Result<()> {
        match self.outgoing.unseal(came, incoming).inspect_err(|_| self.outgoing.complain(&self.socket))? {
            Unsealed::More => Ok(()),
            Unsealed::Answer => {
                self.flush_rest();
                Ok(())
            }
            Unsealed::End => Err(hung_up()),
        }
    }
}

impl Source for Shared {
    fn take(&self, emptied: &mut Vec<u8>) -> bool {
        self.take_outgoing(emptied).is_secret
    }

    fn has_more(&self) -> bool {
        self.has_unsent()
    }
}

impl AsFd for Line {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// The right to read, given back when it is dropped.
pub(super) struct Turn<'a>(&'a Line);

impl Turn<'_> {
    /// Reads once, and hands out what came. `false`: nothing came, or the connection ended.
    pub(super) fn read(&self, wait: Wait) -> bool {
        self.0.read_for_all(wait).unwrap_or_else(|error| {
            self.0.end(error);
            false
        })
    }

    /// Reads until something has come, for two slices at most. `false`: it has not.
    pub(super) fn read_until(&self, has_come: impl Fn() -> bool, within: Duration) -> bool {
        // Another may have read it before. One read is enough as a rule, and then no clock is asked.
        if has_come() || !self.read_within(within) || has_come() {
            return has_come();
        }
        let runner = &self.0.runner;
        let end = runner.now() + within.min(SLICE);
        while runner.now() < end && self.read_within(within) {
            if has_come() {
                return true;
            }
        }
        has_come()
    }

    /// Waits for the server for one slice at most, or for as long as the next call has, and reads.
    pub(super) fn read_within(&self, within: Duration) -> bool {
        if self.0.is_choked() || within < SLICE {
            if self.0.socket.wait(self.0.is_choked(), within.min(SLICE)).is_err() {
                return false;
            }
            if self.0.is_choked() {
                self.0.flush_rest();
            }
            return self.read(Wait::Never);
        }
        self.read(Wait::Slice)
    }

    /// Reads all that is there.
    pub(super) fn drain(&self) {
        while self.read(Wait::Never) {}
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nobody knows where the next reply begins.
            self.0.end(Error::internal("reading this connection panicked"));
        }
        self.0.baton.release();
    }
}

/// A call that waits where nobody can read.
pub(super) struct Unattended(Arc<Line>);

impl Drop for Unattended {
    fn drop(&mut self) {
        self.0.unattended.fetch_sub(1, Relaxed);
    }
}

fn hung_up() -> Error {
    disconnected("the server closed it")
}

fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
