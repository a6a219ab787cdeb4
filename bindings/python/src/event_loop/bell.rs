//! How a thread of keyrotor's wakes an event loop.

use std::sync::{Arc, OnceLock};

use keyrotor::Error;
use keyrotor::host::{Background, Mailbox};
use pyo3::prelude::*;

use crate::gate;

/// Where an event loop hears that its mailbox has something. Waking it takes no lock of Python's.
pub(super) enum Bell {
    /// The loop watches a descriptor.
    #[cfg(unix)]
    Watched(std::os::unix::net::UnixStream),
    /// The loop cannot; a thread of keyrotor's calls it.
    Called(Arc<OnceLock<Py<PyAny>>>),
}

impl Bell {
    #[cfg(unix)]
    pub(super) fn watched() -> std::io::Result<(Self, Mailbox)> {
        use std::io::Write;
        use std::os::unix::net::UnixStream;

        let (heard, rung) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        // One that is full rings, too.
        let mailbox = Mailbox::new(move || drop((&rung).write(&[0])));
        Ok((Self::Watched(heard), mailbox))
    }

    /// `wake` is called with nothing, on some thread, once it [is set](Self::calls).
    pub(super) fn called() -> Result<(Self, Mailbox), Error> {
        let background = Background::acquire()?;
        let wake = Arc::<OnceLock<Py<PyAny>>>::default();
        let waking = Arc::clone(&wake);
        let mailbox = Mailbox::new(move || {
            let waking = Arc::clone(&waking);
            background.call(move || {
                gate::attach(|py| {
                    // A loop that is closed hears nothing more.
                    waking.get().map(|wake| wake.call0(py))
                });
            });
        });
        Ok((Self::Called(wake), mailbox))
    }

    /// Has it call this.
    pub(super) fn calls(&self, wake: Py<PyAny>) {
        if let Self::Called(place) = self {
            // Set once, when the loop gets its desk.
            let _ = place.set(wake);
        }
    }

    /// What the loop watches.
    #[cfg(unix)]
    pub(super) fn descriptor(&self) -> Option<std::os::fd::RawFd> {
        use std::os::fd::AsRawFd;

        match self {
            Self::Watched(heard) => Some(heard.as_raw_fd()),
            Self::Called(_) => None,
        }
    }

    /// It was heard.
    pub(super) fn silence(&self) {
        #[cfg(unix)]
        if let Self::Watched(heard) = self {
            use std::io::Read;

            // It rings once for all, so there is little to read.
            let _ = (&mut &*heard).read(&mut [0; 64]);
        }
    }
}
