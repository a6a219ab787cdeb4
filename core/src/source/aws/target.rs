//! What a token opens: the service's own rules for names, and the parameters it wants signed.

use std::time::{Duration, SystemTime};

use super::AwsKeys;
use super::sigv4::{Presign, presign};
use crate::error::Result;
use crate::secret::Secret;

/// The cache or database that a token is for, with the user who logs in.
///
/// Names are taken as they are; [`canonical`](Self::canonical) gives the spelling that the service stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// ElastiCache, node-based (`cluster` is the replication group id) or serverless (the cache's name).
    ElastiCache {
        /// Never the endpoint's DNS name.
        cluster: String,
        /// The user id, which for IAM users is also the user name.
        user: String,
        /// Adds `ResourceType=ServerlessCache`.
        serverless: bool,
    },
    /// MemoryDB.
    MemoryDb {
        /// The cluster's name.
        cluster: String,
        /// The user name.
        user: String,
    },
    /// RDS and Aurora.
    Rds {
        /// The instance's, cluster's or proxy's own endpoint.
        host: String,
        /// The port that is part of what is signed.
        port: u16,
        /// The database user; its case matters.
        user: String,
    },
    /// Aurora DSQL, whose tokens name no user.
    Dsql {
        /// The cluster's endpoint.
        host: String,
        /// `DbConnectAdmin` in place of `DbConnect`.
        admin: bool,
    },
}

impl Target {
    /// The longest life that the service gives a token: 900 s, for DSQL 604,800 s.
    pub fn longest_life(&self) -> Duration {
        Duration::from_secs(if matches!(self, Self::Dsql { .. }) { 604_800 } else { 900 })
    }

    /// The life that a token has unless something else is asked for: 900 s.
    pub fn default_life(&self) -> Duration {
        Duration::from_secs(900)
    }

    /// The name of the source in status and errors.
    pub fn source_name(&self) -> &'static str {
        match self {
            Self::ElastiCache { serverless: false, .. } => "elasticache-iam",
            Self::ElastiCache { serverless: true, .. } => "elasticache-serverless-iam",
            Self::MemoryDb { .. } => "memorydb-iam",
            Self::Rds { .. } => "rds-iam",
            Self::Dsql { .. } => "dsql-iam",
        }
    }

    /// The same target in the spelling that the service stores: ElastiCache keeps cache names and user ids in
    /// lower case (AWS's developer-toolkit-elasticache 1.1 lowers both); others are left alone.
    #[must_use]
    pub fn canonical(self) -> Self {
        match self {
            Self::ElastiCache { cluster, user, serverless } => {
                Self::ElastiCache { cluster: cluster.to_lowercase(), user: user.to_lowercase(), serverless }
            }
            other => other,
        }
    }

    /// Who logs in, where the token says so.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::ElastiCache { user, .. } | Self::MemoryDb { user, .. } | Self::Rds { user, .. } => {
                Some(user)
            }
            Self::Dsql { .. } => None,
        }
    }

    /// The cluster's name or the database's host.
    pub(crate) fn resource_name(&self) -> &str {
        match self {
            Self::ElastiCache { cluster, .. } | Self::MemoryDb { cluster, .. } => cluster,
            Self::Rds { host, .. } | Self::Dsql { host, .. } => host,
        }
    }

    /// What is logged in to; with user and service, all that the target says.
    pub(crate) fn resource(&self) -> String {
        match self {
            Self::ElastiCache { .. } | Self::MemoryDb { .. } => self.resource_name().to_owned(),
            Self::Rds { host, port, .. } => format!("{host}:{port}"),
            Self::Dsql { host, admin } => format!("{host}, admin {admin}"),
        }
    }

    /// Signs a token. No I/O.
    ///
    /// # Errors
    /// [`Code::CredentialsSigningFailed`](keyrotor_proto::Code::CredentialsSigningFailed) where the names cannot
    /// stand in a URL at all.
    pub fn sign(&self, region: &str, life: Duration, keys: &AwsKeys, at: SystemTime) -> Result<Secret> {
        let with_port;
        let (host, query, service): (&str, &[(&str, &str)], _) = match self {
            Self::ElastiCache { cluster, user, serverless: false } => {
                (cluster, &[("Action", "connect"), ("User", user)], "elasticache")
            }
            Self::ElastiCache { cluster, user, serverless: true } => (
                cluster,
                &[("Action", "connect"), ("User", user), ("ResourceType", "ServerlessCache")],
                "elasticache",
            ),
            Self::MemoryDb { cluster, user } => {
                (cluster, &[("Action", "connect"), ("User", user)], "memorydb")
            }
            Self::Rds { host, port, user } => {
                with_port = format!("{host}:{port}");
                (&with_port, &[("Action", "connect"), ("DBUser", user)], "rds-db")
            }
            Self::Dsql { host, admin: true } => (host, &[("Action", "DbConnectAdmin")], "dsql"),
            Self::Dsql { host, admin: false } => (host, &[("Action", "DbConnect")], "dsql"),
        };
        presign(&Presign { host, query, service, region, life, at }, keys)
    }

    /// Names outside the service's own pattern are signed all the same, and doubted aloud: the service answers
    /// every wrong name with the same WRONGPASS.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let (cluster, user) = match self {
            Self::ElastiCache { cluster, user, .. } | Self::MemoryDb { cluster, user } => (cluster, user),
            Self::Rds { .. } | Self::Dsql { .. } => return Vec::new(),
        };
        let mut doubts = Vec::new();
        if cluster.contains('.') {
            doubts.push(format!(
                "cluster_name `{cluster}` looks like an endpoint; the service wants the cache's or cluster's own name"
            ));
        } else if !is_service_name(cluster) {
            doubts.push(format!("cluster_name `{cluster}` is not a name that the service gives out"));
        }
        if !is_service_name(user.strip_prefix("default.").unwrap_or(user)) {
            doubts.push(format!("username `{user}` is not a name that the service gives out"));
        }
        doubts
    }
}

/// A letter first, then letters, digits and single hyphens, none at the end.
fn is_service_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !name.ends_with('-')
        && !name.contains("--")
}
