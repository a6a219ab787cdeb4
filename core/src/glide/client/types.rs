//! What a request is made of.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::time::Duration;

pub use redis::ProtocolVersion;

pub use crate::glide::iam::ServiceType;

/// Where to connect, how, and as whom. What is left out has the core's defaults, which
/// [`keyrotor::ConnectionRequest`](crate::ConnectionRequest) documents; what keyrotor does not support is refused by
/// name when it is used.
#[derive(Debug, Clone, Default)]
pub struct ConnectionRequest {
    /// Servers, in the order in which they are tried; of a cluster any of its nodes.
    pub addresses: Vec<NodeAddress>,
    /// The servers are a cluster.
    pub cluster_mode_enabled: bool,
    /// `None`: [`TlsMode::SecureTls`] with `iam_config`, since a token may not travel in the clear, else
    /// [`TlsMode::NoTls`].
    pub tls_mode: Option<TlsMode>,
    /// `None`: no login.
    pub authentication_info: Option<AuthenticationInfo>,
    /// Which service the token is for. `None`: MemoryDB where the first address has `.memorydb.` in its name, else
    /// ElastiCache.
    pub service_type: Option<ServiceType>,
    /// Whether it is a serverless cache. `None`: where the first address has `.serverless.` in its name.
    pub is_serverless: Option<bool>,
    /// Which nodes read.
    pub read_from: Option<ReadFrom>,
    /// Milliseconds that a command may take. `None`: 1,000.
    pub request_timeout: Option<u32>,
    /// Milliseconds for each of TCP, TLS and login. `None`: 2,000.
    pub connection_timeout: Option<u32>,
    /// The pauses between reconnects.
    pub connection_retry_strategy: Option<ConnectionRetryStrategy>,
    /// How often a cluster's nodes are asked who has which slot.
    pub periodic_checks: Option<PeriodicCheck>,
    /// Subscriptions that are kept for as long as the client lives.
    pub pubsub_subscriptions: Option<PubSubSubscriptionInfo>,
    /// The database that is selected; clusters have 0 only.
    pub database_id: i64,
    /// `None`: RESP3.
    pub protocol: Option<ProtocolVersion>,
    /// What CLIENT SETNAME is told.
    pub client_name: Option<String>,
    /// What CLIENT SETINFO is told.
    pub lib_name: Option<String>,
    /// Commands that may wait for a reply at once. `None`: any number.
    pub inflight_requests_limit: Option<u32>,
    /// Nothing is dialled before the first command.
    pub lazy_connect: bool,
    /// The request's addresses are asked for the cluster's nodes each time.
    pub refresh_topology_from_initial_nodes: bool,
    /// PEM; the only roots that are trusted where any is given.
    pub root_certs: Vec<Vec<u8>>,
    /// PEM.
    pub client_cert: Vec<u8>,
    /// PEM.
    pub client_key: Vec<u8>,
    /// `None`: on.
    pub tcp_nodelay: Option<bool>,
}

/// Who logs in. `Debug` shows no password.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AuthenticationInfo {
    /// The user; of IAM the user id.
    pub username: Option<String>,
    /// With `iam_config` the password for where no token could be made.
    pub password: Option<String>,
    /// Logs in with tokens.
    pub iam_config: Option<IamAuthenticationConfig>,
}

impl fmt::Debug for AuthenticationInfo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("AuthenticationInfo")
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "***"))
            .field("iam_config", &self.iam_config)
            .finish()
    }
}

/// What a token is made for. It is signed with the keys of AWS's default chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IamAuthenticationConfig {
    /// ElastiCache: the replication group id, or the serverless cache's name. MemoryDB: the cluster's name. Never the
    /// endpoint.
    pub cluster_name: String,
    /// Empty: `AWS_REGION`, `AWS_DEFAULT_REGION`, then the profile's.
    pub region: String,
    /// Minutes, from 1 to the token's life less its margin. `None`: 8.
    pub refresh_interval_minutes: Option<u32>,
}

/// Where a server listens.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeAddress {
    /// Host name or IP address.
    pub host: String,
    /// TCP port; 0 is 6379.
    pub port: u16,
}

/// Whether the way to the server is encrypted, and the server verified.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TlsMode {
    /// Neither.
    #[default]
    NoTls,
    /// Encrypted, and not verified.
    InsecureTls,
    /// Both.
    SecureTls,
}

/// Which nodes read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum ReadFrom {
    /// The primaries.
    #[default]
    Primary,
    /// Replicas, in turn, and the primary while none is connected.
    PreferReplica,
    /// Not supported yet.
    AZAffinity(String),
    /// Not supported yet.
    AZAffinityReplicasAndPrimary(String),
}

/// The pauses between reconnects: `factor` × `exponent_base` ^ attempt, in milliseconds. They stop growing after
/// `number_of_retries`; reconnecting itself never stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionRetryStrategy {
    /// What each pause grows by.
    pub exponent_base: u32,
    /// Milliseconds.
    pub factor: u32,
    /// After how many the pauses stop growing.
    pub number_of_retries: u32,
    /// `None`: full jitter.
    pub jitter_percent: Option<u32>,
}

/// How often a cluster's nodes are asked who has which slot, where nothing else calls for it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PeriodicCheck {
    /// Once a minute.
    #[default]
    Enabled,
    /// Never.
    Disabled,
    /// So often, in whole seconds.
    ManualInterval(Duration),
}

/// What a subscription names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PubSubSubscriptionKind {
    /// Channels.
    Exact,
    /// Patterns of channels.
    Pattern,
    /// Channels of a shard. Not supported yet.
    Sharded,
}

/// Names to subscribe to, by their kind.
pub type PubSubSubscriptionInfo = HashMap<PubSubSubscriptionKind, HashSet<Vec<u8>>>;
