//! The running front: its listener, its PostgreSQL and its files, all gone when it is dropped.

use super::config::{Kind, Settings};
use super::connection::{PROTOCOL, take};
use super::faults::Faults;
use super::gate::Gate;
use super::judge::Judge;
use super::ledger::Ledger;
use super::panel::RdsPanel;
use super::postgres::{Login, Postgres};
use super::record::Record;
use crate::Error;
use crate::authority::{Leaf, SERVER_NAME};
use crate::clock;
use crate::control::Panel;
use crate::faults::Conditions;
use crate::policy::Policies;
use crate::shared::{Shared, bind};
use crate::sigv4::encode;
use crate::throttle::Throttle;
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;

/// `Rds` plays one RDS instance, RDS Proxy, DSQL cluster or database of Azure's, on the runtime that started it.
///
/// Dropping it stops its PostgreSQL (the thread waits for that, usually some milliseconds), closes the listener and all
/// connections, and removes its files.
pub struct Rds {
    gate: Arc<Gate>,
    shared: Shared,
    address: SocketAddr,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Rds {
    /// Starts among the other fronts of a run.
    pub(crate) async fn start_in(settings: impl Into<Settings>, shared: Shared) -> Result<Self, Error> {
        let settings = settings.into().checked()?;
        let judge = Judge::of(settings.kind, &shared)?;
        let (listener, address) = bind(settings.kind.section(), settings.listen).await?;
        let acceptor = acceptor(&shared, &settings.host)?;
        let policies = Policies::new(settings.policies.clone());
        let (per_second, at_once) = settings.rate;
        let throttle = Throttle::holding(at_once.into(), per_second.into(), clock::instant());
        let server = Postgres::start(&settings, Login::of(settings.kind)).await?;
        let gate = Arc::new(Gate {
            port: settings.port.unwrap_or(address.port()),
            clock: shared.clock.clone(),
            judge,
            ledger: Ledger::new(shared.clock.clone()),
            conditions: Conditions::new(),
            cuts: AtomicU64::new(0),
            throttle,
            policies,
            server,
            settings,
            refusals: shared.refusals.clone(),
        });
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(take(Arc::clone(&gate), acceptor, listener, stopped));
        Ok(Self { gate, shared, address, stop, task })
    }

    /// Its part of the control API.
    pub(crate) fn panel(&self) -> Arc<dyn Panel> {
        Arc::new(RdsPanel::new(Arc::clone(&self.gate)))
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that clients must trust, in PEM. The file lives as long as the run.
    #[must_use]
    pub fn ca_path(&self) -> &Path {
        self.shared.authority.ca()
    }

    /// The endpoint's name, in the certificate, which also holds for `localhost`, `127.0.0.1` and `::1`.
    #[must_use]
    pub fn server_name(&self) -> &str {
        &self.gate.settings.host
    }

    /// What tokens are signed for: name and port, for DSQL the name alone. Azure's are for no server in particular.
    #[must_use]
    pub fn endpoint(&self) -> String {
        let host = self.server_name();
        match self.gate.settings.kind {
            Kind::Rds | Kind::Proxy => format!("{host}:{}", self.gate.port),
            Kind::Dsql | Kind::Azure => host.to_owned(),
        }
    }

    /// A connection URL for this role, as libpq and its kin read it; the token belongs into `PGPASSWORD`.
    #[must_use]
    pub fn url(&self, user: &str) -> String {
        let (user, database) = (encode(user), encode(&self.gate.settings.database));
        let (port, ca) = (self.address.port(), encode(&self.ca_path().to_string_lossy()));
        format!("postgres://{user}@{SERVER_NAME}:{port}/{database}?sslmode=verify-full&sslrootcert={ca}")
    }

    /// What was seen so far.
    #[must_use]
    pub fn record(&self) -> Record {
        self.gate.ledger.record()
    }

    /// A handle to break things with.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.gate))
    }

    /// Closes all connections cleanly, then everything else.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // A task that panicked has ended too.
        let _ = (&mut self.task).await;
    }
}

fn acceptor(shared: &Shared, host: &str) -> Result<TlsAcceptor, Error> {
    let Leaf { names, years } = Leaf::default();
    let mut names = names.to_vec();
    if !names.contains(&host) {
        names.push(host);
    }
    let mut config = ServerConfig::clone(shared.authority.server(&Leaf { names: &names, years })?.as_ref());
    config.alpn_protocols = vec![PROTOCOL.to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl fmt::Debug for Rds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rds").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Rds {
    fn drop(&mut self) {
        self.task.abort();
        self.gate.server.stop();
    }
}
