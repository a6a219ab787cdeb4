//! What belongs to one process. A forked child inherits the memory of its parent's threads, but none of them: what
//! they held locked stays locked for ever, and what they drove stands still.

use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::Relaxed;

use arc_swap::ArcSwapOption;

/// The number of this process, where somebody notes it; zero elsewhere.
static NOTED: AtomicU32 = AtomicU32::new(0);

/// Notes which process this is. Who it is stands behind every call, and asking the system takes longer than many a lock;
/// so a host that is told of each fork, by `pthread_atfork`, notes it once, and again in each child before anything else
/// of keyrotor's runs there. It takes no lock and allocates nothing. A child that is made past the C library, by the
/// system call itself, is not told, and takes itself for its parent: it must not use keyrotor.
pub fn note_process() {
    NOTED.store(std::process::id(), Relaxed);
}

/// The process that made something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Process(u32);

impl Process {
    pub(crate) fn this() -> Self {
        match NOTED.load(Relaxed) {
            0 => Self(std::process::id()),
            noted => Self(noted),
        }
    }

    /// One that is not this.
    #[cfg(test)]
    pub(crate) fn gone() -> Self {
        Self(0)
    }

    /// Whether this code runs in a child that was forked since.
    pub(crate) fn is_gone(self) -> bool {
        self != Self::this()
    }
}

/// One value a process, made when it is first asked for. A forked child makes its own and leaves its parent's alone,
/// locks and all.
#[derive(Debug)]
pub struct PerProcess<T>(ArcSwapOption<Own<T>>);

/// A value with the process that made it.
#[derive(Debug)]
pub struct Own<T> {
    process: Process,
    /// The value.
    pub value: T,
}

impl<T> Default for PerProcess<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> PerProcess<T> {
    /// An empty one, for a `static`.
    pub const fn new() -> Self {
        Self(ArcSwapOption::const_empty())
    }

    /// That of this process; where two threads make the first one at once, one of the two is dropped.
    pub fn get(&self, make: impl Fn() -> T) -> Arc<Own<T>> {
        self.get_in(Process::this(), make)
    }

    fn get_in(&self, process: Process, make: impl Fn() -> T) -> Arc<Own<T>> {
        loop {
            let found = self.0.load_full();
            if let Some(found) = found.as_ref().filter(|found| found.process == process) {
                return Arc::clone(found);
            }
            let new = Arc::new(Own { process, value: make() });
            let before = self.0.compare_and_swap(&found, Some(Arc::clone(&new)));
            let is_in = match (&*before, &found) {
                (None, None) => true,
                (Some(before), Some(found)) => Arc::ptr_eq(before, found),
                _ => false,
            };
            if is_in {
                // Letting go of what the parent made might touch what the parent still uses.
                std::mem::forget(found);
                return new;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

    use super::*;

    #[test]
    fn b03_a_child_makes_its_own_and_never_drops_its_parents() {
        struct Noted<'a>(&'a AtomicU32, u32);
        impl Drop for Noted<'_> {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let (made, dropped) = (AtomicU32::new(0), AtomicU32::new(0));
        let make = || Noted(&dropped, made.fetch_add(1, SeqCst) + 1);
        let each = PerProcess::new();
        let number_in = |process| each.get_in(Process(process), make).value.1;
        assert_eq!((number_in(1), number_in(1)), (1, 1));
        assert_eq!((number_in(2), number_in(2)), (2, 2));
        assert_eq!(dropped.load(SeqCst), 0);
    }
}
