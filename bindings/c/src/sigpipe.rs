//! Keeps SIGPIPE, which a write to a broken connection raises, from ending the program of the host.
//!
//! Rust's own programs ignore the signal; a C program has its default action, and its signal handlers are not
//! ours to change. So each call blocks it for its thread, and for the threads that start in it, which inherit
//! that, and takes back what it has raised itself.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use libc::{
    SIG_BLOCK, SIG_SETMASK, SIGPIPE, pthread_sigmask, sigaddset, sigemptyset, sigismember, sigpending,
    sigset_t, sigwait,
};

/// While it lives, this thread gets no SIGPIPE.
pub(crate) struct Shield {
    before: sigset_t,
    /// One came before, and is somebody else's.
    was_pending: bool,
}

impl Shield {
    pub(crate) fn raise() -> Self {
        let mut before = MaybeUninit::uninit();
        let was_pending = is_pending();
        // SAFETY: reads one set and initialises the other; it fails only for an unknown SIG_BLOCK.
        let before = unsafe {
            pthread_sigmask(SIG_BLOCK, &only_sigpipe(), before.as_mut_ptr());
            before.assume_init()
        };
        Self { before, was_pending }
    }
}

impl Drop for Shield {
    fn drop(&mut self) {
        if !self.was_pending && is_pending() {
            let mut signal = 0;
            // SAFETY: reads a set and writes an int. The signal is blocked and pending, so that nothing waits.
            unsafe { sigwait(&only_sigpipe(), &raw mut signal) };
        }
        // SAFETY: reads a set that is initialised.
        unsafe { pthread_sigmask(SIG_SETMASK, &raw const self.before, null_mut()) };
    }
}

fn only_sigpipe() -> sigset_t {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigemptyset initialises the set, and neither can fail for a signal that exists.
    unsafe {
        sigemptyset(set.as_mut_ptr());
        sigaddset(set.as_mut_ptr(), SIGPIPE);
        set.assume_init()
    }
}

fn is_pending() -> bool {
    let mut set = MaybeUninit::uninit();
    // SAFETY: sigpending initialises the set, and cannot fail for memory of ours.
    unsafe {
        sigpending(set.as_mut_ptr());
        sigismember(set.as_ptr(), SIGPIPE) == 1
    }
}

#[cfg(test)]
mod tests {
    use std::ptr::null;

    use super::*;

    fn is_blocked() -> bool {
        let mut set = MaybeUninit::uninit();
        // SAFETY: changes nothing and initialises the set.
        unsafe {
            pthread_sigmask(SIG_BLOCK, null(), set.as_mut_ptr());
            sigismember(set.as_ptr(), SIGPIPE) == 1
        }
    }

    #[test]
    fn it_takes_back_what_was_raised_under_it_and_leaves_the_mask_as_it_was() {
        assert!(!is_blocked());
        {
            let _shield = Shield::raise();
            assert!(is_blocked());
            // SAFETY: a signal to this thread, which has it blocked.
            unsafe { libc::pthread_kill(libc::pthread_self(), SIGPIPE) };
            assert!(is_pending());
        }
        assert!(!is_pending() && !is_blocked());
    }
}
