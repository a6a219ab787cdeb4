//! Who reads: one at a time, and whoever stops hands over to the next who waits.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;

/// The right to read a connection.
#[derive(Default)]
pub(super) struct Baton(Mutex<Queue>);

#[derive(Default)]
struct Queue {
    is_held: bool,
    waiting: VecDeque<Waker>,
    /// Who was woken to take it. Another may be faster.
    offered_to: Option<Waker>,
}

impl Queue {
    /// Whom to wake, now that it is free.
    fn offer(&mut self) -> Option<Waker> {
        self.offered_to = self.waiting.pop_front();
        self.offered_to.clone()
    }
}

impl Baton {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn is_held(&self) -> bool {
        self.queue().is_held
    }

    /// `false`: another reads.
    pub(super) fn take(&self) -> bool {
        let mut queue = self.queue();
        let is_free = !std::mem::replace(&mut queue.is_held, true);
        if is_free {
            queue.offered_to = None;
        }
        is_free
    }

    /// Takes it, or has `waiting` woken when it is free.
    pub(super) fn take_or_wait(&self, waiting: &Waker) -> bool {
        let mut queue = self.queue();
        if queue.is_held {
            if !queue.waiting.iter().any(|other| other.will_wake(waiting)) {
                queue.waiting.push_back(waiting.clone());
            }
            return false;
        }
        queue.is_held = true;
        queue.offered_to = None;
        true
    }

    /// Gives it back, and wakes the next who waits for it.
    pub(super) fn release(&self) {
        let mut queue = self.queue();
        queue.is_held = false;
        let next = queue.offer();
        drop(queue);
        if let Some(next) = next {
            next.wake();
        }
    }

    /// Waits no longer. Where it was woken for the baton, the next one is.
    pub(super) fn leave(&self, waiting: &Waker) {
        let mut queue = self.queue();
        if let Some(position) = queue.waiting.iter().position(|other| other.will_wake(waiting)) {
            queue.waiting.remove(position);
            return;
        }
        if !queue.offered_to.as_ref().is_some_and(|other| other.will_wake(waiting)) {
            return;
        }
        let next = queue.offer();
        drop(queue);
        if let Some(next) = next {
            next.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicU32);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    fn waiter() -> (Arc<Woken>, Waker) {
        let woken = Arc::<Woken>::default();
        (Arc::clone(&woken), Waker::from(woken))
    }

    #[test]
    fn whoever_stops_hands_over_to_the_next_in_line() {
        let baton = Baton::default();
        let ((one, first), (two, second)) = (waiter(), waiter());
        assert!(baton.take());
        assert!(!baton.take_or_wait(&first) && !baton.take_or_wait(&first) && !baton.take_or_wait(&second));
        baton.release();
        assert_eq!((one.0.load(SeqCst), two.0.load(SeqCst)), (1, 0));
        assert!(baton.take_or_wait(&first));
        baton.release();
        assert_eq!((one.0.load(SeqCst), two.0.load(SeqCst)), (1, 1));
    }

    #[test]
    fn one_that_was_woken_and_leaves_wakes_the_next() {
        let baton = Baton::default();
        let ((_, first), (two, second)) = (waiter(), waiter());
        assert!(baton.take());
        assert!(!baton.take_or_wait(&first) && !baton.take_or_wait(&second));
        baton.release();
        baton.leave(&first);
        assert_eq!(two.0.load(SeqCst), 1);
        baton.leave(&second);
        assert!(baton.take());
    }

    #[test]
    fn one_that_leaves_in_time_is_not_woken() {
        let baton = Baton::default();
        let ((one, first), (two, second)) = (waiter(), waiter());
        assert!(baton.take());
        assert!(!baton.take_or_wait(&first) && !baton.take_or_wait(&second));
        baton.leave(&first);
        baton.release();
        assert_eq!((one.0.load(SeqCst), two.0.load(SeqCst)), (0, 1));
    }

    #[test]
    fn one_that_leaves_while_another_is_woken_wakes_nobody() {
        let baton = Baton::default();
        let ((_, first), (_, second), (three, third)) = (waiter(), waiter(), waiter());
        assert!(baton.take());
        for waker in [&first, &second, &third] {
            assert!(!baton.take_or_wait(waker));
        }
        baton.leave(&second);
        baton.release();
        baton.leave(&second);
        assert_eq!(three.0.load(SeqCst), 0, "the first was woken, and may take it");
        baton.leave(&first);
        assert_eq!(three.0.load(SeqCst), 1);
    }
}
