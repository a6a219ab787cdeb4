//! The running emulator: its listeners, its backend and its files, all gone when it is dropped.

use crate::authority::{Leaf, SERVER_NAME};
use crate::backend::Backend;
use crate::clock;
use crate::config::Config;
use crate::control::{CachePanel, Panel, Panels};
use crate::faults::{Conditions, Faults};
use crate::gate::Gate;
use crate::group::Group;
use crate::ledger::Ledger;
use crate::policy::Policies;
use crate::record::Record;
use crate::shared::{Shared, bind};
use crate::throttle::Throttle;
use crate::{Error, control, listener};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

/// `Emulator` plays one cluster, on the runtime that started it.
///
/// Dropping it kills the backend that it started, closes the listeners and all connections, and removes its files.
pub struct Emulator {
    gate: Arc<Gate>,
    shared: Shared,
    address: SocketAddr,
    control: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// Starts the backend, makes the users and certificates, and listens.
    ///
    /// # Errors
    /// Settings that cannot work, a backend that does not come up, an address that is taken.
    pub async fn start(config: Config) -> Result<Self, Error> {
        if config.keys.is_empty() {
            let problem = "needs at least one access key with id and secret".into();
            return Err(Error::Config { field: "keys", problem });
        }
        let shared = Shared::new(config.clock, config.keys.iter().cloned().collect())?;
        Self::start_in(config, shared).await
    }

    /// Starts among the other fronts of a run, whose keys, clock and authority win over the configuration's.
    pub(crate) async fn start_in(config: Config, shared: Shared) -> Result<Self, Error> {
        let config = config.checked()?;
        let (clients, address) = bind("clients", config.listen).await?;
        let control = match config.control {
            Some(address) => Some(bind("control", address).await?),
            None => None,
        };
        let backend = Backend::start(&config.backend, &config.users).await?;
        let acceptor = match config.plaintext {
            true => None,
            false => Some(TlsAcceptor::from(shared.authority.server(&Leaf::default())?)),
        };
        let (clock, keys) = (shared.clock.clone(), shared.keys.clone());
        let ledger = Ledger::new(clock.clone());
        let group = Group::new(config.users.clone());
        let policies = Policies::new(config.policies.clone());
        let throttle = config.login_rate.map(|rate| Throttle::new(rate, clock::instant()));
        let (conditions, refusals) = (Conditions::new(), shared.refusals.clone());
        let gate =
            Gate { config, clock, keys, ledger, conditions, backend, refusals, group, policies, throttle };
        let gate = Arc::new(gate);
        let (stop, stopped) = watch::channel(false);
        let mut tasks =
            vec![tokio::spawn(listener::run(Arc::clone(&gate), acceptor, clients, stopped.clone()))];
        let control = control.map(|(listener, address)| {
            let panel: Arc<dyn Panel> = Arc::new(CachePanel::new(Arc::clone(&gate)));
            let panels = Panels::from([panel]);
            tasks.push(tokio::spawn(control::run(panels, listener, stopped)));
            address
        });
        Ok(Self { gate, shared, address, control, stop, tasks })
    }

    /// Its part of the control API.
    pub(crate) fn panel(&self) -> Arc<dyn Panel> {
        Arc::new(CachePanel::new(Arc::clone(&self.gate)))
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate of the authority that clients must trust, in PEM. The file lives as long as the emulator.
    #[must_use]
    pub fn ca_path(&self) -> &Path {
        self.shared.authority.ca()
    }

    /// The name in the server's certificate, which also holds for `127.0.0.1` and `::1`.
    #[must_use]
    pub fn server_name(&self) -> &str {
        SERVER_NAME
    }

    /// Where the [control API](crate::control) listens.
    #[must_use]
    pub fn control_address(&self) -> Option<SocketAddr> {
        self.control
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
        for task in self.tasks.drain(..) {
            // A task that panicked has ended too.
            let _ = task.await;
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator").field("address", &self.address).finish_non_exhaustive()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.gate.backend.kill();
    }
}
