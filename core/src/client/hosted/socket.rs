//! The system calls of a connection that no runtime knows of.

use std::io::{self, Read};
use std::net::{Shutdown, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};

/// The longest that a thread stays in one system call, so that it hears of signals and of time that is over.
pub(super) const SLICE: Duration = Duration::from_millis(100);

#[cfg(not(target_vendor = "apple"))]
const AT_ONCE: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);
/// The standard library has told these sockets to raise no signal.
#[cfg(target_vendor = "apple")]
const AT_ONCE: SendFlags = SendFlags::DONTWAIT;

/// A connected socket; each call says whether it waits.
pub(super) struct Socket(TcpStream);

impl Socket {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(SLICE))?;
        Ok(Self(stream))
    }

    /// Writes what the system takes without waiting.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(send(&self.0, bytes, AT_ONCE)?)
    }

    /// Reads what is there.
    pub(super) fn receive(&self, room: &mut [u8]) -> io::Result<usize> {
        let (length, _) = recv(&self.0, room, RecvFlags::DONTWAIT)?;
        Ok(length)
    }

    /// Reads, waiting for one [`SLICE`] at most.
    pub(super) fn receive_soon(&self, room: &mut [u8]) -> io::Result<usize> {
        (&self.0).read(room)
    }

    /// Waits until there is something to read or, where asked for, room to write.
    pub(super) fn wait(&self, for_room: bool, within: Duration) -> io::Result<()> {
        let writable = if for_room { PollFlags::OUT } else { PollFlags::empty() };
        let timeout = Timespec::try_from(within).map_err(io::Error::other)?;
        poll(&mut [PollFd::new(&self.0, PollFlags::IN | writable)], Some(&timeout))?;
        Ok(())
    }

    /// Ends the connection in both directions: whoever reads it reads its end.
    pub(super) fn shut(&self) {
        // One that the server ended is not connected any more.
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Whether a call merely had nothing to do for now.
pub(super) fn is_nothing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut | io::ErrorKind::Interrupted)
}
