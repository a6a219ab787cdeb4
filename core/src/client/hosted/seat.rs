//! A thread that waits for a future, and reads the connections that the future waits for.

use std::cell::RefCell;
use std::pin::{Pin, pin};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{AcqRel, Acquire};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use keyrotor_proto::Code;

use super::line::Line;
use super::socket::SLICE;
use crate::error::{Error, Result};
use crate::host::on_event_loop;
use crate::process::Process;

/// How often a caller that does not read looks whether the socket takes more.
const CHOKED: Duration = Duration::from_millis(5);

thread_local! {
    /// The connections that the future polled on this thread waits for; `None` where nobody here would read them.
    static WISHES: RefCell<Option<Vec<Wish>>> = const { RefCell::new(None) };
    static PARKER: RefCell<(Arc<Parker>, Waker)> = RefCell::new(Parker::with_waker());
    /// Those who were woken by what this thread hands out now; `None` where each is woken at once.
    static WOKEN: RefCell<Option<Vec<Arc<Parker>>>> = const { RefCell::new(None) };
}

/// Hands something out, and wakes those who get it in turn: each wakes the next. Woken all at once, threads of Python's
/// would only queue for its lock, and sleep once more.
pub(super) fn in_turn<T>(hand_out: impl FnOnce() -> T) -> T {
    let _gathering = Gathering(WOKEN.replace(Some(Vec::new())));
    hand_out()
}

/// Ends in a panic, too: whoever is woken later by this thread must not be gathered for nobody.
struct Gathering(Option<Vec<Arc<Parker>>>);

impl Drop for Gathering {
    fn drop(&mut self) {
        let mut woken = WOKEN.replace(self.0.take()).unwrap_or_default();
        woken.reverse();
        wake_in_turn(woken);
    }
}

/// The first to be woken is the last in `woken`.
fn wake_in_turn(mut woken: Vec<Arc<Parker>>) {
    while let Some(next) = woken.pop() {
        let mut bed = next.bed();
        // Whoever does not sleep sees by itself that it was woken, and is asked for nothing.
        if bed.is_taken {
            bed.behind.append(&mut woken);
            drop(bed);
            next.thread.unpark();
        }
    }
}

/// Wakes a thread.
struct Parker {
    thread: Thread,
    /// In a forked child the thread gets another: somebody may have held the bed of this one.
    process: Process,
    is_woken: AtomicBool,
    bed: Mutex<Bed>,
}

#[derive(Default)]
struct Bed {
    /// Its thread sleeps, or is about to fall asleep or to get up.
    is_taken: bool,
    /// Whom it wakes when it gets up; the last one first.
    behind: Vec<Arc<Parker>>,
}

impl Parker {
    fn of_this_thread() -> Arc<Self> {
        let (is_woken, bed) = (AtomicBool::new(false), Mutex::default());
        Arc::new(Self { thread: thread::current(), process: Process::this(), is_woken, bed })
    }

    fn with_waker() -> (Arc<Self>, Waker) {
        let parker = Self::of_this_thread();
        (Arc::clone(&parker), Waker::from(parker))
    }

    fn bed(&self) -> MutexGuard<'_, Bed> {
        self.bed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> bool {
        self.is_woken.swap(false, AcqRel)
    }

    fn is_woken(&self) -> bool {
        self.is_woken.load(Acquire)
    }

    /// `false`: nobody woke it.
    fn park(&self, within: Duration) -> bool {
        self.bed().is_taken = true;
        // Looked at with the bed taken, so that whoever wakes it finds it either asleep or awake by itself.
        if !self.is_woken() {
            thread::park_timeout(within);
        }
        // The bed is free by the time that others are woken, who may be waking this one.
        let behind = std::mem::take(&mut *self.bed()).behind;
        wake_in_turn(behind);
        self.is_woken()
    }
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Whoever woke it before sees to it that it gets up.
        if self.is_woken.swap(true, AcqRel) || self.thread.id() == thread::current().id() {
            return;
        }
        let is_in_turn =
            WOKEN.with_borrow_mut(|woken| woken.as_mut().map(|woken| woken.push(Arc::clone(self))));
        if is_in_turn.is_none() {
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
            .try_with(|mine| {
                let mut mine = mine.borrow_mut();
                if mine.0.process.is_gone() {
                    *mine = Parker::with_waker();
                }
                mine.clone()
            })
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
                arrived.send((number, Arc::clone(&parker))).unwrap();
                while !parker.park(LONG) {}
                got_up.send(number).unwrap();
            });
        }
        let mut all: Vec<_> = arrivals.iter().take(count).collect();
        all.sort_by_key(|(number, _)| *number);
        let parkers: Vec<_> = all.into_iter().map(|(_, parker)| parker).collect();
        while !parkers.iter().all(|parker| parker.bed().is_taken) {
            thread::yield_now();
        }
        (parkers, risen)
    }

    fn wake(parkers: &[Arc<Parker>]) {
        in_turn(|| parkers.iter().for_each(Parker::wake_by_ref));
    }

    fn numbers(risen: &Receiver<usize>, count: usize) -> Vec<usize> {
        let mut numbers: Vec<_> = (0..count).map(|_| risen.recv_timeout(LONG / 2).unwrap()).collect();
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn whoever_gets_up_wakes_the_next() {
        let (parkers, risen) = sleepers(5);
        wake(&parkers);
        assert_eq!(numbers(&risen, 5), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn one_that_is_woken_twice_gets_up_once() {
        let (parkers, risen) = sleepers(2);
        wake(&[&parkers[0], &parkers[1], &parkers[0], &parkers[1]].map(Arc::clone));
        assert_eq!(numbers(&risen, 2), [0, 1]);
    }

    #[test]
    fn two_that_are_to_wake_each_other_both_get_up() {
        for _ in 0..100 {
            let (parkers, risen) = sleepers(2);
            let (one, two) = (Arc::clone(&parkers[0]), Arc::clone(&parkers[1]));
            // As two deliveries at once would leave them.
            one.bed().behind.push(Arc::clone(&two));
            two.bed().behind.push(Arc::clone(&one));
            for parker in &parkers {
                parker.is_woken.store(true, std::sync::atomic::Ordering::Release);
                parker.thread.unpark();
            }
            assert_eq!(numbers(&risen, 2), [0, 1]);
        }
    }

    #[test]
    fn a_panic_while_something_is_handed_out_keeps_nobody_asleep() {
        let (parkers, risen) = sleepers(2);
        let handed_out = std::panic::catch_unwind(|| {
            in_turn(|| {
                Parker::wake_by_ref(&parkers[0]);
                panic!("on purpose");
            })
        });
        assert!(handed_out.is_err());
        Parker::wake_by_ref(&parkers[1]);
        assert_eq!(numbers(&risen, 2), [0, 1]);
    }

    #[test]
    fn only_the_first_is_woken_by_who_hands_out() {
        let (parkers, risen) = sleepers(1);
        let second = Parker::of_this_thread();
        second.bed().is_taken = true;
        in_turn(|| WOKEN.with_borrow_mut(|woken| woken.as_mut().unwrap().push(Arc::clone(&second))));
        assert!(second.bed().behind.is_empty());
        in_turn(|| {
            WOKEN.with_borrow_mut(|woken| woken.as_mut().unwrap().push(Arc::clone(&second)));
            Parker::wake_by_ref(&parkers[0]);
        });
        assert_eq!(second.bed().behind.len(), 1);
        risen.recv_timeout(Duration::from_millis(50)).unwrap_err();
        wake_in_turn(std::mem::take(&mut *second.bed()).behind);
        assert_eq!(numbers(&risen, 1), [0]);
    }

    #[test]
    fn one_that_is_awake_is_no_link_of_the_chain() {
        let (mut parkers, risen) = sleepers(2);
        parkers.insert(0, Parker::of_this_thread());
        parkers.insert(2, Parker::of_this_thread());
        let awake = Arc::clone(&parkers[0]);
        thread::spawn(move || wake(&parkers)).join().unwrap();
        assert_eq!(numbers(&risen, 2), [0, 1]);
        assert!(awake.is_woken() && awake.bed().behind.is_empty());
    }
}
