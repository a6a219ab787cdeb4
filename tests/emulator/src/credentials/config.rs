//! What the credential endpoints are told at their start.

use crate::Error;
use crate::config::{loopback, wire};
use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// What an instance's role gets; STS gives what is asked for.
const MACHINE_LIFE: Duration = Duration::from_secs(6 * 3600);
/// What the kubelet asks for.
const TOKEN_FILE_LIFE: Duration = Duration::from_secs(24 * 3600);
/// Shorter lives are for the `life` fault.
const SHORTEST_LIFE: Duration = Duration::from_secs(5);
/// A scale below 1 must not lead to dates that cannot be written.
const LONGEST_SCALED: Duration = Duration::from_secs(365 * 86_400);
/// The most that a role can allow.
const LONGEST_SESSION: Duration = Duration::from_secs(12 * 3600);

/// `Config` says whose keys are handed out, and for how long.
///
/// In a file: the section `credentials` of a [`CloudConfig`](crate::CloudConfig), with the same names; durations as
/// seconds. `{}` is enough.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where all endpoints listen for HTTP; loopback only, since SDKs take no other without TLS. Default: a free port.
    pub listen: SocketAddr,
    /// Where STS listens for HTTPS; loopback only. Default: a free port.
    pub listen_https: SocketAddr,
    /// The region of the machine and of STS. Default `us-east-1`.
    pub region: String,
    /// The account's number, 12 digits.
    pub account: String,
    /// The roles of the account. The first is that of the instance, the container and the pod.
    pub roles: Vec<Role>,
    /// The access token of somebody who has signed in at the SSO portal. Default: nobody has.
    pub sso_token: Option<String>,
    /// The longest life of a key in real time, at least 5 s; wins over the scale. Default: 6 h, from STS as long as was
    /// asked for.
    #[serde(deserialize_with = "wire::seconds")]
    pub life: Option<Duration>,
    /// The life of the service account's token files in real time, at least 5 s; wins over the scale. They are
    /// rewritten after 80 % of it. Default 24 h.
    #[serde(deserialize_with = "wire::seconds")]
    pub token_file_life: Option<Duration>,
    /// Divides the lives of keys and token files, down to 5 s. Default 1.
    pub time_scale: f64,
}

/// `Role` is a role of the account, which every key that the emulator knows may assume.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// Its name, the last part of its ARN.
    pub name: String,
    /// What `ExternalId` must say. Default: anything or nothing.
    pub external_id: Option<String>,
    /// The longest `DurationSeconds` that may be asked for. Default 12 h, the most a role can allow.
    #[serde(deserialize_with = "wire::seconds")]
    pub max_session: Option<Duration>,
}

impl Role {
    pub(super) fn longest_session(&self) -> Duration {
        self.max_session.unwrap_or(LONGEST_SESSION)
    }
}

impl Default for Config {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            listen: loopback,
            listen_https: loopback,
            region: "us-east-1".into(),
            account: "123456789012".into(),
            roles: vec![Role { name: "app-role".into(), ..Role::default() }],
            sso_token: None,
            life: None,
            token_file_life: None,
            time_scale: 1.0,
        }
    }
}

impl Config {
    /// Checks what the types cannot.
    pub(super) fn checked(self) -> Result<Self, Error> {
        let wrong = |field, problem: String| Err(Error::Config { field, problem });
        loopback("listen", Some(self.listen))?;
        loopback("listen_https", Some(self.listen_https))?;
        if self.region.is_empty() || !self.region.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
            return wrong("region", "needs a name such as eu-west-1".into());
        }
        if self.account.len() != 12 || !self.account.bytes().all(|byte| byte.is_ascii_digit()) {
            return wrong("account", "needs 12 digits".into());
        }
        if self.roles.is_empty() || !self.roles.iter().all(|role| is_role_name(&role.name)) {
            return wrong("roles", "needs at least one, with names of A-Z a-z 0-9 _+=,.@-".into());
        }
        for (field, life) in [("life", self.life), ("token_file_life", self.token_file_life)] {
            if life.is_some_and(|life| life < SHORTEST_LIFE) {
                return wrong(field, format!("must be at least {} seconds", SHORTEST_LIFE.as_secs()));
            }
        }
        if !(self.time_scale > 0.0 && self.time_scale.is_finite()) {
            return wrong("time_scale", "must be above 0".into());
        }
        Ok(self)
    }

    /// The role of the machine.
    pub(super) fn machine_role(&self) -> &str {
        self.roles.first().map_or("", |role| role.name.as_str())
    }

    /// The role of this ARN.
    pub(super) fn role(&self, arn: &str) -> Option<&Role> {
        self.roles.iter().find(|role| self.role_arn(&role.name) == arn)
    }

    pub(super) fn role_arn(&self, name: &str) -> String {
        format!("arn:aws:iam::{}:role/{name}", self.account)
    }

    /// How long a key of the machine lives.
    pub(super) fn machine_life(&self) -> Duration {
        self.life.unwrap_or_else(|| self.scaled(MACHINE_LIFE))
    }

    /// How long a key lives that was `asked` for.
    pub(super) fn session_life(&self, asked: Duration) -> Duration {
        self.life.map_or_else(|| self.scaled(asked), |longest| longest.min(asked))
    }

    /// How long a token file's content lives.
    pub(super) fn file_life(&self) -> Duration {
        self.token_file_life.unwrap_or_else(|| self.scaled(TOKEN_FILE_LIFE))
    }

    fn scaled(&self, life: Duration) -> Duration {
        let scaled = Duration::try_from_secs_f64(life.as_secs_f64() / self.time_scale);
        scaled.unwrap_or(Duration::MAX).clamp(SHORTEST_LIFE, LONGEST_SCALED)
    }
}

fn is_role_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 64
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+=,.@-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_scaled_but_never_too_short_to_use() {
        let seconds = |config: &Config| {
            let asked = config.session_life(Duration::from_secs(900));
            [config.machine_life(), asked, config.file_life()].map(|life| life.as_secs())
        };
        assert_eq!(seconds(&Config::default()), [21_600, 900, 86_400]);
        assert_eq!(seconds(&Config { time_scale: 60.0, ..Config::default() }), [360, 15, 1440]);
        assert_eq!(seconds(&Config { time_scale: 1e9, ..Config::default() }), [5, 5, 5]);
        let set = Config { time_scale: 60.0, life: Some(Duration::from_secs(20)), ..Config::default() };
        assert_eq!(seconds(&set), [20, 20, 1440]);
    }

    #[test]
    fn what_cannot_work_is_named() {
        type Change = fn(&mut Config);
        let changes: [(&str, Change); 8] = [
            ("listen", |config| config.listen = ([0, 0, 0, 0], 0).into()),
            ("listen_https", |config| config.listen_https = ([0, 0, 0, 0], 0).into()),
            ("region", |config| config.region.clear()),
            ("account", |config| config.account = "1".into()),
            ("roles", |config| config.roles.clear()),
            ("roles", |config| config.roles[0].name = "a/b".into()),
            ("life", |config| config.life = Some(Duration::from_secs(4))),
            ("time_scale", |config| config.time_scale = 0.0),
        ];
        for (name, change) in changes {
            let mut config = Config::default();
            change(&mut config);
            match config.checked() {
                Err(Error::Config { field, .. }) => assert_eq!(field, name),
                other => panic!("{name}: {other:?}"),
            }
        }
    }
}
