//! A thread that waits for a future, and reads the connections that the future waits for.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use keyrotor_proto::Code;
use smallvec::SmallVec;

use super::line::Line;
use super::socket::SLICE;
use crate::error::{Error, Result};
use crate::host::on_event_loop;

/// How often a caller that does not read looks whether the socket takes more.
const CHOKED: Duration = Duration::from_millis(5);

thread_local! {
    /// What the future polled on this thread waits for; `None` where nobody here would read it.
    static WISHES: RefCell<Option<Wishes>> = const { RefCell::new(None) };
    static PARKER: (Arc<Parker>, Waker) = Parker::with_waker();
    /// Those who were woken by what this thread hands out now; `None` where each is woken at once.
    static WOKEN: RefCell<Option<Vec<Arc<Parker>>>> = const { RefCell::new(None) };
}

/// Hands something out, and wakes those who get it when that is done: they would only wait for whoever hands out.
pub(super) fn woken_behind<T>(hand_out: impl FnOnce() -> T) -> T {
    let _gathering = Gathering(WOKEN.replace(Some(Vec::new())));
    hand_out()
}

/// Ends in a panic, too: whoever is woken later by this thread must not be gathered for nobody.
struct Gathering(Option<Vec<Arc<Parker>>>);

impl Drop for Gathering {
    fn drop(&mut self) {
        let woken = WOKEN.replace(self.0.take()).unwrap_or_default();
        woken.iter().for_each(|parker| parker.thread.unpark());
    }
}

/// Wakes a thread.
struct Parker {
    thread: Thread,
    is_woken: AtomicBool,
}

impl Parker {
    fn of_this_thread() -> Arc<Self> {
        Arc::new(Self { thread: thread::current(), is_woken: AtomicBool::new(false) })
    }

    fn with_waker() -> (Arc<Self>, Waker) {
        let parker = Self::of_this_thread();
        (Arc::clone(&parker), Waker::from(parker))
    }

    /// One that wakes itself is not asleep.
    fn is_of_this_thread(self: &Arc<Self>) -> bool {
        PARKER.try_with(|(own, _)| Arc::ptr_eq(own, self)).unwrap_or_default()
    }

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
        // Whoever woke it before sees to it that it gets up.
        if self.is_woken.swap(true, AcqRel) || self.is_of_this_thread() {
            return;
        }
        // One that is about to end gathers nobody.
        let is_gathered = WOKEN.try_with(|woken| {
            woken.borrow_mut().as_mut().map(|woken| woken.push(Arc::clone(self))).is_some()
        });
        if !is_gathered.unwrap_or_default() {
            self.thread.unpark();
        }
    }
}

/// A connection that the future polled on this thread waits for, and how long the waiting was meant to last.
struct Wish {
    line: Arc<Line>,
    within: Duration,
}

/// What a future waits for.
#[derive(Default)]
struct Wishes {
    /// One as a rule.
    lines: SmallVec<[Wish; 1]>,
    /// It has waited while it was polled, in vain.
    has_waited: bool,
}

/// Whether the calling thread reads what the future that it polls waits for.
pub(super) fn is_taken() -> bool {
    WISHES.with_borrow(Option::is_some)
}

/// Nothing came for so long that the thread has to look around before it waits again.
pub(super) fn note_wait() {
    WISHES.with_borrow_mut(|wishes| {
        if let Some(wishes) = wishes {
            wishes.has_waited = true;
        }
    });
}

/// Has the thread that polls this read the line. `false`: this one would not.
pub(super) fn wish(line: &Arc<Line>, within: Duration) -> bool {
    WISHES.with_borrow_mut(|wishes| match wishes {
        Some(wishes) => {
            wishes.lines.push(Wish { line: Arc::clone(line), within });
            true
        }
        None => false,
    })
}

/// Runs a future of a client's on the calling thread, which reads the client's connections itself where they are
/// [hosted by callers](super::Hosting::Callers). Asks `interrupted` after each signal, and every 100 ms at least; its
/// error ends the waiting and drops the future. Calls that a future makes at once may come to run one after the other:
/// where a client has one connection, the first of them reads until it has its reply.
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
    let attended = PARKER.try_with(|(parker, waker)| {
        let mut seat = Seat::take(parker, waker);
        let (mut context, mut future) = (Context::from_waker(waker), pin!(future));
        loop {
            if let Poll::Ready(outcome) = seat.poll(future.as_mut(), &mut context) {
                return Ok(outcome);
            }
            if !seat.wait() {
                interrupted()?;
            }
        }
    });
    attended.unwrap_or_else(|_| Err(Error::new(Code::Cancelled, "this thread is about to end").into()))
}

/// A thread's place among those that read. A signal's handler may take it once more, within.
struct Seat<'a> {
    outer: Option<Wishes>,
    parker: &'a Parker,
    waker: &'a Waker,
    /// Whether the time of the calls that are waited for has to be looked at.
    has_waited: bool,
}

impl<'a> Seat<'a> {
    fn take(parker: &'a Parker, waker: &'a Waker) -> Self {
        let outer = WISHES.replace(Some(Wishes::default()));
        Self { outer, parker, waker, has_waited: false }
    }

    fn poll<F: Future>(&self, future: Pin<&mut F>, context: &mut Context<'_>) -> Poll<F::Output> {
        self.parker.take();
        WISHES.set(Some(Wishes::default()));
        future.poll(context)
    }

    /// Until the future has something to do. `false`: for long enough without.
    fn wait(&mut self) -> bool {
        let Wishes { lines, has_waited } = WISHES.take().unwrap_or_default();
        match lines.as_slice() {
            _ if has_waited => false,
            [] => self.parker.park(SLICE),
            [wish] => self.wait_on(wish),
            lines => {
                let _read_meanwhile: Vec<_> = lines.iter().map(|wish| wish.line.unattended()).collect();
                self.parker.park(SLICE)
            }
        };
        let is_woken = self.parker.is_woken();
        self.has_waited |= !is_woken;
        is_woken
    }

    fn wait_on(&self, Wish { line, within }: &Wish) -> bool {
        let within = if self.has_waited { line.expire().unwrap_or(SLICE) } else { *within };
        let Some(turn) = line.turn(self.waker) else {
            // Where the socket takes nothing, whoever reads may not know that something is left to send: it waits for
            // replies alone.
            let is_woken = self.parker.park(if line.is_choked() { CHOKED } else { within.min(SLICE) });
            line.leave(self.waker);
            if line.is_choked() && !is_woken {
                line.flush();
            }
            return is_woken;
        };
        turn.read_until(|| self.parker.is_woken(), within)
    }
}

impl Drop for Seat<'_> {
    fn drop(&mut self) {
        WISHES.set(self.outer.take());
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, channel};

    use super::*;

    /// Far longer than a test takes.
    const LONG: Duration = Duration::from_secs(60);

    /// Threads that sleep, and where they say that they got up.
    fn sleepers(count: usize) -> (Vec<Arc<Parker>>, Receiver<usize>) {
        let (got_up, risen) = channel();
        let (arrived, arrivals) = channel();
        for number in 0..count {
            let (got_up, arrived) = (got_up.clone(), arrived.clone());
            thread::spawn(move || {
                let parker = Parker::of_this_thread();
                arrived.send(Arc::clone(&parker)).unwrap();
                while !parker.park(LONG) {}
                got_up.send(number).unwrap();
            });
        }
        (arrivals.iter().take(count).collect(), risen)
    }

    fn numbers(risen: &Receiver<usize>, count: usize) -> Vec<usize> {
        let mut numbers: Vec<_> = (0..count).map(|_| risen.recv_timeout(LONG / 2).unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn those_who_get_something_are_woken_when_all_is_handed_out() {
        let (parkers, risen) = sleepers(5);
        woken_behind(|| {
            parkers.iter().chain(&parkers).for_each(Parker::wake_by_ref);
            assert_eq!(WOKEN.with_borrow(|woken| woken.as_ref().map(Vec::len)), Some(5));
        });
        assert_eq!(numbers(&risen, 5), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_panic_while_something_is_handed_out_keeps_nobody_asleep() {
        let (parkers, risen) = sleepers(2);
        let handed_out = std::panic::catch_unwind(|| {
            woken_behind(|| {
                Parker::wake_by_ref(&parkers[0]);
                panic!("on purpose");
            })
        });
        assert!(handed_out.is_err());
        Parker::wake_by_ref(&parkers[1]);
        assert_eq!(numbers(&risen, 2), [0, 1]);
    }
}
