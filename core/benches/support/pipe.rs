//! A TLS endpoint that does nothing: what it takes to end TLS in front of a server and pass all bytes on.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::Outcome;

/// A running pipe; dropping it ends it, but not the connections through it.
pub(crate) struct Pipe {
    pub(crate) address: SocketAddr,
    /// The authority's certificate, in PEM.
    pub(crate) ca: Vec<u8>,
    task: JoinHandle<()>,
}

impl Pipe {
    /// Runs on `runtime`, in front of the server at `to`.
    pub(crate) fn start(runtime: &Runtime, to: SocketAddr) -> Outcome<Self> {
        let (tls, ca) = certificates()?;
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let address = listener.local_addr()?;
        let task = runtime.spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let tls = tls.clone();
                // A connection that fails is missed by who measures it.
                tokio::spawn(async move { pass(tls, client, to).await });
            }
        });
        Ok(Self { address, ca, task })
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(tls: TlsAcceptor, client: TcpStream, to: SocketAddr) -> std::io::Result<()> {
    client.set_nodelay(true)?;
    let mut client = tls.accept(client).await?;
    let mut server = TcpStream::connect(to).await?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

/// A server for the loopback address, and the authority that vouches for it.
fn certificates() -> Outcome<(TlsAcceptor, Vec<u8>)> {
    let key = KeyPair::generate()?;
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = authority.self_signed(&key)?.pem().into_bytes();
    let issuer = Issuer::new(authority, key);
    let key = KeyPair::generate()?;
    let names = vec![Ipv4Addr::LOCALHOST.to_string()];
    let certificate = CertificateParams::new(names)?.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), ca))
}
