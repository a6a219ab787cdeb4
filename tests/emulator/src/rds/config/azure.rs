//! Azure Database for PostgreSQL.

use super::{ACCOUNT, Kind, LOCALHOST, POSTGRES, Settings};
use crate::config::Switches;
use crate::verify::Lives;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

/// `AzurePostgresConfig` describes an Azure Database for PostgreSQL. Its tokens come from the section `entra`.
///
/// In a file: the section `azure_postgres` of a [`CloudConfig`](crate::CloudConfig), with the same names.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AzurePostgresConfig {
    /// Where clients connect. Default `127.0.0.1:0`, a free port.
    pub listen: SocketAddr,
    /// The endpoint's name; the certificate holds for it. Default `localhost`.
    pub host: String,
    /// Roles that were made for an identity, with its object id: they log in with its tokens only.
    pub users: BTreeMap<String, String>,
    /// Other roles and their passwords, which PostgreSQL checks itself.
    pub passwords: BTreeMap<String, String>,
    /// A database that is made at the start, open to all roles. Default `postgres`, which is always there.
    pub database: String,
    /// Statements that the server's owner runs in that database at the start.
    pub sql: Vec<String>,
    /// Refuses whoever comes without TLS. Otherwise passwords do without. Default yes.
    pub require_secure_transport: bool,
}

impl Default for AzurePostgresConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            host: LOCALHOST.into(),
            users: BTreeMap::new(),
            passwords: BTreeMap::new(),
            database: POSTGRES.into(),
            sql: Vec::new(),
            require_secure_transport: true,
        }
    }
}

impl fmt::Debug for AzurePostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.passwords.keys().collect();
        let mut shown = f.debug_struct("AzurePostgresConfig");
        shown.field("listen", &self.listen).field("host", &self.host).field("users", &self.users);
        // Statements may set passwords.
        shown.field("passwords", &named).field("database", &self.database).finish_non_exhaustive()
    }
}

impl From<AzurePostgresConfig> for Settings {
    fn from(config: AzurePostgresConfig) -> Self {
        Self {
            kind: Kind::Azure,
            listen: config.listen,
            host: config.host,
            port: None,
            region: String::new(),
            users: config.users.keys().cloned().collect(),
            principals: config.users,
            passwords: config.passwords,
            database: config.database,
            sql: config.sql,
            force_ssl: config.require_secure_transport,
            // No page says how many logins it takes.
            rate: (u32::MAX, u32::MAX),
            connection_limit: None,
            session_limit: None,
            // Entra decides on them.
            lives: Lives { time_scale: 1.0, token_life: None },
            policies: None,
            account: ACCOUNT.into(),
            resource: String::new(),
            switches: Switches::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn each_role_is_somebodys() {
        let of = |object: &str| AzurePostgresConfig {
            users: [("app".to_owned(), object.to_owned())].into(),
            passwords: [("owner".to_owned(), "hush".to_owned())].into(),
            ..AzurePostgresConfig::default()
        };
        assert!(Settings::from(of("o")).checked().is_ok());
        let error = Settings::from(of("")).checked().err();
        assert!(matches!(error, Some(Error::Config { field: "users", .. })));
        let shown = format!("{:?}", of("o"));
        assert!(shown.contains("owner") && !shown.contains("hush"), "{shown}");
    }
}
