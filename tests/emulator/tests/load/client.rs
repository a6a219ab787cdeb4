//! One of the thousand: sends its batch when it is time, and knows every byte of the answer.

use crate::process::Emulator;
use crate::sign::Draft;
use crate::{PERIOD, now};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// SET, GET, INCR, and PING or AUTH.
pub(crate) const COMMANDS: usize = 4;
/// Every so many batches, a login takes the place of the ping.
const LOGIN_EVERY: u64 = 25;
const LARGE: usize = 128 << 10;
/// An answer that takes longer is none.
const LIMIT: Duration = Duration::from_secs(60);

/// Where to connect, and whom to trust.
#[derive(Clone)]
pub(crate) struct Trust {
    address: SocketAddr,
    tls: TlsConnector,
}

impl Trust {
    pub(crate) fn of(emulator: &Emulator) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(&emulator.ca).expect("a certificate")).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        Self { address: emulator.address, tls: TlsConnector::from(Arc::new(config)) }
    }
}

pub(crate) struct Client {
    number: usize,
    stream: TlsStream<TcpStream>,
}

impl Client {
    pub(crate) async fn dial(trust: Trust, number: usize) -> Self {
        let tcp = TcpStream::connect(trust.address).await.expect("a connection");
        tcp.set_nodelay(true).expect("an option");
        let name = ServerName::from(trust.address.ip());
        let stream = trust.tls.connect(name, tcp).await.expect("a handshake");
        let mut client = Self { number, stream };
        client.exchange(&login(0), b"+OK\r\n").await;
        client
    }

    /// Sends a value that fills every buffer on its way, and has it back.
    pub(crate) async fn large(mut self) -> Self {
        let value = "x".repeat(LARGE);
        let request = [command(&["SET", "large", &value]), command(&["GET", "large"])].concat();
        self.exchange(&request, format!("+OK\r\n${LARGE}\r\n{value}\r\n").as_bytes()).await;
        self
    }

    /// Works through its batches, and returns how long the slowest took.
    pub(crate) async fn work(&mut self, start: Instant, batches: u64) -> Duration {
        // They do not all speak at once.
        let offset = PERIOD.mul_f64(self.number as f64 / crate::CONNECTIONS as f64);
        let mut slowest = Duration::ZERO;
        for batch in 0..batches {
            let due = start + offset + PERIOD * u32::try_from(batch).expect("a number");
            tokio::time::sleep_until(due.into()).await;
            let (request, expected) = self.batch(batch);
            let sent = now();
            self.exchange(&request, &expected).await;
            slowest = slowest.max(sent.elapsed());
        }
        slowest
    }

    fn batch(&self, batch: u64) -> (Vec<u8>, Vec<u8>) {
        let (key, value) = (format!("key-{}", self.number), format!("value-{}-{batch}", self.number));
        let counter = format!("counter-{}", self.number);
        let mut request = command(&["SET", &key, &value]);
        request.extend(command(&["GET", &key]));
        request.extend(command(&["INCR", &counter]));
        let mut expected = format!("+OK\r\n${}\r\n{value}\r\n:{}\r\n", value.len(), batch + 1);
        if batch % LOGIN_EVERY == LOGIN_EVERY - 1 {
            request.extend(login(batch / LOGIN_EVERY));
            expected.push_str("+OK\r\n");
        } else {
            request.extend(command(&["PING"]));
            expected.push_str("+PONG\r\n");
        }
        (request, expected.into_bytes())
    }

    async fn exchange(&mut self, request: &[u8], expected: &[u8]) {
        let mut answer = vec![0; expected.len()];
        let exchange = async {
            self.stream.write_all(request).await?;
            self.stream.flush().await?;
            self.stream.read_exact(&mut answer).await
        };
        tokio::time::timeout(LIMIT, exchange).await.expect("an answer in time").expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), String::from_utf8_lossy(expected));
    }
}

fn login(second: u64) -> Vec<u8> {
    command(&["AUTH", "app", &Draft::new(second % 60).sign()])
}

fn command(args: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", args.len());
    for arg in args {
        text += &format!("${}\r\n{arg}\r\n", arg.len());
    }
    text.into_bytes()
}
