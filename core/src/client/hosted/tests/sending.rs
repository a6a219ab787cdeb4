//! Threads that send on one connection.

use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};

#[cfg(target_os = "linux")]
use rustls::{ClientConnection, pki_types::ServerName, version::TLS13};

use super::super::outgoing::{Outgoing, Source};
use super::super::socket::Socket;
use super::*;

/// Commands; whoever takes them stays there until it is let go.
struct Gate {
    commands: Mutex<Vec<u8>>,
    arrived: Sender<()>,
    let_go: Mutex<Receiver<()>>,
}

impl Gate {
    fn add(&self, command: &[u8]) {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(command);
    }
}

impl Source for Gate {
    fn take(&self, emptied: &mut Vec<u8>) -> bool {
        std::mem::swap(emptied, &mut self.commands.lock().unwrap());
        self.arrived.send(()).unwrap();
        self.let_go.lock().unwrap().recv().unwrap();
        false
    }

    fn has_more(&self) -> bool {
        !self.commands.lock().unwrap().is_empty()
    }
}

#[test]
fn b05_whoever_finds_another_sending_does_not_wait_for_it_and_is_sent_for() {
    let (_runtime, _runner, stream, mut server) = dial();
    let socket = Socket::new(stream.bare().unwrap().socket).unwrap();
    let ((arrived, arrivals), (let_go, gate)) = (channel(), channel());
    let outgoing = Outgoing::new(None);
    let source = Gate { commands: Mutex::new(b"first ".to_vec()), arrived, let_go: Mutex::new(gate) };
    thread::scope(|scope| {
        let sending = scope.spawn(|| outgoing.flush(&socket, &source));
        arrivals.recv_timeout(LONG).unwrap();
        // The other one is at work, and goes on only when it is let go below.
        for command in [b"second ", b"third  "] {
            source.add(command);
            outgoing.flush(&socket, &source).unwrap();
        }
        (0..LONG.as_secs()).for_each(|_| let_go.send(()).unwrap());
        sending.join().unwrap().unwrap();
    });
    let mut came = [0; 20];
    server.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"first second third  ");
    assert!(!outgoing.is_choked());
}

/// Hands out a buffer of its own, once.
struct Once {
    buffer: Mutex<Vec<u8>>,
    is_secret: bool,
}

impl Source for Once {
    fn take(&self, emptied: &mut Vec<u8>) -> bool {
        *emptied = std::mem::take(&mut *self.buffer.lock().unwrap());
        self.is_secret
    }

    fn has_more(&self) -> bool {
        false
    }
}

const LOGIN: &[u8] = b"*3\r\n$4\r\nAUTH\r\n$4\r\nuser\r\n$6\r\nsecret\r\n";

/// Linux shows a process its own memory. `true`: the login is still there.
#[cfg(target_os = "linux")]
fn is_left(at: u64) -> bool {
    use std::os::unix::fs::FileExt;

    let mut found = vec![1; LOGIN.len()];
    std::fs::File::open("/proc/self/mem").unwrap().read_exact_at(&mut found, at).unwrap();
    found.windows(8).any(|window| LOGIN.windows(8).any(|it| it == window))
}

#[cfg(target_os = "linux")]
#[test]
fn t17_what_a_login_was_sent_from_is_zeroed_and_nothing_else_takes_that_time() {
    let (_runtime, _runner, stream, mut server) = dial();
    let socket = Socket::new(stream.bare().unwrap().socket).unwrap();
    let outgoing = Outgoing::new(None);
    for is_secret in [true, false] {
        let buffer = LOGIN.to_vec();
        let at = buffer.as_ptr() as u64;
        outgoing.flush(&socket, &Once { buffer: Mutex::new(buffer), is_secret }).unwrap();
        let mut came = vec![0; LOGIN.len()];
        server.read_exact(&mut came).unwrap();
        assert_eq!(came, LOGIN);
        // The buffer is kept for the next ones.
        assert_eq!(is_left(at), !is_secret);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn t17_a_login_that_tls_has_taken_is_zeroed() {
    let (_runtime, _runner, stream, _server) = dial();
    let socket = Socket::new(stream.bare().unwrap().socket).unwrap();
    let (client, _) = tls::configurations(&TLS13);
    let name = ServerName::try_from("localhost").unwrap();
    let outgoing = Outgoing::new(Some(ClientConnection::new(client, name).unwrap()));
    for is_secret in [true, false] {
        let buffer = LOGIN.to_vec();
        let at = buffer.as_ptr() as u64;
        outgoing.flush(&socket, &Once { buffer: Mutex::new(buffer), is_secret }).unwrap();
        assert_eq!(is_left(at), !is_secret);
    }
}

#[cfg(target_os = "linux")]
#[test]
fn t17_a_login_that_cannot_be_sent_is_zeroed_too() {
    let (_runtime, _runner, stream, server) = dial();
    let socket = Socket::new(stream.bare().unwrap().socket).unwrap();
    let outgoing = Outgoing::new(None);
    // More than the socket takes, so that the login stays behind.
    let large = 16 << 20;
    let buffer = [vec![b'x'; large], LOGIN.to_vec()].concat();
    let at = buffer.as_ptr() as u64 + large as u64;
    let source = Once { buffer: Mutex::new(buffer), is_secret: true };
    assert!(outgoing.flush(&socket, &source).unwrap());
    assert!(is_left(at));
    drop(server);
    while outgoing.flush_after_others(&socket, &source).is_ok() {
        thread::yield_now();
    }
    assert!(!is_left(at));
}

#[test]
fn b05_what_is_left_is_sent_by_whoever_sees_to_it_behind_one_that_sends() {
    let (_runtime, _runner, stream, _server) = dial();
    let socket = Socket::new(stream.bare().unwrap().socket).unwrap();
    let ((arrived, arrivals), (let_go, gate)) = (channel(), channel());
    let outgoing = Outgoing::new(None);
    let source = Gate { commands: Mutex::new(b"first".to_vec()), arrived, let_go: Mutex::new(gate) };
    thread::scope(|scope| {
        scope.spawn(|| outgoing.flush(&socket, &source));
        arrivals.recv_timeout(LONG).unwrap();
        scope.spawn(|| outgoing.flush_after_others(&socket, &source));
        arrivals.recv_timeout(Duration::from_millis(20)).unwrap_err();
        (0..LONG.as_secs()).for_each(|_| let_go.send(()).unwrap());
        arrivals.recv_timeout(LONG).unwrap();
    });
}

/// Always has more, until it is told to end.
#[derive(Default)]
struct Endless {
    taken: AtomicUsize,
    has_ended: AtomicBool,
}

impl Source for Endless {
    fn take(&self, _: &mut Vec<u8>) -> bool {
        self.taken.fetch_add(1, SeqCst);
        thread::yield_now();
        false
    }

    fn has_more(&self) -> bool {
        !self.has_ended.load(SeqCst)
    }
}

#[test]
fn b05_one_that_has_sent_for_others_is_relieved_by_the_next_that_comes() {
    let (_runtime, _runner, stream, _server) = dial();
    let socket = Socket::new(stream.bare().unwrap().socket).unwrap();
    let (outgoing, source) = (Outgoing::new(None), Endless::default());
    thread::scope(|scope| {
        let first = scope.spawn(|| outgoing.flush(&socket, &source));
        while source.taken.load(SeqCst) < 10 {
            thread::yield_now();
        }
        let second = scope.spawn(|| outgoing.flush(&socket, &source));
        // It would never come back by itself.
        first.join().unwrap().unwrap();
        source.has_ended.store(true, SeqCst);
        second.join().unwrap().unwrap();
    });
}

#[test]
fn b05_many_threads_that_send_at_once_leave_nothing_unsent() {
    const THREADS: usize = 8;
    const ROUNDS: usize = 500;
    let mut pair = Pair::new();
    let (connection, runner) = (Arc::clone(&pair.connection), Arc::clone(&pair.runner));
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            for _ in 0..THREADS * ROUNDS {
                pair.expect_pings(1);
                pair.answer(b":1\r\n");
            }
        });
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let deadline = Deadline { within: LONG, at: runner.now() + LONG };
                    let answer = attend(cmd("PING").send_on(&connection, Some(deadline)), || Ok(()));
                    assert_eq!(answer.and_then(|answer| answer).unwrap(), Value::Int(1));
                }
            });
        }
        server.join().unwrap();
    });
}

#[test]
fn b05_large_commands_of_many_threads_go_out_however_slowly_the_server_reads() {
    const THREADS: usize = 6;
    const ROUNDS: usize = 6;
    const LENGTH: usize = 1 << 20;
    let mut pair = Pair::new();
    let (connection, runner) = (Arc::clone(&pair.connection), Arc::clone(&pair.runner));
    let set = || cmd("SET").arg("key").arg(vec![b'x'; LENGTH]).clone();
    let size = set().get_packed_command().len();
    thread::scope(|scope| {
        let server = scope.spawn(|| {
            let mut came = vec![0; size];
            for _ in 0..THREADS * ROUNDS {
                pair.server.read_exact(&mut came).unwrap();
                assert_eq!(came.iter().filter(|byte| **byte == b'x').count(), LENGTH);
                pair.answer(b":1\r\n");
            }
        });
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let deadline = Deadline { within: LONG, at: runner.now() + LONG };
                    let answer = attend(set().send_on(&connection, Some(deadline)), || Ok(()));
                    assert_eq!(answer.and_then(|answer| answer).unwrap(), Value::Int(1));
                }
            });
        }
        server.join().unwrap();
    });
}
