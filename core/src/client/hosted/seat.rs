//! A thread that waits for a future, and reads the connections that the future waits for.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Release};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use keyrotor_proto::Code;

use super::line::Line;
use super::socket::SLICE;
use crate::error::{Error, Result};
use crate::host::on_event_loop;

/// How often a caller that does not read looks whether the socket takes more.
const CHOKED: Duration = Duration::from_millis(5);

thread_local! {
    /// The connections that the future polled on this thread waits for; `None` where nobody here would read them.
    static WISHES: RefCell<Option<Vec<Wish>>> = const { RefCell::new(None) };
    static PARKER: (Arc<Parker>, Waker) = {
        let parker = Arc::new(Parker { thread: thread::current(), is_woken: AtomicBool::new(false) });
        (Arc::clone(&parker), Waker::from(parker))
    };
}

/// Wakes a thread.
struct Parker {
    thread: Thread,
    is_woken: AtomicBool,
}

impl Parker {
    fn take(&self) -> bool {
        self.is_woken.swap(false, AcqRel)
    }

    fn is_woken(&self) -> bool {
        self.is_woken.load(Acquire)
    }

    /// `false`: nobody woke it.
    fn park(&self, within: Duration) -> bool {
        if !self.is_woken() {
            thread::park_timeout(within);
        }
        self.is_woken()
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Release);
        if self.thread.id() != thread::current().id() {
            self.thread.unpark();
        }
    }
}

/// A connection that the future polled on this thread waits for, and how long the waiting was meant to last.
struct Wish {
    line: Arc<Line>,
    within: Duration,
}

/// Has the thread that polls this read the line. `false`: this one would not.
pub(super) fn wish(line: &Arc<Line>, within: Duration) -> bool {
    WISHES.with_borrow_mut(|wishes| match wishes {
        Some(wishes) => {
            wishes.push(Wish { line: Arc::clone(line), within });
            true
        }
        None => false,
    })
}

/// Runs a future of a client's on the calling thread, which reads the client's connections itself where they are
/// [hosted by callers](super::Hosting::Callers). Asks `interrupted` after each signal, and every 100 ms at least; its
/// error ends the waiting and drops the future.
///
/// # Errors
/// What `interrupted` says. [`Code::CredentialsPending`] on a thread that drives an event loop of tokio's.
pub fn attend<T, E: From<Error>>(
    future: impl Future<Output = T>,
    mut interrupted: impl FnMut() -> Result<(), E>,
) -> Result<T, E> {
    if on_event_loop() {
        let message = "this thread drives an event loop and cannot wait; use the async form of this call";
        return Err(Error::new(Code::CredentialsPending, message).into());
    }
    let mut seat = Seat::take()?;
    let waker = seat.waker.clone();
    let (mut context, mut future) = (Context::from_waker(&waker), pin!(future));
    loop {
        if let Poll::Ready(outcome) = seat.poll(future.as_mut(), &mut context) {
            return Ok(outcome);
        }
        if !seat.wait() {
            interrupted()?;
        }
    }
}

/// A thread's place among those that read. A signal's handler may take it once more, within.
struct Seat {
    outer: Option<Vec<Wish>>,
    parker: Arc<Parker>,
    waker: Waker,
    /// Whether the time of the calls that are waited for has to be looked at.
    has_waited: bool,
}

impl Seat {
    fn take() -> Result<Self> {
        let (parker, waker) = PARKER
            .try_with(|(parker, waker)| (Arc::clone(parker), waker.clone()))
            .map_err(|_| Error::new(Code::Cancelled, "this thread is about to end"))?;
        let outer = WISHES.replace(Some(Vec::new()));
        Ok(Self { outer, parker, waker, has_waited: false })
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.parker.take();
        WISHES.with_borrow_mut(|wishes| wishes.get_or_insert_default().clear());
        future.poll(context)
    }

    /// Until the future has something to do. `false`: for long enough without.
    fn wait(&mut self) -> bool {
        let wishes = WISHES.take().unwrap_or_default();
        match wishes.as_slice() {
            [] => self.parker.park(SLICE),
            [wish] => self.wait_on(wish),
            wishes => {
                let _read_meanwhile: Vec<_> = wishes.iter().map(|wish| wish.line.unattended()).collect();
                self.parker.park(SLICE)
            }
        };
        WISHES.set(Some(wishes));
        let is_woken = self.parker.is_woken();
        self.has_waited |= !is_woken;
        is_woken
    }

    fn wait_on(&self, Wish { line, within }: &Wish) -> bool {
        let within = if self.has_waited { line.expire().unwrap_or(SLICE) } else { *within };
        let Some(turn) = line.turn(&self.waker) else {
            // Where the socket takes nothing, whoever reads may not know that something is left to send.
            let is_woken = self.parker.park(if line.is_choked() { CHOKED } else { within.min(SLICE) });
            line.leave(&self.waker);
            return is_woken;
        };
        while !self.parker.is_woken() && turn.read_within(within) {}
        self.parker.is_woken()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        WISHES.set(self.outer.take());
    }
}
