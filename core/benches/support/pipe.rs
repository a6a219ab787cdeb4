//! A TLS endpoint that does nothing: what it takes to end TLS in front of a server and pass all bytes on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{HandshakeKind, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Outcome;
use super::certificates::Certificates;

/// Whether a TLS client that comes back is known again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sessions {
    Resumed,
    Forgotten,
}

/// A running pipe; dropping it ends it, but not the connections through it.
pub(crate) struct Pipe {
    pub(crate) address: SocketAddr,
    /// The authority's certificate, in PEM.
    pub(crate) ca: String,
    task: JoinHandle<()>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    handshakes: AtomicU64,
    resumed: AtomicU64,
}

impl Pipe {
    /// Runs on `runtime`, in front of the server at `to`.
    pub(crate) fn start(
        runtime: &Runtime,
        to: SocketAddr,
        sessions: Sessions,
        certificates: Certificates,
    ) -> Outcome<Self> {
        let tls = acceptor(&certificates, sessions)?;
        let counts = Arc::<Counts>::default();
        let counted = Arc::clone(&counts);
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let task = runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (tls, counts) = (tls.clone(), Arc::clone(&counted));
                // A connection that fails is missed by who measures it.
                tokio::spawn(async move { pass(tls, client, to, &counts).await });
            }
        });
        Ok(Self { address, ca: certificates.ca, task, counts })
    }

    /// Handshakes so far, and how many of them resumed a session.
    pub(crate) fn handshakes(&self) -> (u64, u64) {
        (self.counts.handshakes.load(Relaxed), self.counts.resumed.load(Relaxed))
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(tls: TlsAcceptor, client: TcpStream, to: SocketAddr, counts: &Counts) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    // The way to the server is there when the handshake is done: it is not what is measured.
    let (mut client, mut server) = tokio::try_join!(tls.accept(client), TcpStream::connect(to))?;
    counts.handshakes.fetch_add(1, Relaxed);
    let is_resumed = client.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
    counts.resumed.fetch_add(is_resumed.into(), Relaxed);
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

fn acceptor(certificates: &Certificates, sessions: Sessions) -> Outcome<TlsAcceptor> {
    let chain = vec![CertificateDer::from_pem_slice(certificates.certificate.as_bytes())?];
    let key = PrivateKeyDer::from_pem_slice(certificates.key.as_bytes())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    if sessions == Sessions::Forgotten {
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(NoServerSessionStorage {});
    }
    Ok(TlsAcceptor::from(Arc::new(config)))
}
