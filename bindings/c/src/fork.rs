//! What a fork does to the library: the child lets go of its parent's connections, and of what its parent's runtime has
//! open. All else that a child needs, it makes anew by itself.

/// Has the C library say when this process forks.
pub(crate) fn watch() {
    #[cfg(target_os = "linux")]
    linux::watch();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::cell::RefCell;
    use std::fs::File;
    use std::os::fd::AsRawFd;
    use std::sync::Once;

    use keyrotor::host::Inheritance;

    thread_local! {
        /// What a child of this thread inherits.
        static INHERITED: RefCell<Option<Inheritance>> = const { RefCell::new(None) };
    }

    pub(super) fn watch() {
        static ONCE: Once = Once::new();
        ONCE.call_once(|| {
            // SAFETY: three functions that take nothing and unwind from nowhere; the C library forgets them with ours.
            let refused = unsafe { libc::pthread_atfork(Some(before), Some(in_parent), Some(in_child)) };
            if refused == 0 {
                keyrotor::host::note_process();
            }
        });
    }

    // A thread that ends has no place for it any more, and its children merely keep what they inherit.

    extern "C" fn before() {
        let _ = INHERITED.try_with(|inherited| inherited.replace(Some(Inheritance::of_this_process())));
    }

    extern "C" fn in_parent() {
        let _ = INHERITED.try_with(RefCell::take);
    }

    /// Their numbers stay taken, for what here still thinks that it owns them.
    extern "C" fn in_child() {
        keyrotor::host::note_process();
        let Ok(Some(inherited)) = INHERITED.try_with(RefCell::take) else { return };
        let descriptors = inherited.descriptors();
        if descriptors.is_empty() {
            return;
        }
        let Ok(null) = File::options().read(true).write(true).open("/dev/null") else { return };
        for descriptor in descriptors {
            // SAFETY: the number is of a descriptor that is ours, and is open before and after.
            unsafe { libc::dup3(null.as_raw_fd(), descriptor, libc::O_CLOEXEC) };
        }
    }
}
