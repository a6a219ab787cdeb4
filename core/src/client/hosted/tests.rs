//! Callers that read for themselves, against a server that the tests play.

mod sending;
mod tls;

use std::cell::Cell;
use std::future::pending;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use keyrotor_proto::Code;
use redis::{Cmd, Value, cmd};
use tokio::runtime::{Builder, Runtime};

use super::super::connection::{Connection, Role, Shared};
use super::super::inbox::Inbox;
use super::super::runner::{Runner, Stream, TokioRunner};
use super::super::sendable::Sendable;
use super::super::wire::Deadline;
use super::{Hosting, Line, attend};
use crate::config::Address;
use crate::error::{Error, Result};

/// Long, since a busy machine may stand still for a while.
const LONG: Duration = Duration::from_secs(20);
const PING: &[u8] = b"*1\r\n$4\r\nPING\r\n";

/// A client's connection, and the server's end of it.
struct Pair {
    connection: Arc<Connection>,
    server: TcpStream,
    runner: Arc<dyn Runner>,
    /// Last, so that what runs there goes first.
    runtime: Runtime,
}

impl Pair {
    fn new() -> Self {
        let (runtime, runner, stream, server) = dial();
        Self::over(stream, (runtime, runner, server))
    }

    fn over(
        stream: Box<dyn Stream>,
        (runtime, runner, server): (Runtime, Arc<dyn Runner>, TcpStream),
    ) -> Self {
        let address = Address { host: "localhost".to_owned(), port: 1 };
        let connection = Connection::open(stream, address, Role::Shared, &Hosting::Callers, &runner).unwrap();
        Self { connection: Arc::new(connection), server, runner, runtime }
    }

    /// One that those who wait for it wait for alone, and one of many.
    fn each() -> [Self; 2] {
        let alone = Self::new();
        alone.connection.serves_alone();
        [alone, Self::new()]
    }

    fn ask(&self, command: Cmd, within: Duration) -> thread::JoinHandle<Result<Value>> {
        self.ask_until(command, within, || Ok(()))
    }

    /// On a thread of its own, which waits until `interrupted` says otherwise.
    fn ask_until(
        &self,
        command: Cmd,
        within: Duration,
        interrupted: impl FnMut() -> Result<()> + Send + 'static,
    ) -> thread::JoinHandle<Result<Value>> {
        let connection = Arc::clone(&self.connection);
        let deadline = Deadline { within, at: self.runner.now() + within };
        thread::spawn(move || attend(command.send_on(&connection, Some(deadline)), interrupted)?)
    }

    /// Waits until the server has this many commands.
    fn expect_pings(&mut self, count: usize) {
        let mut came = vec![0; PING.len() * count];
        self.server.read_exact(&mut came).unwrap();
        assert_eq!(came, PING.repeat(count));
    }

    fn answer(&mut self, replies: &[u8]) {
        self.server.write_all(replies).unwrap();
    }
}

fn dial() -> (Runtime, Arc<dyn Runner>, Box<dyn Stream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let runner: Arc<dyn Runner> = {
        let _inside = runtime.enter();
        Arc::new(TokioRunner::find().unwrap())
    };
    let stream = runtime.block_on(runner.connect("127.0.0.1".to_owned(), port, true)).unwrap();
    let (server, _) = listener.accept().unwrap();
    server.set_read_timeout(Some(LONG)).unwrap();
    server.set_nodelay(true).unwrap();
    (runtime, runner, stream, server)
}

fn number(answer: thread::JoinHandle<Result<Value>>) -> i64 {
    match answer.join().unwrap() {
        Ok(Value::Int(number)) => number,
        other => panic!("{other:?}"),
    }
}

#[test]
fn b05_one_thread_reads_for_all_and_hands_over_when_it_is_done() {
    for mut pair in Pair::each() {
        let first = pair.ask(cmd("PING"), LONG);
        pair.expect_pings(1);
        let second = pair.ask(cmd("PING"), LONG);
        let third = pair.ask(cmd("PING"), LONG);
        pair.expect_pings(2);
        pair.answer(b":1\r\n");
        assert_eq!(number(first), 1);
        pair.answer(b":2\r\n:3\r\n");
        assert_eq!(number(second) + number(third), 5);
    }
}

#[test]
fn b09_a_reader_that_gives_up_hands_over_and_its_reply_goes_to_nobody() {
    for mut pair in Pair::each() {
        let gives_up = pair.ask_until(cmd("PING"), LONG, || Err(Error::closed("test")));
        pair.expect_pings(1);
        let stays = pair.ask(cmd("PING"), LONG);
        pair.expect_pings(1);
        assert_eq!(gives_up.join().unwrap().unwrap_err().code(), Code::Closed);
        pair.answer(b":1\r\n:2\r\n");
        assert_eq!(number(stays), 2);
    }
}

#[test]
fn b09_a_reply_that_is_late_goes_to_nobody() {
    for mut pair in Pair::each() {
        let late = pair.ask(cmd("PING"), Duration::from_millis(30));
        pair.expect_pings(1);
        assert_eq!(late.join().unwrap().unwrap_err().code(), Code::RequestTimeout);
        let next = pair.ask(cmd("PING"), LONG);
        pair.expect_pings(1);
        pair.answer(b":1\r\n:2\r\n");
        assert_eq!(number(next), 2);
    }
}

#[test]
fn what_the_socket_does_not_take_at_once_is_sent_when_it_does() {
    for mut pair in Pair::each() {
        let length = 16 << 20;
        let large = pair.ask(cmd("SET").arg("key").arg(vec![b'x'; length]).clone(), LONG);
        let small = pair.ask(cmd("PING"), LONG);
        let mut came =
            vec![0; cmd("SET").arg("key").arg(vec![b'x'; length]).get_packed_command().len() + PING.len()];
        pair.server.read_exact(&mut came).unwrap();
        assert_eq!(came.iter().filter(|byte| **byte == b'x').count(), length);
        pair.answer(b":1\r\n:1\r\n");
        assert_eq!((number(large), number(small)), (1, 1));
    }
}

#[test]
fn a_server_that_hangs_up_while_nobody_waits_is_noticed() {
    let Pair { connection, server, runtime, runner } = Pair::new();
    drop(server);
    runtime.block_on(async {
        tokio::select! {
            () = connection.end() => {}
            () = runner.sleep(LONG) => panic!("nobody noticed"),
        }
    });
    assert!(!connection.is_usable());
}

#[test]
fn c03_the_runtimes_own_calls_are_answered_with_and_without_a_caller_that_reads() {
    for mut pair in Pair::each() {
        let own = |pair: &Pair| {
            let connection = Arc::clone(&pair.connection);
            pair.runtime.spawn(async move { connection.send(&cmd("PING")).await })
        };
        let alone = own(&pair);
        pair.expect_pings(1);
        pair.answer(b":1\r\n");
        assert_eq!(pair.runtime.block_on(alone).unwrap().unwrap(), Value::Int(1));
        let caller = pair.ask(cmd("PING"), LONG);
        pair.expect_pings(1);
        let beside = own(&pair);
        pair.expect_pings(1);
        pair.answer(b":2\r\n");
        assert_eq!(number(caller), 2);
        pair.answer(b":3\r\n");
        assert_eq!(pair.runtime.block_on(beside).unwrap().unwrap(), Value::Int(3));
    }
}

#[test]
fn t18_a_connection_that_is_closed_answers_those_who_wait_and_ends() {
    for mut pair in Pair::each() {
        let waiting = pair.ask(cmd("PING"), LONG);
        pair.expect_pings(1);
        pair.connection.close();
        assert_eq!(waiting.join().unwrap().unwrap_err().code(), Code::Closed);
        assert_eq!(pair.server.read(&mut [0; 1]).unwrap(), 0);
    }
}

fn line() -> (Runtime, Line, TcpStream) {
    let (runtime, runner, stream, server) = dial();
    let (shared, inbox) = (Arc::<Shared>::default(), Inbox::new(None));
    let line = Line::new(stream.bare().unwrap(), inbox, shared, runner, None).unwrap();
    (runtime, line, server)
}

#[test]
fn b05_a_thread_stays_to_read_only_what_it_waits_for_alone_and_nobody_else_reads() {
    let (_runtime, line, _server) = line();
    let looks = Cell::new(0);
    let read = || {
        line.read_until(|| looks.replace(looks.get() + 1) > 0, LONG);
        looks.take()
    };
    let attended = || attend(async { read() }, || Ok::<_, Error>(())).unwrap();
    assert_eq!(attended(), 0, "others are waited for, too");
    line.serves_alone();
    assert_eq!(read(), 0, "it does not read what it waits for");
    let turn = line.turn(std::task::Waker::noop()).unwrap();
    assert_eq!(attended(), 0, "another reads");
    drop(turn);
    assert!(attended() > 0);
}

#[test]
fn b09_one_that_reads_what_comes_bit_by_bit_looks_around_too() {
    for mut pair in Pair::each() {
        let waiting = pair.ask_until(cmd("PING"), LONG, || Err(Error::closed("test")));
        pair.expect_pings(1);
        pair.answer(b"$99999999\r\n");
        while !waiting.is_finished() {
            pair.answer(b"x");
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(waiting.join().unwrap().unwrap_err().code(), Code::Closed);
    }
}

#[test]
fn b09_one_that_stayed_to_read_in_vain_looks_around_before_it_waits_again() {
    let (_runtime, line, mut server) = line();
    let line = Arc::new(line);
    line.serves_alone();
    let waiting = async {
        line.read_until(|| false, LONG);
        // Nobody is owed it: whoever read it would end the connection.
        server.write_all(b":1\r\n").unwrap();
        line.attended(None, pending::<()>()).await;
    };
    let interrupted = || {
        assert!(!line.has_ended(), "it waited again");
        Err(Error::closed("test"))
    };
    assert_eq!(attend(waiting, interrupted).unwrap_err().code(), Code::Closed);
}

#[test]
fn b01_a_panic_while_reading_ends_the_connection_and_nothing_else() {
    let (_runtime, line, _server) = line();
    let reading = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _turn = line.turn(std::task::Waker::noop()).unwrap();
        panic!("scripted");
    }));
    assert!(reading.is_err() && line.has_ended());
    assert!(line.turn(std::task::Waker::noop()).is_some(), "the turn was given back");
}
