//! A raw client: commands out, replies in, over TLS.

use super::Draft;
use keyrotor_emulator::Emulator;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// `Value` is a reply of either protocol version.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Vec<u8>),
    Null,
    List(Vec<Self>),
    Map(Vec<Self>),
    Push(Vec<Self>),
}

impl Value {
    pub(crate) fn ok() -> Self {
        Self::Simple("OK".into())
    }

    pub(crate) fn error(text: &str) -> Self {
        Self::Error(text.into())
    }

    pub(crate) fn bulk(text: &str) -> Self {
        Self::Bulk(text.into())
    }
}

trait Both: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Both for T {}

/// `Client` waits at most some seconds for a reply.
pub(crate) struct Client {
    reader: BufReader<tokio::io::ReadHalf<Box<dyn Both>>>,
    writer: tokio::io::WriteHalf<Box<dyn Both>>,
}

impl Client {
    pub(crate) async fn connect(emulator: &Emulator) -> Self {
        Self::try_connect(emulator).await.expect("a connection")
    }

    pub(crate) async fn try_connect(emulator: &Emulator) -> std::io::Result<Self> {
        Self::try_connect_to(emulator, emulator.address()).await
    }

    /// To one node of several.
    pub(crate) async fn connect_to(emulator: &Emulator, node: usize) -> Self {
        Self::try_connect_to(emulator, emulator.addresses()[node]).await.expect("a connection")
    }

    pub(crate) async fn try_connect_to(emulator: &Emulator, address: SocketAddr) -> std::io::Result<Self> {
        let mut roots = RootCertStore::empty();
        let ca = CertificateDer::from_pem_file(emulator.ca_path()).expect("a certificate");
        roots.add(ca).expect("an authority");
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let tcp = TcpStream::connect(address).await?;
        let name = ServerName::try_from(emulator.server_name().to_owned()).expect("a name");
        Ok(Self::over(TlsConnector::from(Arc::new(config)).connect(name, tcp).await?))
    }

    pub(crate) async fn plain(emulator: &Emulator) -> Self {
        Self::over(TcpStream::connect(emulator.address()).await.expect("a connection"))
    }

    fn over(stream: impl Both + 'static) -> Self {
        let (reader, writer) = tokio::io::split(Box::new(stream) as Box<dyn Both>);
        Self { reader: BufReader::new(reader), writer }
    }

    /// Logs in as `app` with the token of this second.
    pub(crate) async fn login(&mut self, second: u64) {
        let token = Draft::new(second).sign();
        assert_eq!(self.call(&["AUTH", "app", &token]).await, Value::ok());
    }

    pub(crate) async fn call(&mut self, args: &[&str]) -> Value {
        self.send(&encode(args)).await;
        self.reply().await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.expect("a write");
        self.writer.flush().await.expect("a flush");
    }

    pub(crate) async fn reply(&mut self) -> Value {
        let limit = Duration::from_secs(20);
        let reply = tokio::time::timeout(limit, read(&mut self.reader)).await.expect("a reply in time");
        reply.expect("a reply")
    }

    /// Sends and reads at the same time, as no large pipeline can be sent without.
    pub(crate) async fn pipeline(&mut self, bytes: &[u8], replies: usize) -> Vec<Value> {
        let Self { reader, writer } = self;
        let send = async {
            writer.write_all(bytes).await.expect("a write");
            writer.flush().await.expect("a flush");
        };
        let receive = async {
            let mut values = Vec::new();
            for _ in 0..replies {
                values.push(read(reader).await.expect("a reply"));
            }
            values
        };
        let both = async { tokio::join!(send, receive).1 };
        tokio::time::timeout(Duration::from_secs(30), both).await.expect("all replies in time")
    }

    /// All that comes until the other side breaks off.
    pub(crate) async fn remainder(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.reader.read_to_end(&mut bytes);
        // TLS calls it an error when nobody says goodbye.
        let _ = tokio::time::timeout(Duration::from_secs(20), read).await.expect("an end in time");
        bytes
    }

    /// Closes the sending side.
    pub(crate) async fn leave(&mut self) {
        self.writer.shutdown().await.expect("a shutdown");
    }

    /// Whether the other side closes, without another word, within some seconds.
    pub(crate) async fn is_closed(&mut self) -> bool {
        let read = self.reader.read_u8();
        tokio::time::timeout(Duration::from_secs(5), read).await.is_ok_and(|read| read.is_err())
    }

    /// Whether nothing comes for this long.
    pub(crate) async fn is_silent(&mut self, milliseconds: u64) -> bool {
        tokio::time::timeout(Duration::from_millis(milliseconds), self.reader.fill_buf()).await.is_err()
    }
}

pub(crate) fn encode(args: &[&str]) -> Vec<u8> {
    let mut text = format!("*{}\r\n", args.len());
    for arg in args {
        text += &format!("${}\r\n{arg}\r\n", arg.len());
    }
    text.into_bytes()
}

type Reading<'a> = Pin<Box<dyn Future<Output = std::io::Result<Value>> + Send + 'a>>;

fn read<R: AsyncBufReadExt + Send + Unpin>(from: &mut R) -> Reading<'_> {
    Box::pin(async move {
        let mut line = String::new();
        from.read_line(&mut line).await?;
        let (kind, text) = line.trim_end().split_at_checked(1).ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let size: i64 = text.parse().unwrap_or_default();
        Ok(match kind {
            "+" => Value::Simple(text.into()),
            "-" => Value::Error(text.into()),
            ":" => Value::Integer(size),
            "$" | "*" if size < 0 => Value::Null,
            "_" => Value::Null,
            // A verbatim text keeps its kind, `txt:`.
            "$" | "=" => {
                let mut bytes = vec![0; usize::try_from(size).expect("a size") + 2];
                from.read_exact(&mut bytes).await?;
                bytes.truncate(bytes.len() - 2);
                Value::Bulk(bytes)
            }
            "*" => Value::List(read_all(from, size).await?),
            "%" => Value::Map(read_all(from, size * 2).await?),
            ">" => Value::Push(read_all(from, size).await?),
            other => panic!("unknown kind {other} of {line}"),
        })
    })
}

async fn read_all<R: AsyncBufReadExt + Send + Unpin>(
    from: &mut R,
    count: i64,
) -> std::io::Result<Vec<Value>> {
    let mut values = Vec::new();
    for _ in 0..count {
        values.push(read(from).await?);
    }
    Ok(values)
}
