//! The same connection twice: keyrotor's client, and the redis crate's connection with nothing around it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use keyrotor::aws::{AwsKeys, Target};
use keyrotor::proto::authentication_info::Credentials;
use keyrotor::proto::{
    AccessKey, AuthenticationInfo, IamCredentials, NodeAddress, ServerCredentials, TlsMode,
};
use keyrotor::{Client, ConnectionRequest};
use keyrotor_emulator::{Backend, Config, Emulator};
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ProtocolVersion, RedisConnectionInfo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::pipe::Pipe;
use super::server::{Server, USER};
use super::{Outcome, wall};

const CLUSTER: &str = "bench";
const REGION: &str = "eu-west-1";
const KEY_ID: &str = "AKIDEXAMPLE";
const KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const TOKEN_LIFE: Duration = Duration::from_secs(900);

/// A place to connect to, and how.
pub(crate) struct Place {
    address: SocketAddr,
    credentials: Credentials,
    password: String,
    /// Who vouches for it, where TLS is spoken.
    tls: Option<Roots>,
}

enum Roots {
    /// A certificate, in PEM.
    Given(String),
    System,
}

impl Place {
    /// The server itself, with a password.
    pub(crate) fn of(server: &Server) -> Self {
        let credentials = ServerCredentials { username: USER.into(), password: server.password.clone() };
        Self {
            address: server.address,
            credentials: Credentials::ServerCredentials(credentials),
            password: server.password.clone(),
            tls: server.ca.clone().map(Roots::Given),
        }
    }

    /// The server itself, with tokens.
    pub(crate) fn with_tokens(server: &Server) -> Self {
        Self { credentials: Credentials::IamCredentials(iam_user()), ..Self::of(server) }
    }

    /// The server itself through a pipe that ends TLS.
    pub(crate) fn piped(pipe: &Pipe, server: &Server) -> Self {
        Self { address: pipe.address, tls: Some(Roots::Given(pipe.ca.clone())), ..Self::of(server) }
    }

    /// An emulator, with a token.
    pub(crate) fn emulated(emulator: &Emulator, with_tls: bool) -> Outcome<Self> {
        let target = Target::ElastiCache { cluster: CLUSTER.into(), user: USER.into(), serverless: false };
        let keys = AwsKeys::new(KEY_ID, KEY, None, None, "bench");
        let token = target.sign(REGION, TOKEN_LIFE, &keys, wall())?;
        let ca = std::fs::read_to_string(emulator.ca_path())?;
        Ok(Self {
            address: emulator.address(),
            credentials: Credentials::IamCredentials(iam_user()),
            password: token.expose().to_owned(),
            tls: with_tls.then_some(Roots::Given(ca)),
        })
    }

    /// The same place, where the system's roots vouch for it.
    pub(crate) fn trusted_by_the_system(self) -> Self {
        Self { tls: self.tls.map(|_| Roots::System), ..self }
    }

    /// keyrotor's client.
    pub(crate) async fn keyrotor(&self, timeout: Duration) -> Outcome<Client> {
        let mode = if self.tls.is_some() { TlsMode::SecureTls } else { TlsMode::NoTls };
        let request = ConnectionRequest {
            addresses: vec![NodeAddress {
                host: self.address.ip().to_string(),
                port: self.address.port().into(),
                ..NodeAddress::default()
            }],
            tls_mode: mode.into(),
            root_certs: self.ca().into_iter().map(|ca| ca.as_bytes().to_vec()).collect(),
            authentication_info: Some(AuthenticationInfo { credentials: Some(self.credentials.clone()) }),
            allow_plaintext: true,
            request_timeout: u32::try_from(timeout.as_millis())?,
            tcp_nodelay: Some(true),
            ..ConnectionRequest::default()
        };
        Ok(Client::connect(request).await?)
    }

    /// The redis crate's connection, on a stream without a box around it.
    pub(crate) async fn redis(&self, config: AsyncConnectionConfig) -> Outcome<MultiplexedConnection> {
        match &self.tls {
            None => self.open(self.tcp().await?, config).await,
            Some(_) => self.open(self.tls().await?, config).await,
        }
    }

    fn ca(&self) -> Option<&str> {
        match &self.tls {
            Some(Roots::Given(ca)) => Some(ca),
            _ => None,
        }
    }

    async fn tcp(&self) -> Outcome<TcpStream> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    async fn tls(&self) -> Outcome<TlsStream<TcpStream>> {
        let ca = self.ca().ok_or("no authority was handed over for this place")?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes())?)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(self.address.ip());
        Ok(TlsConnector::from(Arc::new(config)).connect(name, self.tcp().await?).await?)
    }

    async fn open<S>(&self, stream: S, config: AsyncConnectionConfig) -> Outcome<MultiplexedConnection>
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let login = RedisConnectionInfo::default()
            .set_username(USER)
            .set_password(&self.password)
            .set_protocol(ProtocolVersion::RESP3);
        let (connection, driver) = MultiplexedConnection::new_with_config(&login, stream, config).await?;
        tokio::spawn(driver);
        Ok(connection)
    }
}

fn iam_user() -> IamCredentials {
    let key = AccessKey { access_key_id: KEY_ID.into(), secret_access_key: KEY.into(), session_token: None };
    IamCredentials {
        cluster_name: CLUSTER.into(),
        username: USER.into(),
        region: Some(REGION.into()),
        access_key: Some(key),
        ..IamCredentials::default()
    }
}

/// An emulator on threads of its own, in front of a server that it starts on a Unix socket: as `keyrotor emulate`.
pub(crate) fn emulator(runtime: &Runtime, plaintext: bool) -> Outcome<Emulator> {
    emulator_before(runtime, plaintext, Backend::Auto)
}

/// An emulator in front of a server that runs already. It takes the server's user over, with another password.
pub(crate) fn emulator_of(runtime: &Runtime, plaintext: bool, server: &Server) -> Outcome<Emulator> {
    let url = format!("redis://{USER}:{}@{}", server.password, server.address);
    emulator_before(runtime, plaintext, Backend::Url(url))
}

fn emulator_before(runtime: &Runtime, plaintext: bool, backend: Backend) -> Outcome<Emulator> {
    let key = keyrotor_emulator::AccessKey {
        id: KEY_ID.into(),
        secret: KEY.into(),
        ..keyrotor_emulator::AccessKey::default()
    };
    Ok(runtime.block_on(Emulator::start(Config {
        cluster: CLUSTER.into(),
        region: REGION.into(),
        users: vec![USER.into()],
        keys: vec![key],
        plaintext,
        backend,
        ..Config::default()
    }))?)
}
