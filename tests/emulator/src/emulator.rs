//! The running emulator: its listeners, its servers and its files, all gone when it is dropped.

use crate::authority::SERVER_NAME;
use crate::cache::Cache;
use crate::cluster::Node;
use crate::config::{Config, Service};
use crate::control::{CachePanel, Panel, Panels};
use crate::faults::Faults;
use crate::gate::Gate;
use crate::record::Record;
use crate::shared::{Shared, bind};
use crate::{Error, control, listener};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// `Emulator` plays one cache, of one node or of many, on the runtime that started it.
///
/// Dropping it kills the servers that it started, closes the listeners and all connections, and removes its files.
pub struct Emulator {
    cache: Arc<Cache>,
    shared: Shared,
    control: Option<SocketAddr>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Emulator {
    /// Starts the servers, makes the users and certificates, and listens. A cluster has formed when this returns.
    ///
    /// # Errors
    /// Settings that cannot work (Azure among them: it needs a [`Cloud`](crate::Cloud) with Entra), a backend that
    /// does not come up, an address that is taken.
    pub async fn start(config: Config) -> Result<Self, Error> {
        if config.keys.is_empty() && config.service != Service::Azure {
            let problem = "needs at least one access key with id and secret".into();
            return Err(Error::Config { field: "keys", problem });
        }
        let shared = Shared::new(config.clock, config.keys.iter().cloned().collect())?;
        Self::start_in(config, shared).await
    }

    /// Starts among the other fronts of a run, whose keys, clock and authority win over the configuration's.
    pub(crate) async fn start_in(config: Config, shared: Shared) -> Result<Self, Error> {
        let config = config.checked()?;
        let control = match config.control {
            Some(address) => Some(bind("control", address).await?),
            None => None,
        };
        let cache = Arc::new(Cache::start(config, &shared).await?);
        let (stop, stopped) = watch::channel(false);
        let listen = |gate: &Arc<Gate>| tokio::spawn(listener::run(Arc::clone(gate), stopped.clone()));
        let mut tasks: Vec<_> = cache.gates.iter().map(listen).collect();
        let control = control.map(|(listener, address)| {
            let panel: Arc<dyn Panel> = Arc::new(CachePanel::new(Arc::clone(&cache)));
            let panels = Panels::from([panel]);
            tasks.push(tokio::spawn(control::run(panels, listener, stopped)));
            address
        });
        // Made before it is opened, so that what fails then is cleaned up like everything else.
        let emulator = Self { cache, shared, control, stop, tasks };
        emulator.cache.open().await?;
        Ok(emulator)
    }

    /// Its part of the control API.
    pub(crate) fn panel(&self) -> Arc<dyn Panel> {
        Arc::new(CachePanel::new(Arc::clone(&self.cache)))
    }

    /// Where clients connect: the address of node 0.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        // There is always a node.
        self.cache.gates.first().map_or_else(|| (Ipv4Addr::UNSPECIFIED, 0).into(), |gate| gate.door.address())
    }

    /// The addresses of all nodes, in the order of their numbers: the primaries of all shards as they were at the
    /// start, then the replicas of the first shard, of the second, and so on.
    #[must_use]
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.cache.gates.iter().map(|gate| gate.door.address()).collect()
    }

    /// The nodes as they are now, each by its own account. One without cluster mode is a primary without slots.
    ///
    /// # Errors
    /// A server that does not answer.
    pub async fn nodes(&self) -> Result<Vec<Node>, Error> {
        self.cache.nodes().await
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
        self.cache.ledger.record()
    }

    /// A handle to break things with.
    #[must_use]
    pub fn faults(&self) -> Faults {
        Faults::new(Arc::clone(&self.cache))
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
        f.debug_struct("Emulator").field("addresses", &self.addresses()).finish_non_exhaustive()
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
        self.cache.gates.iter().for_each(|gate| gate.backend.kill());
    }
}
