//! The checks E04 to E24 and E26, in the order of the table.

use super::token::Token;
use super::{Expected, Lives, Reason, Target};
use crate::config::{AccessKey, Service, Switches};
use crate::date;
use crate::keyring::Keyring;
use crate::sigv4::{self, Scope};
use std::time::{Duration, SystemTime};

const LONGEST_DSQL: u64 = 604_800;
const LONGEST_FOUND: usize = 255;
const SIGNATURE: &str = "X-Amz-Signature";
const REQUIRED: [&str; 6] =
    ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Date", "X-Amz-Expires", "X-Amz-SignedHeaders", SIGNATURE];

/// `Case` is one token before its judge.
pub(super) struct Case<'a> {
    pub(super) token: &'a Token<'a>,
    pub(super) expected: &'a Expected,
    pub(super) keys: &'a Keyring,
    pub(super) now: SystemTime,
    pub(super) switches: &'a Switches,
    pub(super) lives: &'a Lives,
}

fn require(holds: bool, reason: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason) }
}

impl Case<'_> {
    /// Runs all checks.
    pub(super) fn check(&self) -> Result<(), Reason> {
        self.names()?;
        self.purpose()?;
        self.resource_type()?;
        require(self.value("X-Amz-Algorithm") == "AWS4-HMAC-SHA256", Reason::Algorithm)?;
        let date = self.value("X-Amz-Date");
        let signed = date::parse_amz(date);
        let (key, scope) = self.scope(signed.is_some(), date)?;
        let signed = signed.ok_or(Reason::DateFormat)?;
        let life = self.life()?;
        require(self.value("X-Amz-SignedHeaders") == "host", Reason::SignedHeaders)?;
        let carried = self.token.value("X-Amz-Security-Token");
        require(carried == key.session_token.as_deref(), Reason::SessionToken)?;
        self.signature(&key, scope, date)?;
        self.time(signed, life)?;
        require(key.expires.is_none_or(|expires| self.now < expires), Reason::ExpiredKey)
    }

    /// The value of a parameter that E06 has found to be there.
    fn value(&self, name: &str) -> &str {
        self.token.value(name).unwrap_or_default()
    }

    /// What the token says where a check failed, if that is a plain name or number: a record must not repeat just
    /// any part of a token.
    pub(super) fn found(&self, reason: Reason) -> Option<String> {
        let scope = |part| self.value("X-Amz-Credential").split('/').nth(part);
        let found = match reason {
            Reason::WrongAction => Some(self.value("Action")),
            Reason::WrongUser => self.user_parameter().map(|name| self.value(name)),
            Reason::WrongCluster => Some(self.token.host),
            Reason::ResourceType => self.token.value("ResourceType"),
            Reason::UnknownKey => scope(0),
            Reason::ScopeDate => scope(1),
            Reason::WrongRegion => scope(2),
            Reason::WrongService => scope(3),
            Reason::Expires => Some(self.value("X-Amz-Expires")),
            Reason::DateFormat | Reason::Future | Reason::Expired => Some(self.value("X-Amz-Date")),
            _ => None,
        };
        let plain = |text: &&str| {
            (1..=LONGEST_FOUND).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte))
        };
        found.filter(plain).map(str::to_owned)
    }

    fn user_parameter(&self) -> Option<&'static str> {
        match self.expected.target {
            Target::Cache { .. } => Some("User"),
            Target::Rds { .. } => Some("DBUser"),
            Target::Dsql { .. } => None,
        }
    }

    fn names(&self) -> Result<(), Reason> {
        let user = self.user_parameter();
        let cache = matches!(self.expected.target, Target::Cache { .. });
        let known = |name: &str| {
            name == "Action"
                || Some(name) == user
                || name == "X-Amz-Security-Token"
                || cache && name == "ResourceType"
                || REQUIRED.contains(&name)
        };
        let names: Vec<_> = self.token.pairs().map(|(name, _)| name).collect();
        require(names.iter().all(|name| known(name)), Reason::UnknownParameter)?;
        let once = |name: &&str| names.iter().filter(|other| other == &name).count() == 1;
        require(names.iter().all(once), Reason::DuplicateParameter)?;
        let mut required = REQUIRED.into_iter().chain(["Action"]).chain(user);
        require(required.all(|name| names.contains(&name)), Reason::MissingParameter)
    }

    fn purpose(&self) -> Result<(), Reason> {
        let (action, user, host) = match &self.expected.target {
            Target::Cache { cluster, user, .. } => ("connect", Some(user), cluster.to_lowercase()),
            Target::Rds { host, port, user } => ("connect", Some(user), format!("{host}:{port}")),
            Target::Dsql { host, action } => (action.as_str(), None, host.clone()),
        };
        require(self.value("Action") == action, Reason::WrongAction)?;
        if let (Some(name), Some(user)) = (self.user_parameter(), user) {
            require(self.value(name) == user, Reason::WrongUser)?;
        }
        let capitals = self.switches.capital_host && self.token.host.to_lowercase() == host;
        require(self.token.host == host || capitals, Reason::WrongCluster)
    }

    fn resource_type(&self) -> Result<(), Reason> {
        let Target::Cache { service, serverless, .. } = &self.expected.target else {
            return Ok(());
        };
        let fits = match self.token.value("ResourceType") {
            Some("ServerlessCache") if *service == Service::ElastiCache => {
                *serverless || self.switches.resource_type_on_nodes
            }
            Some(_) => false,
            None => !serverless || self.switches.serverless_without_resource_type,
        };
        require(fits, Reason::ResourceType)
    }

    fn scope(&self, dated: bool, date: &str) -> Result<(AccessKey, Scope<'_>), Reason> {
        let parts: Vec<_> = self.value("X-Amz-Credential").split('/').collect();
        let [id, day, region, service, "aws4_request"] = *parts.as_slice() else {
            return Err(Reason::Credential);
        };
        let key = self.keys.find(id).ok_or(Reason::UnknownKey)?;
        require(dated, Reason::DateFormat)?;
        require(date.get(..8) == Some(day), Reason::ScopeDate)?;
        require(region == self.expected.region, Reason::WrongRegion)?;
        let name = match self.expected.target {
            Target::Cache { service: Service::ElastiCache, .. } => "elasticache",
            Target::Cache { service: Service::MemoryDb, .. } => "memorydb",
            // It takes no presigned requests.
            Target::Cache { service: Service::Azure, .. } => return Err(Reason::WrongService),
            Target::Rds { .. } => "rds-db",
            Target::Dsql { .. } => "dsql",
        };
        require(service == name, Reason::WrongService)?;
        Ok((key, Scope { date: day, region, service }))
    }

    fn life(&self) -> Result<Duration, Reason> {
        let text = self.value("X-Amz-Expires");
        let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
        let longest = match self.expected.target {
            Target::Dsql { .. } => LONGEST_DSQL,
            _ => self.switches.longest_expires_seconds,
        };
        let seconds = text.parse().ok().filter(|seconds| plain && (1..=longest).contains(seconds));
        seconds.map(Duration::from_secs).ok_or(Reason::Expires)
    }

    fn signature(&self, key: &AccessKey, scope: Scope<'_>, date: &str) -> Result<(), Reason> {
        let given = self.value(SIGNATURE);
        let digit = |byte: u8| {
            let capital = self.switches.capital_signature && byte.is_ascii_uppercase();
            byte.is_ascii_hexdigit() && (capital || !byte.is_ascii_uppercase())
        };
        require(given.len() == 64 && given.bytes().all(digit), Reason::SignatureForm)?;
        let query = sigv4::canonical_query(self.token.pairs().filter(|(name, _)| *name != SIGNATURE));
        let host = self.token.host.to_lowercase();
        // Signers drop the port from the signed host where it is the scheme's own, though the text keeps it.
        let host = host.strip_suffix(":443").unwrap_or(&host);
        let canonical = sigv4::canonical_request(host, &query);
        let computed = sigv4::signature(&key.secret, scope, date, &canonical);
        require(sigv4::same(&computed, &given.to_lowercase()), Reason::Signature)
    }

    fn time(&self, signed: SystemTime, life: Duration) -> Result<(), Reason> {
        let age = match self.now.duration_since(signed) {
            Ok(age) => age,
            Err(ahead) => {
                let allowed = Duration::from_secs(self.switches.future_skew_seconds);
                return require(ahead.duration() <= allowed, Reason::Future);
            }
        };
        let alive = match self.lives.token_life {
            Some(shorter) => age <= life.min(shorter),
            None => age.as_secs_f64() * self.lives.time_scale <= life.as_secs_f64(),
        };
        require(alive, Reason::Expired)
    }
}
