//! A raw client: bytes out, messages in.

use super::{front, token};
use keyrotor_emulator::Cloud;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// A starved machine is slow, but not for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// `Message` is one of the server's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) kind: char,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// SQLSTATE and text of an error.
    pub(crate) fn error(&self) -> (String, String) {
        assert_eq!(self.kind, 'E', "{self:?}");
        let field = |name: u8| {
            let mut fields = self.body.split(|byte| *byte == 0);
            let field = fields.find_map(|field| field.strip_prefix(&[name])).unwrap_or_default();
            String::from_utf8_lossy(field).into_owned()
        };
        assert_eq!(field(b'S'), "FATAL");
        (field(b'C'), field(b'M'))
    }
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

pub(crate) struct Client(Box<dyn Both>);

pub(crate) fn startup(parameters: &[(&str, &str)]) -> Vec<u8> {
    let text: String = parameters.iter().map(|(name, value)| format!("{name}\0{value}\0")).collect();
    let length = u32::try_from(text.len() + 9).expect("a length");
    [&length.to_be_bytes()[..], &196_608_u32.to_be_bytes(), text.as_bytes(), &[0]].concat()
}

pub(crate) fn password(text: &str) -> Vec<u8> {
    message(b'p', text)
}

fn message(kind: u8, text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len() + 5).expect("a length");
    [&[kind][..], &length.to_be_bytes(), text.as_bytes(), &[0]].concat()
}

impl Client {
    pub(crate) async fn plain(cloud: &Cloud) -> Self {
        let tcp = TcpStream::connect(front(cloud).address()).await.expect("a connection");
        tcp.set_nodelay(true).expect("an option");
        Self(Box::new(tcp))
    }

    /// Asks for TLS and begins it.
    pub(crate) async fn tls(cloud: &Cloud) -> Self {
        let mut client = Self::plain(cloud).await;
        client.send(&TLS_REQUEST).await;
        assert_eq!(client.byte().await, Some(b'S'));
        client.handshake(cloud, &[]).await.expect("TLS")
    }

    /// Begins with TLS.
    pub(crate) async fn handshake(self, cloud: &Cloud, protocols: &[&[u8]]) -> std::io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(cloud.ca_path()).expect("a certificate");
        roots.add(ca).expect("an authority");
        let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(front(cloud).server_name().to_owned()).expect("a name");
        let stream = TlsConnector::from(Arc::new(config)).connect(name, self.0).await?;
        Ok(Self(Box::new(stream)))
    }

    /// Over TLS, up to the first answer to the startup message.
    pub(crate) async fn begin(cloud: &Cloud, user: &str) -> (Self, Message) {
        let mut client = Self::tls(cloud).await;
        client.send(&startup(&[("user", user), ("database", "postgres")])).await;
        let answer = client.message().await.expect("an answer");
        (client, answer)
    }

    /// Over TLS, with this as password where one is asked for in the clear; the answer to it.
    pub(crate) async fn answered(cloud: &Cloud, user: &str, secret: &str) -> (Self, Message) {
        let (mut client, asked) = Self::begin(cloud, user).await;
        assert_eq!(asked, Message { kind: 'R', body: vec![0, 0, 0, 3] });
        client.send(&password(secret)).await;
        let answer = client.message().await.expect("an answer");
        (client, answer)
    }

    /// Logged in as `app`, ready for queries.
    pub(crate) async fn app(cloud: &Cloud) -> Self {
        let (mut client, answer) = Self::answered(cloud, "app", &token("app")).await;
        assert_eq!(answer, Message { kind: 'R', body: vec![0; 4] });
        client.until_ready().await;
        client
    }

    /// The only value that a query gives.
    pub(crate) async fn value(&mut self, sql: &str) -> String {
        self.send(&message(b'Q', sql)).await;
        let messages = self.until_ready().await;
        let row =
            messages.iter().find(|message| message.kind == 'D').unwrap_or_else(|| panic!("{messages:?}"));
        String::from_utf8_lossy(&row.body[6..]).into_owned()
    }

    pub(crate) async fn until_ready(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            let message = self.message().await.unwrap_or_else(|| panic!("closed after {messages:?}"));
            if message.kind == 'Z' {
                return messages;
            }
            messages.push(message);
        }
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.expect("a write");
        self.0.flush().await.expect("a flush");
    }

    /// Sends what the other side may not want to have.
    pub(crate) async fn try_send(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
        let _ = self.0.flush().await;
    }

    /// The next byte, or `None` at the end.
    pub(crate) async fn byte(&mut self) -> Option<u8> {
        tokio::time::timeout(PATIENCE, self.0.read_u8()).await.expect("in time").ok()
    }

    /// The next message, or `None` at the end.
    pub(crate) async fn message(&mut self) -> Option<Message> {
        let kind = self.byte().await?;
        let read = async {
            let length = self.0.read_u32().await.ok()?;
            let mut body = vec![0; usize::try_from(length).expect("a length") - 4];
            self.0.read_exact(&mut body).await.ok()?;
            Some(Message { kind: kind.into(), body })
        };
        tokio::time::timeout(PATIENCE, read).await.expect("in time")
    }

    /// Whether the other side closes without another word.
    pub(crate) async fn is_closed(&mut self) -> bool {
        self.byte().await.is_none()
    }
}
