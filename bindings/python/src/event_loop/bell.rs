//! How a thread of keyrotor's wakes an event loop.

#[cfg(unix)]
use std::os::unix::net::UnixStream;
use std::sync::{Arc, OnceLock};
#[cfg(unix)]
use std::sync::{Mutex, PoisonError};

use keyrotor::Error;
use keyrotor::host::{Background, Mailbox};
use pyo3::prelude::*;

use crate::gate;

/// Where an event loop hears that its mailbox has something. Waking it takes no lock of Python's.
pub(super) enum Bell {
    /// The loop watches a descriptor.
    #[cfg(unix)]
    Watched(Arc<Pair>),
    /// The loop cannot; a thread of keyrotor's calls it.
    Called(Arc<OnceLock<Py<PyAny>>>),
}

/// Where it is heard, and where it is rung; until nobody listens any more.
#[cfg(unix)]
pub(super) struct Pair(Mutex<Option<(UnixStream, UnixStream)>>);

#[cfg(unix)]
impl Pair {
    fn new() -> std::io::Result<Self> {
        let (heard, rung) = UnixStream::pair()?;
        heard.set_nonblocking(true)?;
        rung.set_nonblocking(true)?;
        Ok(Self(Mutex::new(Some((heard, rung)))))
    }

    fn with<T>(&self, work: impl FnOnce(&UnixStream, &UnixStream) -> T) -> Option<T> {
        let pair = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        pair.as_ref().map(|(heard, rung)| work(heard, rung))
    }

    fn close(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

impl Bell {
    #[cfg(unix)]
    pub(super) fn watched() -> std::io::Result<(Self, Mailbox)> {
        use std::io::Write;

        let pair = Arc::new(Pair::new()?);
        let rung = Arc::clone(&pair);
        // One that is full rings, too.
        let mailbox = Mailbox::new(move || {
            rung.with(|_, mut rung| drop(rung.write(&[0])));
        });
        Ok((Self::Watched(pair), mailbox))
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
            Self::Watched(pair) => pair.with(|heard, _| heard.as_raw_fd()),
            Self::Called(_) => None,
        }
    }

    /// It was heard.
    pub(super) fn silence(&self) {
        #[cfg(unix)]
        if let Self::Watched(pair) = self {
            use std::io::Read;

            // It rings once for all, so there is little to read.
            pair.with(|mut heard, _| drop(heard.read(&mut [0; 64])));
        }
    }

    /// Nobody listens any more.
    pub(super) fn retire(&self) {
        #[cfg(unix)]
        if let Self::Watched(pair) = self {
            pair.close();
        }
    }
}
