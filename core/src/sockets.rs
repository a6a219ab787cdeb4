//! What this process has open, for a host that forks. Its child holds all of it too, and for as long as it does, no
//! server learns that the parent has closed a connection.

mod reactor;

use std::os::fd::{AsRawFd, RawFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::process::PerProcess;

pub(crate) use reactor::Mark;

static NOTED: PerProcess<Mutex<Noted>> = PerProcess::new();

/// A socket of ours. It is noted by what the system calls it, since others may have its number by now.
#[derive(Debug, Clone, PartialEq, Eq)]
struct OpenSocket {
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
    fn descriptor(&self) -> Option<RawFd> {
        Self::of(self.descriptor).filter(|now| now == self).map(|now| now.descriptor)
    }
}

#[derive(Default)]
struct Noted {
    sockets: Vec<OpenSocket>,
    /// So many may be there before those that are closed are looked for.
    limit: usize,
    /// By which the runtime's own are found.
    mark: Option<OpenSocket>,
}

/// Notes the socket of a new connection.
pub(crate) fn note(socket: &impl AsRawFd) {
    let Some(socket) = OpenSocket::of(socket.as_raw_fd()) else { return };
    with_noted(|noted| {
        if noted.sockets.len() >= noted.limit {
            noted.sockets.retain(|socket| socket.descriptor().is_some());
            noted.limit = 2 * noted.sockets.len() + 8;
        }
        noted.sockets.push(socket);
    });
}

fn with_noted<T>(work: impl FnOnce(&mut Noted) -> T) -> T {
    let noted = NOTED.get(Mutex::default);
    let mut noted: MutexGuard<'_, Noted> = noted.value.lock().unwrap_or_else(PoisonError::into_inner);
    work(&mut noted)
}

/// What a child inherits that is forked now. To be asked for before the fork, in the parent, since it takes a lock; and
/// looked through after it, in the child.
#[derive(Debug, Default)]
pub struct Inheritance {
    /// Some are closed by now, perhaps.
    sockets: Vec<OpenSocket>,
    mark: Option<OpenSocket>,
}

impl Inheritance {
    /// That of this moment. Empty where the system has no names for sockets, as outside Linux.
    pub fn of_this_process() -> Self {
        with_noted(|noted| Self { sockets: noted.sockets.clone(), mark: noted.mark.clone() })
    }

    /// The descriptors, in the child, of the parent's connections and of its runtime: sockets of all requests that are
    /// under way, and what the runtime itself waits by. Whoever closes them leaves their numbers taken, for what in the
    /// child still thinks that it owns them.
    pub fn descriptors(&self) -> Vec<RawFd> {
        let mut all: Vec<RawFd> = self.sockets.iter().filter_map(OpenSocket::descriptor).collect();
        all.extend(self.mark.iter().flat_map(reactor::descriptors));
        all.sort_unstable();
        all.dedup();
        all
    }
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
        let inheritance = Inheritance::of_this_process();
        assert!(inheritance.sockets.len() < 100, "{}", inheritance.sockets.len());
        let number = kept.as_raw_fd();
        assert!(inheritance.descriptors().contains(&number));
        let of_kept = |socket: &&OpenSocket| socket.descriptor() == Some(number);
        drop(kept);
        assert_eq!(inheritance.sockets.iter().filter(of_kept).count(), 0);
    }
}
