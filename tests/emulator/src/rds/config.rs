//! What the PostgreSQL fronts are told at their start: the sections `rds`, `dsql` and `azure_postgres` of a file.

mod azure;

pub use azure::AzurePostgresConfig;

use super::record::Method;
use crate::Error;
use crate::config::{Switches, wire};
use crate::policy::Policy;
use crate::verify::Lives;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// The name that no client can log in by: the role that prepares the server.
pub(crate) const ADMIN: &str = "rdsadmin";
/// The database that every server has.
pub(crate) const POSTGRES: &str = "postgres";
/// DSQL's administrator.
pub(crate) const DSQL_ADMIN: &str = "admin";

/// The account of AWS' own examples.
const ACCOUNT: &str = "123456789012";
const LOCALHOST: &str = "localhost";
/// A longer name would be cut off by PostgreSQL without a word.
const LONGEST_NAME: usize = 63;
/// A token's life, and the shortest that scaling may make of it: 900 s and 5 s.
const LARGEST_SCALE: f64 = 180.0;
const DSQL_SESSION: Duration = Duration::from_secs(3600);

/// `RdsConfig` describes an RDS or Aurora instance, or an RDS Proxy, of PostgreSQL.
///
/// In a file: the section `rds` of a [`CloudConfig`](crate::CloudConfig), with the same names. `region` must be given;
/// it, `time_scale` and `token_life` may stand at the top of the file.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RdsConfig {
    /// Where clients connect. Default `127.0.0.1:0`, a free port.
    pub listen: SocketAddr,
    /// The endpoint's name, as tokens are signed for it; the certificate holds for it too. Default `localhost`.
    pub host: String,
    /// The endpoint's port, as tokens are signed for it. Default: the port of `listen`.
    pub port: Option<u16>,
    /// The region of the instance.
    pub region: String,
    /// Roles that have `rds_iam`: they log in with tokens only.
    pub users: Vec<String>,
    /// Roles and their passwords. Those without `rds_iam` log in with them; PostgreSQL checks that itself.
    pub passwords: BTreeMap<String, String>,
    /// A database that is made at the start, open to all roles. Default `postgres`, which is always there.
    pub database: String,
    /// Statements that the instance's owner runs in that database at the start.
    pub sql: Vec<String>,
    /// Refuses whoever comes without TLS, as `rds.force_ssl=1` does. Otherwise passwords do without. Default yes.
    pub force_ssl: bool,
    /// Plays an RDS Proxy, which has texts of its own. Default no.
    pub proxy: bool,
    /// How many logins with a token are judged in a second; the others are throttled. Default 200.
    pub login_rate: u32,
    /// Divides the lives of tokens; moves no clock. Default 1, at most 180.
    pub time_scale: f64,
    /// The longest life of a token in real time; wins over the scale.
    #[serde(deserialize_with = "wire::seconds")]
    pub token_life: Option<Duration>,
    /// What the holders of access keys may do, as IAM policies; see [`Document`](crate::Document). Without this
    /// everything is allowed.
    pub policies: Option<Vec<Policy>>,
    /// The account in the ARNs that policies name. Default `123456789012`.
    pub account: String,
    /// The instance in those ARNs: `db-…`, `cluster-…` or `prx-…`. Default `db-EXAMPLE`.
    pub resource: String,
    /// Points that the services' pages leave open.
    pub switches: Switches,
}

impl Default for RdsConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            host: LOCALHOST.into(),
            port: None,
            region: String::new(),
            users: Vec::new(),
            passwords: BTreeMap::new(),
            database: POSTGRES.into(),
            sql: Vec::new(),
            force_ssl: true,
            proxy: false,
            login_rate: 200,
            time_scale: 1.0,
            token_life: None,
            policies: None,
            account: ACCOUNT.into(),
            resource: "db-EXAMPLE".into(),
            switches: Switches::default(),
        }
    }
}

impl fmt::Debug for RdsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.passwords.keys().collect();
        let mut shown = f.debug_struct("RdsConfig");
        shown.field("listen", &self.listen).field("host", &self.host).field("port", &self.port);
        shown.field("region", &self.region).field("users", &self.users).field("passwords", &named);
        // Statements may set passwords.
        shown.field("database", &self.database).field("proxy", &self.proxy).finish_non_exhaustive()
    }
}

/// `DsqlConfig` describes an Aurora DSQL cluster. Its role `admin` is always there.
///
/// In a file: the section `dsql` of a [`CloudConfig`](crate::CloudConfig), with the same names. `region` must be given;
/// it, `time_scale` and `token_life` may stand at the top of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DsqlConfig {
    /// Where clients connect. Default `127.0.0.1:0`, a free port.
    pub listen: SocketAddr,
    /// The endpoint's name, as tokens are signed for it; the certificate holds for it too. Default `localhost`.
    pub host: String,
    /// The region of the cluster.
    pub region: String,
    /// Roles that log in with `DbConnect`; `admin` does with `DbConnectAdmin`.
    pub users: Vec<String>,
    /// Statements that are run at the start, by a role above `admin`.
    pub sql: Vec<String>,
    /// New connections in a second, in the long run. Default 100.
    pub connection_rate: u32,
    /// New connections at once, after a pause. Default 1,000.
    pub connection_burst: u32,
    /// Connections that may be open. Default 10,000.
    pub connection_limit: usize,
    /// The longest session in real time; wins over the scale. Default 60 minutes.
    #[serde(deserialize_with = "wire::seconds")]
    pub session_limit: Option<Duration>,
    /// Divides the lives of tokens and sessions; moves no clock. Default 1, at most 180.
    pub time_scale: f64,
    /// The longest life of a token in real time; wins over the scale.
    #[serde(deserialize_with = "wire::seconds")]
    pub token_life: Option<Duration>,
    /// What the holders of access keys may do, as IAM policies; see [`Document`](crate::Document). Without this
    /// everything is allowed.
    pub policies: Option<Vec<Policy>>,
    /// The account in the ARNs that policies name. Default `123456789012`.
    pub account: String,
    /// The cluster in those ARNs. Default `example`.
    pub resource: String,
    /// Points that the services' pages leave open.
    pub switches: Switches,
}

impl Default for DsqlConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            host: LOCALHOST.into(),
            region: String::new(),
            users: Vec::new(),
            sql: Vec::new(),
            connection_rate: 100,
            connection_burst: 1000,
            connection_limit: 10_000,
            session_limit: None,
            time_scale: 1.0,
            token_life: None,
            policies: None,
            account: ACCOUNT.into(),
            resource: "example".into(),
            switches: Switches::default(),
        }
    }
}

/// `Kind` is the service that a front plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rds,
    Proxy,
    Dsql,
    Azure,
}

impl Kind {
    /// The name of the section, of the record's part and of the faults' path.
    pub(crate) fn section(self) -> &'static str {
        match self {
            Self::Rds | Self::Proxy => "rds",
            Self::Dsql => "dsql",
            Self::Azure => "azure_postgres",
        }
    }

    /// How its tokens are called in the record.
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Rds | Self::Proxy | Self::Dsql => Method::Iam,
            Self::Azure => Method::Entra,
        }
    }

    /// What to do where PostgreSQL itself refused a login.
    pub(crate) fn advice_on_roles(self) -> &'static str {
        match self {
            Self::Rds | Self::Proxy | Self::Dsql => {
                "PostgreSQL refused it: no such role or database, a wrong password, or `rds_iam` is not granted"
            }
            Self::Azure => {
                "PostgreSQL refused it: no such role or database, a wrong password, or the role is no identity's"
            }
        }
    }
}

/// `Settings` is what both sections come to.
pub(crate) struct Settings {
    pub(crate) kind: Kind,
    pub(crate) listen: SocketAddr,
    pub(crate) host: String,
    pub(crate) port: Option<u16>,
    pub(crate) region: String,
    /// Roles that log in with tokens.
    pub(crate) users: Vec<String>,
    /// Whose role each of them is, by object id, where Entra knows that.
    pub(crate) principals: BTreeMap<String, String>,
    pub(crate) passwords: BTreeMap<String, String>,
    pub(crate) database: String,
    pub(crate) sql: Vec<String>,
    pub(crate) force_ssl: bool,
    /// How many logins a second, and how many at once.
    pub(crate) rate: (u32, u32),
    pub(crate) connection_limit: Option<usize>,
    pub(crate) session_limit: Option<Duration>,
    pub(crate) lives: Lives,
    pub(crate) policies: Option<Vec<Policy>>,
    pub(crate) account: String,
    /// What policies know the instance or the cluster by.
    pub(crate) resource: String,
    pub(crate) switches: Switches,
}

impl From<RdsConfig> for Settings {
    fn from(config: RdsConfig) -> Self {
        Self {
            kind: if config.proxy { Kind::Proxy } else { Kind::Rds },
            listen: config.listen,
            host: config.host,
            port: config.port,
            region: config.region,
            users: config.users,
            principals: BTreeMap::new(),
            passwords: config.passwords,
            database: config.database,
            sql: config.sql,
            force_ssl: config.force_ssl,
            rate: (config.login_rate, config.login_rate),
            connection_limit: None,
            session_limit: None,
            lives: Lives { time_scale: config.time_scale, token_life: config.token_life },
            policies: config.policies,
            account: config.account,
            resource: config.resource,
            switches: config.switches,
        }
    }
}

impl From<DsqlConfig> for Settings {
    fn from(config: DsqlConfig) -> Self {
        let scaled = Duration::try_from_secs_f64(DSQL_SESSION.as_secs_f64() / config.time_scale);
        let mut users = config.users;
        users.push(DSQL_ADMIN.into());
        Self {
            kind: Kind::Dsql,
            listen: config.listen,
            host: config.host,
            port: None,
            region: config.region,
            users,
            principals: BTreeMap::new(),
            passwords: BTreeMap::new(),
            database: POSTGRES.into(),
            sql: config.sql,
            force_ssl: true,
            rate: (config.connection_rate, config.connection_burst),
            connection_limit: Some(config.connection_limit),
            session_limit: Some(config.session_limit.or(scaled.ok()).unwrap_or(Duration::MAX)),
            lives: Lives { time_scale: config.time_scale, token_life: config.token_life },
            policies: config.policies,
            account: config.account,
            resource: config.resource,
            switches: config.switches,
        }
    }
}

impl Settings {
    /// Checks what the types cannot.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        let wrong = |field, problem: String| Err(Error::Config { field, problem });
        if self.region.is_empty() && self.kind != Kind::Azure {
            return wrong("region", "is empty".into());
        }
        if self.principals.values().any(String::is_empty) {
            return wrong("users", "each role needs the object id of its identity".into());
        }
        if self.host.is_empty() || self.host.contains(|char: char| char.is_whitespace() || char == ':') {
            return wrong("host", "must be a name without a port".into());
        }
        for name in self.users.iter().chain(self.passwords.keys()).chain([&self.database]) {
            if !is_name(name) {
                return wrong(
                    "users",
                    format!("a role or database has 1 to {LONGEST_NAME} bytes, no NUL: {name:?}"),
                );
            }
        }
        if self.users.iter().chain(self.passwords.keys()).any(|name| name == ADMIN) {
            return wrong("users", format!("{ADMIN} is the service's own"));
        }
        if !(self.lives.time_scale > 0.0 && self.lives.time_scale <= LARGEST_SCALE) {
            return wrong("time_scale", format!("must be above 0 and at most {LARGEST_SCALE}"));
        }
        self.users.sort();
        self.users.dedup();
        Ok(self)
    }
}

fn is_name(name: &str) -> bool {
    (1..=LONGEST_NAME).contains(&name.len()) && !name.contains('\0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rds() -> RdsConfig {
        RdsConfig { region: "us-east-1".into(), users: vec!["app".into()], ..RdsConfig::default() }
    }

    #[test]
    fn what_cannot_work_is_named() {
        type Change = fn(&mut RdsConfig);
        let changes: [(&str, Change); 7] = [
            ("region", |config| config.region.clear()),
            ("host", |config| config.host = "db:5432".into()),
            ("users", |config| config.users.push(String::new())),
            ("users", |config| config.users.push("a".repeat(64))),
            ("users", |config| config.users.push(ADMIN.into())),
            ("users", |config| config.database.clear()),
            ("time_scale", |config| config.time_scale = f64::NAN),
        ];
        for (name, change) in changes {
            let mut config = rds();
            change(&mut config);
            match Settings::from(config).checked() {
                Err(Error::Config { field, .. }) => assert_eq!(field, name),
                _ => panic!("{name} was taken"),
            }
        }
        assert!(Settings::from(rds()).checked().is_ok());
    }

    #[test]
    fn passwords_do_not_show() {
        let config = RdsConfig {
            passwords: BTreeMap::from([("legacy".into(), "hush".into())]),
            sql: vec!["ALTER ROLE legacy PASSWORD 'hush'".into()],
            ..rds()
        };
        let shown = format!("{config:?}");
        assert!(shown.contains("legacy") && !shown.contains("hush"), "{shown}");
    }

    #[test]
    fn dsql_sessions_are_scaled_unless_a_limit_is_set() {
        let limit = |config| Settings::from(config).session_limit;
        let scaled = DsqlConfig { time_scale: 60.0, ..DsqlConfig::default() };
        assert_eq!(limit(scaled.clone()), Some(Duration::from_secs(60)));
        let set = DsqlConfig { session_limit: Some(Duration::from_secs(7)), ..scaled };
        assert_eq!(limit(set), Some(Duration::from_secs(7)));
        assert_eq!(Settings::from(rds()).session_limit, None);
    }
}
