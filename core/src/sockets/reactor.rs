//! The descriptors of the runtime, which it tells nobody: its epoll set, and what is registered there.

use std::fs;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;

use tokio::net::UnixDatagram;
use tokio::runtime::Handle;

use super::{OpenSocket, with_noted};

const DESCRIPTORS: &str = "/proc/self/fd";
const EPOLL: &str = "anon_inode:[eventpoll]";
/// What wakes a runtime. There is one in its set.
const EVENT: &str = "anon_inode:[eventfd]";

/// A socket that nothing ever comes to, registered with the runtime: the epoll set that has it is the runtime's, and
/// not that of another library of the host's.
pub(crate) struct Mark(
    #[cfg_attr(not(test), expect(dead_code, reason = "it is there to be found"))] UnixDatagram,
);

impl Mark {
    /// Marks this runtime, from now until the mark is dropped.
    pub(crate) fn set(runtime: &Handle) -> io::Result<Self> {
        let _inside = runtime.enter();
        let socket = UnixDatagram::unbound()?;
        with_noted(|noted| noted.mark = OpenSocket::of(socket.as_raw_fd()));
        Ok(Self(socket))
    }
}

/// The set that has the mark, under each of its numbers, with all that is registered there. A set is one for parent and
/// child, and looked at only: what the parent has registered since is not open here under the same name.
pub(super) fn descriptors(mark: &OpenSocket) -> Vec<RawFd> {
    let mut all = Vec::new();
    if mark.descriptor().is_none() {
        return all;
    }
    for set in sets() {
        let registered = registered(set);
        if registered.contains(mark) {
            all.push(set);
            all.extend(registered.iter().filter_map(OpenSocket::descriptor));
        }
    }
    all
}

/// All epoll sets of this process.
fn sets() -> Vec<RawFd> {
    let Ok(entries) = fs::read_dir(DESCRIPTORS) else { return Vec::new() };
    entries
        .filter_map(Result::ok)
        .filter(|entry| fs::read_link(entry.path()).is_ok_and(|name| name == Path::new(EPOLL)))
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

fn registered(set: RawFd) -> Vec<OpenSocket> {
    let told = fs::read_to_string(format!("/proc/self/fdinfo/{set}")).unwrap_or_default();
    told.lines().filter_map(parse).collect()
}

/// One line, such as `tfd:       11 events: 80002019 data: 1  pos:0 ino:443ef6 sdev:9`.
fn parse(line: &str) -> Option<OpenSocket> {
    let descriptor: RawFd = line.strip_prefix("tfd:")?.split_whitespace().next()?.parse().ok()?;
    let inode = line.split_whitespace().find_map(|word| word.strip_prefix("ino:"))?;
    let socket = format!("socket:[{}]", u64::from_str_radix(inode, 16).ok()?);
    let now = OpenSocket::of(descriptor)?;
    let is_event = now.name == Path::new(EVENT);
    Some(if is_event { now } else { OpenSocket { descriptor, name: socket.into() } })
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use tokio::net::UdpSocket;
    use tokio::runtime::{Builder, Runtime};

    use super::*;

    #[test]
    fn b03_what_a_runtime_has_open_is_found_and_nothing_of_anothers() {
        let runtime = || Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (ours, another) = (runtime(), runtime());
        let bind = |runtime: &Runtime| runtime.block_on(UdpSocket::bind("127.0.0.1:0")).unwrap();
        let (mine, foreign) = (bind(&ours), bind(&another));
        let mark = Mark::set(ours.handle()).unwrap();
        let noted = OpenSocket::of(mark.0.as_raw_fd()).unwrap();
        let found = descriptors(&noted);
        let named = |name: &str| {
            let has_name = |one: &&RawFd| OpenSocket::of(**one).unwrap().name == Path::new(name);
            found.iter().filter(has_name).count()
        };
        assert!(found.contains(&mine.as_raw_fd()) && found.contains(&noted.descriptor));
        assert!(!found.contains(&foreign.as_raw_fd()));
        assert!(named(EPOLL) > 0 && named(EVENT) > 0);
        drop(mark);
        assert!(descriptors(&noted).is_empty());
    }

    #[test]
    fn a_line_about_a_number_that_is_another_sockets_by_now() {
        let here = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let line = format!("tfd: {:8} events: 19 data: 0  pos:0 ino:1 sdev:9", here.as_raw_fd());
        let said = parse(&line).unwrap();
        assert_eq!(said.name, Path::new("socket:[1]"));
        assert_eq!(said.descriptor(), None);
        assert_eq!(parse("flags:\t02000002"), None);
    }
}
