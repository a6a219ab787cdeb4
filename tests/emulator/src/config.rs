//! What an emulator is told at its start: `Config`, from code or from a JSON file.

mod access_key;
mod backend;
mod shape;
mod switches;
mod user;
pub(crate) mod wire;

pub use access_key::AccessKey;
pub use backend::Backend;
pub use switches::Switches;
pub use user::User;

use crate::Error;
use crate::policy::Policy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

/// The services' session limit.
const SESSION_LIMIT: Duration = Duration::from_secs(12 * 3600);
/// The life of a token, and the shortest that scaling may make of it.
const TOKEN_LIFE: f64 = 900.0;
const SHORTEST_SCALED_LIFE: f64 = 5.0;

/// The account of AWS' own examples.
const ACCOUNT: &str = "123456789012";

/// `Service` is the cloud service that is played.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// ElastiCache: signing name `elasticache`, host = replication group id or serverless cache name.
    #[default]
    ElastiCache,
    /// MemoryDB: signing name `memorydb`, host = cluster name.
    MemoryDb,
    /// Azure Cache for Redis and Azure Managed Redis: users are object ids, tokens are Entra's, so that the section
    /// `entra` must be there. `cluster`, `region` and `keys` mean nothing to it.
    Azure,
}

/// `Config` says what to play, whom to let in, and how time runs.
///
/// In a file: the section `cache` of a [`CloudConfig`](crate::CloudConfig), with the same names; times as RFC 3339
/// text, durations as seconds, the backend as `"auto"` or a URL. `cluster`, `region` and `users` must be given; for
/// Azure `users`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where clients connect. Default `127.0.0.1:0`, a free port.
    pub listen: SocketAddr,
    /// Where the [control API](crate::control) listens; loopback only. Default: nowhere.
    pub control: Option<SocketAddr>,
    /// The service that is played.
    pub service: Service,
    /// Plays a serverless cache, whose tokens carry `ResourceType=ServerlessCache`. ElastiCache only.
    pub serverless: bool,
    /// The replication group id, cache name or cluster name. Kept in lower case, as the services do.
    pub cluster: String,
    /// The region of the cluster.
    pub region: String,
    /// The users that may log in, each by its name or with its ACL. For Azure the object ids that are given access.
    pub users: Vec<User>,
    /// The access keys whose signatures count.
    pub keys: Vec<AccessKey>,
    /// What the holders of access keys may do, as IAM policies; see [`Document`](crate::Document). Without this
    /// setting everything; with an empty list nothing. Can be [replaced](crate::control) at any time.
    pub policies: Option<Vec<Policy>>,
    /// The account in the ARNs that policies name. Default `123456789012`.
    pub account: String,
    /// The tags of the cache that a policy's `aws:ResourceTag/…` sees.
    pub tags: BTreeMap<String, String>,
    /// How many logins a second are taken; more are throttled, as the services do at a number that they do not
    /// publish. Default: any number.
    pub login_rate: Option<f64>,
    /// Where the judging clock starts; it runs on from there. Default: the system's clock.
    #[serde(deserialize_with = "wire::time")]
    pub clock: Option<SystemTime>,
    /// Divides the lives of tokens and sessions; moves no clock. Default 1, at most 180.
    pub time_scale: f64,
    /// The longest life of a token in real time; wins over the scale.
    #[serde(deserialize_with = "wire::seconds")]
    pub token_life: Option<Duration>,
    /// The longest session without a new token, in real time; wins over the scale. Default 12 h.
    #[serde(deserialize_with = "wire::seconds")]
    pub session_limit: Option<Duration>,
    /// The server that holds the data.
    pub backend: Backend,
    /// The server program that `auto` starts, by path or by name. Default `redis-server`, then `valkey-server`.
    pub server: Option<PathBuf>,
    /// Plays a cluster with this many shards, on ports that follow `listen` or on free ones; 0, the default, plays
    /// one node without cluster mode. Three or more where a failover is to happen by itself: the other primaries
    /// vote on it.
    pub shards: usize,
    /// How many replicas each shard has. Default none.
    pub replicas: usize,
    /// After how long without a word the nodes of a cluster take one for dead. Default 2 seconds.
    #[serde(deserialize_with = "wire::seconds")]
    pub node_timeout: Option<Duration>,
    /// Speaks without TLS. The services never do; for tools that cannot.
    pub plaintext: bool,
    /// Points that the services' pages leave open.
    pub switches: Switches,
}

impl Default for Config {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            control: None,
            service: Service::default(),
            serverless: false,
            cluster: String::new(),
            region: String::new(),
            users: Vec::new(),
            keys: Vec::new(),
            policies: None,
            account: ACCOUNT.to_owned(),
            tags: BTreeMap::new(),
            login_rate: None,
            clock: None,
            time_scale: 1.0,
            token_life: None,
            session_limit: None,
            backend: Backend::default(),
            server: None,
            shards: 0,
            replicas: 0,
            node_timeout: None,
            plaintext: false,
            switches: Switches::default(),
        }
    }
}

impl Config {
    /// How long a session lasts without a new token.
    pub(crate) fn session_lease(&self) -> Duration {
        let scaled = Duration::try_from_secs_f64(SESSION_LIMIT.as_secs_f64() / self.time_scale);
        self.session_limit.unwrap_or(scaled.unwrap_or(Duration::MAX))
    }

    /// Checks what the types cannot, and lowers the names that the services store in lower case.
    pub(crate) fn checked(mut self) -> Result<Self, Error> {
        let wrong = |field, problem: &str| Err(Error::Config { field, problem: problem.to_owned() });
        let azure = self.service == Service::Azure;
        if self.cluster.is_empty() && !azure {
            return wrong("cluster", "is empty");
        }
        if self.region.is_empty() && !azure {
            return wrong("region", "is empty");
        }
        if self.plaintext && azure {
            return wrong("plaintext", "is not to be had: Azure takes tokens over TLS only");
        }
        if self.policies.is_some() && azure {
            return wrong("policies", "are those of IAM, which Azure does not ask");
        }
        self.users = users(self.users)?;
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong("account", "must be 12 digits");
        }
        if self.login_rate.is_some_and(|rate| !(rate > 0.0 && rate.is_finite())) {
            return wrong("login_rate", "must be above 0");
        }
        if self.keys.iter().any(|key| key.id.is_empty() || key.secret.is_empty()) {
            return wrong("keys", "needs id and secret for each access key");
        }
        if self.serverless && self.service != Service::ElastiCache {
            return wrong("serverless", "exists for ElastiCache only");
        }
        let most = TOKEN_LIFE / SHORTEST_SCALED_LIFE;
        if !(self.time_scale > 0.0 && self.time_scale <= most) {
            return wrong("time_scale", &format!("must be above 0 and at most {most}"));
        }
        loopback("control", self.control)?;
        self.check_shape()?;
        self.cluster = self.cluster.to_lowercase();
        Ok(self)
    }
}

/// The users with their names in lower case, each once.
fn users(users: Vec<User>) -> Result<Vec<User>, Error> {
    let wrong = |problem: String| Error::Config { field: "users", problem };
    if users.is_empty() || users.iter().any(|user| !is_user(&user.name)) {
        let problem = "needs at least one name, none empty or with spaces or control characters";
        return Err(wrong(problem.into()));
    }
    let mut by_name = BTreeMap::new();
    for user in users {
        if user.rules().is_none() {
            let problem = "its acl may hold rules for keys, channels and commands, but no passwords";
            return Err(wrong(format!("`{}`: {problem}", user.name)));
        }
        let user = User { name: user.name.to_lowercase(), ..user };
        match by_name.insert(user.name.clone(), user) {
            Some(earlier) if by_name.get(&earlier.name) != Some(&earlier) => {
                return Err(wrong(format!("`{}` is there twice, with different rights", earlier.name)));
            }
            _ => {}
        }
    }
    Ok(by_name.into_values().collect())
}

/// Refuses an address that others could reach.
pub(crate) fn loopback(
    field: &'static str,
    address: Option<SocketAddr>,
) -> Result<Option<SocketAddr>, Error> {
    match address.filter(|address| !address.ip().is_loopback()) {
        None => Ok(address),
        Some(_) => Err(Error::Config { field, problem: "must be a loopback address".into() }),
    }
}

/// `Common` is what a file may say once for all its sections; sections read the rest themselves.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Common {
    #[serde(deserialize_with = "wire::time")]
    pub(crate) clock: Option<SystemTime>,
    pub(crate) keys: Vec<AccessKey>,
}

fn is_user(name: &str) -> bool {
    !name.is_empty() && !name.chars().any(|char| char.is_whitespace() || char.is_control())
}

#[cfg(test)]
mod tests;
