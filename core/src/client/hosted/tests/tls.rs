//! The same over TLS.

use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion};
use tokio_rustls::TlsConnector;

use super::super::super::sendable::Sendable;
use super::*;

type Tls = StreamOwned<ServerConnection, TcpStream>;

pub(super) fn configurations(
    version: &'static SupportedProtocolVersion,
) -> (Arc<rustls::ClientConfig>, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = crate::tls::builder().unwrap().with_root_certificates(Arc::new(roots)).with_no_client_auth();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(crate::tls::provider())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(client), Arc::new(server))
}

/// A connection to a server that does as `serve` says.
fn pair<T: Send + 'static>(
    version: &'static SupportedProtocolVersion,
    serve: impl FnOnce(Tls) -> T + Send + 'static,
) -> (Pair, thread::JoinHandle<T>) {
    let (client, config) = configurations(version);
    let (runtime, runner, stream, server) = dial();
    let clone = server.try_clone().unwrap();
    let tls = StreamOwned::new(ServerConnection::new(config).unwrap(), clone);
    let thread = thread::spawn(move || serve(tls));
    let name = ServerName::try_from("localhost").unwrap();
    let stream = runtime.block_on(TlsConnector::from(client).connect(name, stream)).unwrap();
    (Pair::over(Box::new(stream), (runtime, runner, server)), thread)
}

fn read_pings(stream: &mut Tls, count: usize) {
    let mut came = vec![0; PING.len() * count];
    stream.read_exact(&mut came).unwrap();
    assert_eq!(came, PING.repeat(count));
}

/// Answers each PING with its number, in records that arrive byte by byte.
fn answer_in_pieces(mut stream: Tls, pings: u32) -> ServerConnection {
    for number in 1..=pings {
        read_pings(&mut stream, 1);
        stream.conn.writer().write_all(format!(":{number}\r\n").as_bytes()).unwrap();
        let mut sealed = Vec::new();
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut sealed).unwrap();
        }
        sealed.iter().for_each(|byte| stream.sock.write_all(&[*byte]).unwrap());
    }
    stream.conn
}

#[test]
fn c15_records_that_arrive_in_pieces_are_read_and_the_goodbye_is_said() {
    for version in [&TLS12, &TLS13] {
        let (pair, thread) = pair(version, |stream| answer_in_pieces(stream, 20));
        for expected in 1..=20 {
            assert_eq!(number(pair.ask(cmd("PING"), LONG)), expected);
        }
        let mut tls = thread.join().unwrap();
        pair.connection.close();
        let mut server = pair.server;
        while tls.read_tls(&mut server).unwrap() > 0 {
            tls.process_new_packets().unwrap();
        }
        assert_eq!(tls.reader().read(&mut [0; 1]).unwrap(), 0, "close_notify came");
    }
}

#[test]
fn c15_what_is_longer_than_a_record_and_than_the_socket_takes_at_once_goes_both_ways() {
    let value: Vec<u8> = (0..4 << 20_u32).map(|number| (number % 251) as u8).collect();
    let command = cmd("ECHO").arg(&value).clone();
    let sent = command.get_packed_command();
    let reply = [format!("${}\r\n", value.len()).as_bytes(), &value, b"\r\n"].concat();
    let (pair, thread) = pair(&TLS13, move |mut stream| {
        let mut came = vec![0; sent.len()];
        stream.read_exact(&mut came).unwrap();
        stream.write_all(&reply).unwrap();
        came == sent
    });
    let echoed = pair.ask(command, LONG).join().unwrap().unwrap();
    assert!(echoed == Value::BulkString(value) && thread.join().unwrap());
}

#[test]
fn c15_new_keys_of_the_server_are_answered() {
    let (pair, thread) = pair(&TLS13, |mut stream| {
        for number in 1..=3 {
            read_pings(&mut stream, 1);
            stream.conn.refresh_traffic_keys().unwrap();
            stream.write_all(format!(":{number}\r\n").as_bytes()).unwrap();
        }
    });
    for expected in 1..=3 {
        assert_eq!(number(pair.ask(cmd("PING"), LONG)), expected);
    }
    thread.join().unwrap();
}

/// Asks twice, has `serve` answer once in the record before it ends the connection, and gives the outcomes.
fn answered_once<T: Send + 'static>(end: impl FnOnce(Tls, Vec<u8>) -> T + Send + 'static) -> (Error, T) {
    let (pair, thread) = pair(&TLS13, |mut stream| {
        read_pings(&mut stream, 2);
        stream.conn.writer().write_all(b":1\r\n").unwrap();
        let mut sealed = Vec::new();
        while stream.conn.wants_write() {
            stream.conn.write_tls(&mut sealed).unwrap();
        }
        end(stream, sealed)
    });
    let connection = Arc::clone(&pair.connection);
    let asking = thread::spawn(move || {
        let (first, second) = (cmd("PING"), cmd("PING"));
        let both =
            async { tokio::join!(first.send_on(&connection, None), second.send_on(&connection, None)) };
        attend(both, || Ok::<_, Error>(())).unwrap()
    });
    let (first, second) = asking.join().unwrap();
    assert_eq!(first.unwrap(), Value::Int(1));
    let error = second.unwrap_err();
    assert_eq!(error.code(), Code::NetworkDisconnected);
    (error, thread.join().unwrap())
}

#[test]
fn c15_what_came_before_a_goodbye_is_answered() {
    let (error, ()) = answered_once(|mut stream, mut sealed| {
        stream.conn.send_close_notify();
        stream.conn.write_tls(&mut sealed).unwrap();
        stream.sock.write_all(&sealed).unwrap();
    });
    assert!(error.message().contains("the server closed it"), "{error}");
}

#[test]
fn c15_a_record_that_was_tampered_with_ends_the_connection_and_the_server_is_told() {
    let (error, told) = answered_once(|mut stream, mut sealed| {
        sealed.extend_from_slice(b"\x17\x03\x03\x00\x20nobody sealed this, so it is bad");
        stream.sock.write_all(&sealed).unwrap();
        stream.read(&mut [0; 1]).unwrap_err()
    });
    assert!(error.message().contains("cannot decrypt"), "{error}");
    assert!(told.to_string().contains("BadRecordMac"), "{told}");
}

#[test]
fn c15_what_comes_with_the_end_of_the_handshake_is_the_first_reply() {
    let (pair, thread) = pair(&TLS12, |mut stream| {
        // Goes out with the last of the handshake.
        stream.conn.writer().write_all(b"-DENIED go away\r\n").unwrap();
        while stream.conn.is_handshaking() || stream.conn.wants_write() {
            stream.conn.complete_io(&mut stream.sock).unwrap();
        }
        read_pings(&mut stream, 1);
        stream.sock.shutdown(std::net::Shutdown::Both).unwrap();
    });
    let error = pair.ask(cmd("PING"), LONG).join().unwrap().unwrap_err();
    thread.join().unwrap();
    assert_eq!(error.server_text(), Some("DENIED go away"));
}
