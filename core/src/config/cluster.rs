//! What a request says of a cluster.

use std::collections::BTreeMap;
use std::time::Duration;

use keyrotor_proto::connection_request::PeriodicChecks;
use keyrotor_proto::{ConnectionRequest, ReadFrom};

use super::connection::Address;
use super::{conflict, invalid, unsupported};
use crate::error::Result;

/// How often the nodes are asked who has which slot, where nothing else calls for it.
const CHECK_EVERY: Duration = Duration::from_mins(1);

/// How often servers without slots are asked who is primary and which replicas are in sync.
const CHECK_REPLICAS_EVERY: Duration = Duration::from_secs(10);

/// How several servers share the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// By slots: a cluster.
    Slots,
    /// One is the primary, and the others follow it. All of them are in the request.
    Replicas,
}

/// What the client of several servers needs beside the rest.
#[derive(Debug, Clone)]
pub(crate) struct ClusterSettings {
    pub(crate) layout: Layout,
    /// What only reads goes to replicas, in turn, and to the primary while none is connected.
    pub(crate) prefers_replicas: bool,
    /// `None`: only when something calls for it.
    pub(crate) check_every: Option<Duration>,
    /// The request's addresses are asked each time, instead of the nodes that are known.
    pub(crate) asks_initial_nodes: bool,
    /// From the address that nodes state to the one where they can be reached.
    reachable: BTreeMap<Address, Address>,
}

impl ClusterSettings {
    /// Where to connect for a node that is said to be at `stated`.
    pub(crate) fn reachable(&self, stated: Address) -> Address {
        self.reachable.get(&stated).cloned().unwrap_or(stated)
    }
}

/// Checks what the request says of several servers; `None` where it is for one. No I/O.
pub(super) fn cluster(request: &ConnectionRequest) -> Result<Option<ClusterSettings>> {
    if !request.cluster_mode_enabled {
        return replicas(request);
    }
    if request.database_id != 0 {
        return Err(conflict(
            "database_id",
            "clusters have database 0 only: leave it out, or unset cluster_mode_enabled",
        ));
    }
    let prefers_replicas = match request.read_from() {
        ReadFrom::Primary => false,
        ReadFrom::PreferReplica => true,
        _ => return Err(unsupported("read_from")),
    };
    Ok(Some(ClusterSettings {
        layout: Layout::Slots,
        prefers_replicas,
        check_every: check_every(request.periodic_checks.as_ref(), CHECK_EVERY)?,
        asks_initial_nodes: request.refresh_topology_from_initial_nodes,
        reachable: address_map(&request.node_address_map)?,
    }))
}

/// A primary and its replicas without cluster mode; `None` where one server is for everything.
fn replicas(request: &ConnectionRequest) -> Result<Option<ClusterSettings>> {
    let has_replicas = match request.read_from() {
        ReadFrom::Primary => false,
        ReadFrom::PreferReplica => true,
        _ => return Err(unsupported("read_from")),
    };
    refuse_without_cluster(request, has_replicas)?;
    if !has_replicas {
        return Ok(None);
    }
    Ok(Some(ClusterSettings {
        layout: Layout::Replicas,
        prefers_replicas: true,
        check_every: check_every(request.periodic_checks.as_ref(), CHECK_REPLICAS_EVERY)?,
        asks_initial_nodes: true,
        reachable: BTreeMap::new(),
    }))
}

fn refuse_without_cluster(request: &ConnectionRequest, has_replicas: bool) -> Result<()> {
    let interval = match request.periodic_checks {
        Some(PeriodicChecks::PeriodicChecksDisabled(_)) => "periodic_checks_disabled",
        _ => "periodic_checks_manual_interval",
    };
    let settings = [
        (request.periodic_checks.is_some() && !has_replicas, interval),
        (request.refresh_topology_from_initial_nodes, "refresh_topology_from_initial_nodes"),
        (!request.node_address_map.is_empty(), "node_address_map"),
    ];
    match settings.iter().find(|(is_set, _)| *is_set) {
        Some((_, field)) => {
            Err(conflict(*field, "has no use with one server: set cluster_mode_enabled, or leave it out"))
        }
        None => Ok(()),
    }
}

fn check_every(checks: Option<&PeriodicChecks>, default: Duration) -> Result<Option<Duration>> {
    match checks {
        None => Ok(Some(default)),
        Some(PeriodicChecks::PeriodicChecksDisabled(_)) => Ok(None),
        Some(PeriodicChecks::PeriodicChecksManualInterval(interval)) if interval.duration_in_sec > 0 => {
            Ok(Some(Duration::from_secs(interval.duration_in_sec.into())))
        }
        Some(PeriodicChecks::PeriodicChecksManualInterval(_)) => {
            let field = "periodic_checks_manual_interval.duration_in_sec";
            Err(invalid(field, "must be at least 1; to have none, set periodic_checks_disabled"))
        }
    }
}

fn address_map(map: &BTreeMap<String, String>) -> Result<BTreeMap<Address, Address>> {
    map.iter().map(|(stated, reachable)| Ok((address(stated)?, address(reachable)?))).collect()
}

/// `host:port`; an IPv6 address stands in brackets or without.
fn address(text: &str) -> Result<Address> {
    let parts = text.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match parts {
        Some((host, port)) if !host.is_empty() && port != 0 => {
            let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
            Ok(Address { host: bare.to_owned(), port })
        }
        _ => Err(invalid("node_address_map", format!("{text:?} is no address: write host:port"))),
    }
}

#[cfg(test)]
mod tests {
    use keyrotor_proto::{Code, PeriodicChecksDisabled, PeriodicChecksManualInterval};

    use super::*;

    fn request() -> ConnectionRequest {
        ConnectionRequest { cluster_mode_enabled: true, ..ConnectionRequest::default() }
    }

    fn refused(request: &ConnectionRequest) -> (Code, String) {
        let error = cluster(request).unwrap_err();
        (error.code(), error.field().unwrap().to_owned())
    }

    #[test]
    fn the_defaults_of_a_cluster() {
        let settings = cluster(&request()).unwrap().unwrap();
        assert_eq!(settings.check_every, Some(CHECK_EVERY));
        assert!(!settings.prefers_replicas && !settings.asks_initial_nodes);
        assert!(cluster(&ConnectionRequest::default()).unwrap().is_none());
    }

    #[test]
    fn replicas_without_a_cluster_are_looked_at_more_often() {
        let alone = |request| ConnectionRequest { read_from: ReadFrom::PreferReplica.into(), ..request };
        let settings = cluster(&alone(ConnectionRequest::default())).unwrap().unwrap();
        assert_eq!((settings.layout, settings.check_every), (Layout::Replicas, Some(CHECK_REPLICAS_EVERY)));
        let never = PeriodicChecks::PeriodicChecksDisabled(PeriodicChecksDisabled {});
        let request = ConnectionRequest { periodic_checks: Some(never), ..ConnectionRequest::default() };
        assert_eq!(cluster(&alone(request)).unwrap().unwrap().check_every, None);
        let mapped = BTreeMap::from([("a:1".to_owned(), "b:1".to_owned())]);
        let request = ConnectionRequest { node_address_map: mapped, ..ConnectionRequest::default() };
        assert_eq!(refused(&alone(request)).1, "node_address_map");
    }

    #[test]
    fn checks_have_an_interval_or_are_off() {
        let every = |seconds| PeriodicChecksManualInterval { duration_in_sec: seconds };
        let with = |checks| ConnectionRequest { periodic_checks: Some(checks), ..request() };
        let interval = |checks| cluster(&with(checks)).map(|settings| settings.unwrap().check_every);
        let manual = PeriodicChecks::PeriodicChecksManualInterval;
        assert_eq!(interval(manual(every(5))).unwrap(), Some(Duration::from_secs(5)));
        let disabled = PeriodicChecks::PeriodicChecksDisabled(PeriodicChecksDisabled {});
        assert_eq!(interval(disabled).unwrap(), None);
        let field = "periodic_checks_manual_interval.duration_in_sec";
        assert_eq!(refused(&with(manual(every(0)))), (Code::ConfigInvalid, field.into()));
    }

    #[test]
    fn addresses_are_mapped() {
        let map = |stated: &str, reachable: &str| {
            let node_address_map = BTreeMap::from([(stated.to_owned(), reachable.to_owned())]);
            ConnectionRequest { node_address_map, ..request() }
        };
        let settings = cluster(&map("10.0.0.1:6379", "[::1]:7000")).unwrap().unwrap();
        let at = |host: &str, port| Address { host: host.into(), port };
        assert_eq!(settings.reachable(at("10.0.0.1", 6379)), at("::1", 7000));
        assert_eq!(settings.reachable(at("10.0.0.2", 6379)), at("10.0.0.2", 6379));
        for wrong in ["", "host", "host:", ":6379", "host:0", "host:65536"] {
            let field = "node_address_map".to_owned();
            assert_eq!(refused(&map("10.0.0.1:6379", wrong)), (Code::ConfigInvalid, field), "{wrong}");
        }
    }

    #[test]
    fn what_is_for_clusters_or_for_one_server_only_is_refused_elsewhere() {
        let other = ConnectionRequest { database_id: 1, ..request() };
        assert_eq!(refused(&other), (Code::ConfigConflict, "database_id".into()));
        let affinity = ConnectionRequest { read_from: ReadFrom::AzAffinity.into(), ..request() };
        assert_eq!(refused(&affinity), (Code::ConfigUnsupported, "read_from".into()));
        let alone = |change: fn(&mut ConnectionRequest)| {
            let mut request = ConnectionRequest::default();
            change(&mut request);
            refused(&request).1
        };
        assert_eq!(
            alone(|request| request.refresh_topology_from_initial_nodes = true),
            "refresh_topology_from_initial_nodes"
        );
        assert_eq!(alone(|request| request.read_from = ReadFrom::AzAffinity.into()), "read_from");
        let checks = PeriodicChecks::PeriodicChecksDisabled(PeriodicChecksDisabled {});
        let request = ConnectionRequest { periodic_checks: Some(checks), ..ConnectionRequest::default() };
        assert_eq!(refused(&request), (Code::ConfigConflict, "periodic_checks_disabled".into()));
    }
}
