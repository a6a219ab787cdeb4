//! The opening: TLS asked for or begun at once, GSS encryption declined, and the first packet.

use crate::rds::record::End;
use crate::rds::wire::{First, Startup, Wire, read_first};
use std::io;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::{ProtocolVersion, ServerConnection};

/// How clients of version 17 and later name the protocol; those that begin with TLS must.
pub(in crate::rds) const PROTOCOL: &[u8] = b"postgresql";
/// The first byte of a TLS handshake, which no first packet has.
const HANDSHAKE: u8 = 0x16;

/// `Opened` is what a connection turns out to be for.
pub(super) enum Opened {
    Cancel {
        client: Wire,
        /// The packet as it came.
        request: Vec<u8>,
    },
    Login {
        client: Wire,
        startup: Startup,
        /// The version of TLS.
        tls: Option<&'static str>,
    },
}

pub(super) async fn open(acceptor: &TlsAcceptor, tcp: TcpStream) -> Result<Opened, End> {
    opened(acceptor, tcp).await.map_err(|_| End::Client)
}

async fn opened(acceptor: &TlsAcceptor, mut tcp: TcpStream) -> io::Result<Opened> {
    tcp.set_nodelay(true)?;
    let mut first = [0];
    tcp.peek(&mut first).await?;
    if first == [HANDSHAKE] {
        return encrypted(acceptor, tcp, true).await;
    }
    let mut declined = false;
    loop {
        match read_first(&mut tcp).await? {
            First::Gss if !declined => {
                tcp.write_all(b"N").await?;
                declined = true;
            }
            First::Gss => return Err(io::ErrorKind::InvalidData.into()),
            First::Tls => {
                tcp.write_all(b"S").await?;
                return encrypted(acceptor, tcp, false).await;
            }
            First::Cancel(request) => return Ok(Opened::Cancel { client: Box::new(tcp), request }),
            First::Startup(startup) => {
                return Ok(Opened::Login { client: Box::new(tcp), startup, tls: None });
            }
        }
    }
}

async fn encrypted(acceptor: &TlsAcceptor, tcp: TcpStream, at_once: bool) -> io::Result<Opened> {
    let mut stream = acceptor.accept(tcp).await?;
    let (_, tls) = stream.get_ref();
    if at_once && tls.alpn_protocol() != Some(PROTOCOL) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let version = version(tls);
    match read_first(&mut stream).await? {
        First::Cancel(request) => Ok(Opened::Cancel { client: Box::new(stream), request }),
        First::Startup(startup) => {
            Ok(Opened::Login { client: Box::new(stream), startup, tls: Some(version) })
        }
        First::Tls | First::Gss => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn version(tls: &ServerConnection) -> &'static str {
    match tls.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        _ => "TLSv1.3",
    }
}
