//! How many nodes there are, and what that asks of the other settings.

use super::{Backend, Config};
use crate::Error;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// What a machine that runs tests can be asked for.
const MOST_NODES: usize = 60;
const NODE_TIMEOUT: Duration = Duration::from_secs(2);
/// Servers look at each other ten times a second.
const SHORTEST_NODE_TIMEOUT: Duration = Duration::from_millis(500);

impl Config {
    /// How many nodes are played.
    pub(crate) fn nodes(&self) -> usize {
        self.shards.max(1).saturating_mul(self.replicas.saturating_add(1))
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.shards > 0
    }

    /// After how long the nodes of a cluster take one for dead.
    pub(crate) fn node_timeout(&self) -> Duration {
        self.node_timeout.unwrap_or(NODE_TIMEOUT)
    }

    /// Where node `index` listens.
    pub(crate) fn listen_of(&self, index: usize) -> SocketAddr {
        let mut address = self.listen;
        let offset = u16::try_from(index).unwrap_or(u16::MAX);
        if address.port() != 0 {
            address.set_port(address.port().saturating_add(offset));
        }
        address
    }

    /// The address that the nodes of a cluster state as theirs: one that listens everywhere is reached on loopback.
    pub(crate) fn stated_ip(&self) -> IpAddr {
        match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        }
    }

    pub(super) fn check_shape(&self) -> Result<(), Error> {
        let wrong = |field, problem: String| Err(Error::Config { field, problem });
        if self.replicas > 0 && !self.is_cluster() {
            return wrong("replicas", "belong to shards; without shards there is one node".into());
        }
        if self.nodes() > MOST_NODES {
            return wrong("shards", format!("make more than {MOST_NODES} nodes with their replicas"));
        }
        if self.is_cluster() && self.backend != Backend::Auto {
            return wrong("backend", "must be auto with shards: a cluster's servers are started here".into());
        }
        if self.listen.port() != 0 && usize::from(self.listen.port()) + self.nodes() - 1 > 65_535 {
            return wrong("listen", "has too few ports above it for all nodes".into());
        }
        if self.node_timeout() < SHORTEST_NODE_TIMEOUT {
            return wrong("node_timeout", "must be at least half a second".into());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_listen_side_by_side() {
        let config = Config { shards: 3, replicas: 1, ..Config::default() };
        assert_eq!(config.nodes(), 6);
        assert_eq!(config.listen_of(5), config.listen, "a free port each");
        let config = Config { listen: ([0, 0, 0, 0], 7000).into(), ..config };
        assert_eq!(config.listen_of(5), ([0, 0, 0, 0], 7005).into());
        assert_eq!(config.stated_ip(), Ipv4Addr::LOCALHOST);
        assert_eq!(Config::default().nodes(), 1);
    }

    #[test]
    fn shapes_that_cannot_be_are_named() {
        type Change = fn(&mut Config);
        let changes: [(&str, Change); 5] = [
            ("replicas", |config| (config.shards, config.replicas) = (0, 1)),
            ("shards", |config| config.shards = usize::MAX),
            ("backend", |config| config.backend = Backend::Url("redis://localhost".into())),
            ("listen", |config| config.listen.set_port(65_531)),
            ("node_timeout", |config| config.node_timeout = Some(Duration::ZERO)),
        ];
        for (field, change) in changes {
            let mut config = Config { shards: 3, replicas: 1, ..Config::default() };
            assert!(config.check_shape().is_ok());
            change(&mut config);
            let error = config.check_shape().expect_err(field).to_string();
            assert!(error.starts_with(&format!("setting `{field}`")), "{error}");
        }
    }
}
