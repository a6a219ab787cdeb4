//! The same over TLS.

use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use tokio_rustls::TlsConnector;

use super::*;

fn configurations() -> (Arc<rustls::ClientConfig>, Arc<ServerConfig>) {
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(made.cert.der().clone()).unwrap();
    let client = crate::tls::builder().unwrap().with_root_certificates(Arc::new(roots)).with_no_client_auth();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(crate::tls::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    (Arc::new(client), Arc::new(server))
}

/// A server that answers each PING with its number, in records that arrive byte by byte.
fn serve(server: TcpStream, config: Arc<ServerConfig>, pings: u32) -> ServerConnection {
    let mut stream = StreamOwned::new(ServerConnection::new(config).unwrap(), server);
    for number in 1..=pings {
        let mut came = [0; PING.len()];
        stream.read_exact(&mut came).unwrap();
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
    let (client, config) = configurations();
    let (runtime, runner, stream, server) = dial();
    let clone = server.try_clone().unwrap();
    let thread = thread::spawn(move || serve(clone, config, 20));
    let name = ServerName::try_from("localhost").unwrap();
    let stream = runtime.block_on(TlsConnector::from(client).connect(name, stream)).unwrap();
    let address = Address { host: "localhost".to_owned(), port: 1 };
    let connection =
        Connection::open(Box::new(stream), address, Role::Shared, &Hosting::Callers, &runner).unwrap();
    let pair = Pair { connection: Arc::new(connection), server, runner, runtime };
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
