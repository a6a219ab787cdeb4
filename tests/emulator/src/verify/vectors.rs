//! The tokens of `tests/vectors/tokens.json`, and what each is for.

#![expect(clippy::expect_used, clippy::panic, reason = "tests and fuzz targets are the only ones to read it")]

use super::{Expected, Lives, Target, Verdict, judge};
use crate::config::{AccessKey, Service, Switches};
use crate::keyring::Keyring;
use serde::Deserialize;
use std::time::{Duration, UNIX_EPOCH};

#[derive(Deserialize)]
pub(crate) struct File {
    pub(crate) vectors: Vec<Vector>,
    #[cfg(test)]
    mutations: Vec<Mutation>,
}

/// `Vector` is a token that is right for what it says.
#[derive(Deserialize)]
pub(crate) struct Vector {
    #[cfg(test)]
    id: String,
    service: String,
    region: String,
    pub(crate) epoch: u64,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    action: String,
    cluster_name: Option<String>,
    user: Option<String>,
    hostname: Option<String>,
    port: Option<u16>,
    pub(crate) token: String,
    pub(crate) signature: String,
    #[cfg(test)]
    canonical_request: String,
}

#[cfg(test)]
#[derive(Deserialize)]
struct Mutation {
    id: String,
    base: String,
    token: String,
    expect: String,
    verify_at: u64,
}

/// Reads the file.
pub(crate) fn file() -> File {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/tokens.json");
    serde_json::from_str(&std::fs::read_to_string(path).expect(path)).expect(path)
}

impl Vector {
    fn expected(&self) -> Expected {
        let text = |value: &Option<String>| value.clone().unwrap_or_default();
        let cache = |service, serverless| Target::Cache {
            service,
            serverless,
            cluster: text(&self.cluster_name),
            user: text(&self.user),
        };
        let target = match self.service.as_str() {
            "elasticache" => cache(Service::ElastiCache, false),
            "elasticache-serverless" => cache(Service::ElastiCache, true),
            "memorydb" => cache(Service::MemoryDb, false),
            "rds" => Target::Rds {
                host: text(&self.hostname),
                port: self.port.expect("a port"),
                user: text(&self.user),
            },
            "dsql" => Target::Dsql { host: text(&self.hostname), action: self.action.clone() },
            other => panic!("unknown service {other}"),
        };
        Expected { region: self.region.clone(), target }
    }

    /// Judges a token as one for the same purpose.
    pub(crate) fn judge(&self, token: &str, epoch: u64, switches: &Switches) -> Verdict {
        let key = AccessKey {
            id: self.access_key_id.clone(),
            secret: self.secret_access_key.clone(),
            session_token: self.session_token.clone(),
            expires: None,
        };
        let now = UNIX_EPOCH + Duration::from_secs(epoch);
        judge(token, &self.expected(), &Keyring::from_iter([key]), now, switches, &Lives::default())
    }
}

#[cfg(test)]
mod tests;
