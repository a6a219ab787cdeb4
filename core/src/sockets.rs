//! The sockets of this process's connections, for a host that forks. Its child holds them too, and for as long as it
//! does, no server learns that the parent has closed one.

use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::process::PerProcess;

static SOCKETS: PerProcess<Mutex<Noted>> = PerProcess::new();

/// A socket that a connection was made over. It is noted by what the system calls it, since others may have its number
/// by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSocket {
    descriptor: RawFd,
    name: PathBuf,
}

impl OpenSocket {
    fn of(descriptor: RawFd) -> Option<Self> {
        // Only Linux has names for them.
        let name = std::fs::read_link(Path::new("/proc/self/fd").join(descriptor.to_string())).ok()?;
        Some(Self { descriptor, name })
    }

    /// Its number, where it still is that of this socket; in a forked child too.
    pub fn descriptor(&self) -> Option<RawFd> {
        Self::of(self.descriptor).filter(|now| now == self).map(|now| now.descriptor)
    }
}

#[derive(Default)]
struct Noted {
    sockets: Vec<OpenSocket>,
    /// So many may be there before those that are closed are looked for.
    limit: usize,
}

/// Notes the socket of a new connection.
pub(crate) fn note(socket: &impl AsRawFd) {
    let Some(socket) = OpenSocket::of(socket.as_raw_fd()) else { return };
    let noted = SOCKETS.get(Mutex::default);
    let mut noted = noted.value.lock().unwrap_or_else(PoisonError::into_inner);
    if noted.sockets.len() >= noted.limit {
        noted.sockets.retain(|socket| socket.descriptor().is_some());
        noted.limit = 2 * noted.sockets.len() + 8;
    }
    noted.sockets.push(socket);
}

/// Those of this process, and some perhaps that are closed by now: to be asked for before a fork, and looked through
/// after it. Empty where the system has no names for sockets, as outside Linux.
pub fn open_sockets() -> Vec<OpenSocket> {
    let noted = SOCKETS.get(Mutex::default);
    let noted = noted.value.lock().unwrap_or_else(PoisonError::into_inner);
    noted.sockets.clone()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::UdpSocket;

    use super::*;

    #[test]
    fn b03_a_socket_is_known_by_more_than_its_number_and_forgotten_in_time() {
        let bound = || UdpSocket::bind("127.0.0.1:0").unwrap();
        let kept = bound();
        note(&kept);
        for _ in 0..1000 {
            note(&bound());
        }
        let sockets = open_sockets();
        assert!(sockets.len() < 100, "{}", sockets.len());
        let number = kept.as_raw_fd();
        let of_kept = |socket: &&OpenSocket| socket.descriptor() == Some(number);
        assert_eq!(sockets.iter().filter(of_kept).count(), 1);
        drop(kept);
        assert_eq!(open_sockets().iter().filter(of_kept).count(), 0);
    }
}
