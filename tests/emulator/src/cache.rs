//! The cache that is played: its nodes, and the cluster that they make.

use crate::Error;
use crate::backend::{Backend, Bus, Member, Plan, Users};
use crate::certificates::Certificates;
use crate::clock::{self, Clock};
use crate::cluster::Cluster;
use crate::config::Config;
use crate::door::Door;
use crate::faults::Conditions;
use crate::gate::Gate;
use crate::group::Group;
use crate::judge::Judge;
use crate::ledger::Ledger;
use crate::policy::Policies;
use crate::record::Closed;
use crate::shared::Shared;
use crate::throttle::Throttle;
use std::sync::Arc;
use tokio::task::JoinSet;

/// `Cache` is what the emulator, its faults and its part of the control API act on.
pub(crate) struct Cache {
    /// One a node, in the order of their numbers. There is at least one.
    pub(crate) gates: Vec<Arc<Gate>>,
    /// The faults of all nodes.
    pub(crate) everywhere: Arc<Conditions>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) clock: Clock,
    pub(crate) group: Arc<Group>,
    pub(crate) policies: Arc<Policies>,
    /// None without cluster mode.
    pub(crate) cluster: Option<Cluster>,
}

impl Cache {
    /// Starts the servers, each alone for now, behind doors that are closed.
    pub(crate) async fn start(config: Config, shared: &Shared) -> Result<Self, Error> {
        let judge = Arc::new(Judge::of(&config, shared)?);
        let ip = config.stated_ip();
        let certificates = match config.plaintext {
            true => None,
            false => Some(Arc::new(Certificates::new(&shared.authority, ip)?)),
        };
        let doors = doors(&config)?;
        let backends = backends(&config, &doors).await?;
        let clock = shared.clock.clone();
        let ledger = Arc::new(Ledger::new(clock.clone()));
        let everywhere = Arc::new(Conditions::new());
        let group = Arc::new(Group::new(config.users.clone()));
        let policies = Arc::new(Policies::new(config.policies.clone()));
        let throttle = config.login_rate.map(|rate| Arc::new(Throttle::new(rate, clock::instant())));
        let config = Arc::new(config);
        let gate = |(node, (door, backend))| {
            Arc::new(Gate {
                node,
                config: Arc::clone(&config),
                clock: clock.clone(),
                judge: Arc::clone(&judge),
                ledger: Arc::clone(&ledger),
                conditions: Conditions::new(),
                everywhere: Arc::clone(&everywhere),
                backend,
                group: Arc::clone(&group),
                policies: Arc::clone(&policies),
                throttle: throttle.clone(),
                refusals: shared.refusals.clone(),
                door,
                certificates: certificates.clone(),
            })
        };
        let gates: Vec<_> = doors.into_iter().zip(backends).enumerate().map(gate).collect();
        let cluster = config.is_cluster().then(|| Cluster::new(gates.clone(), config.shards));
        Ok(Self { gates, everywhere, ledger, clock, group, policies, cluster })
    }

    /// Opens all doors, and makes the nodes a cluster if they are to be one.
    pub(crate) async fn open(&self) -> Result<(), Error> {
        for gate in &self.gates {
            gate.door.open().map_err(|source| Error::Listen { what: "clients", source })?;
        }
        match &self.cluster {
            Some(cluster) => cluster.form().await,
            None => Ok(()),
        }
    }

    /// Kills the node's server; connections to the node break, new ones are refused by the system.
    pub(crate) async fn take_down(&self, gate: &Gate) -> Result<(), Error> {
        gate.door.close().await;
        gate.backend.stop().await?;
        for session in self.ledger.sessions(Some(gate.node), None) {
            session.end(Closed::Backend);
        }
        Ok(())
    }

    /// Starts the node's server again, with what it knew of its cluster and without its data.
    pub(crate) async fn bring_up(&self, gate: &Gate) -> Result<(), Error> {
        gate.backend.resume().await?;
        gate.door.open().map_err(|source| Error::Listen { what: "clients", source })
    }
}

fn doors(config: &Config) -> Result<Vec<Arc<Door>>, Error> {
    let failed = |source| Error::Listen { what: "clients", source };
    let door = |node| Door::new(config.listen_of(node)).map(Arc::new).map_err(failed);
    (0..config.nodes()).map(door).collect()
}

/// All at once: a cluster of twelve should not take twelve times as long.
async fn backends(config: &Config, doors: &[Arc<Door>]) -> Result<Vec<Backend>, Error> {
    let users = Arc::new(Users::new(&config.users)?);
    let mut starting = JoinSet::new();
    for (node, door) in doors.iter().enumerate() {
        let member = if config.is_cluster() { Some(member(config, door)?) } else { None };
        let program = config.server.clone();
        let plan = Plan { program, users: Arc::clone(&users), member };
        let place = config.backend.clone();
        starting.spawn(async move { (node, Backend::start(&place, plan).await) });
    }
    let mut started = Vec::new();
    while let Some(ended) = starting.join_next().await {
        let (node, backend) = ended.map_err(|error| Error::Backend(error.to_string()))?;
        started.push((node, backend?));
    }
    started.sort_by_key(|(node, _)| *node);
    Ok(started.into_iter().map(|(_, backend)| backend).collect())
}

fn member(config: &Config, door: &Door) -> Result<Member, Error> {
    let ip = config.stated_ip();
    let node_timeout = config.node_timeout();
    Ok(Member { ip, port: door.address().port(), bus: Bus::new(ip)?, node_timeout })
}
