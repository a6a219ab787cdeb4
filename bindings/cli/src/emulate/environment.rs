//! The environment that makes an application use the emulator.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use keyrotor::Error;
use keyrotor_emulator::rds::Rds;
use keyrotor_emulator::{AccessKey, Cloud, CloudConfig, Config, Service};
use serde_json::{Map, Value};

use super::bundle;
use super::settings::Show;

/// What a developer may have set for real work and would win over the keys in some SDKs. An empty value would not do.
const IN_THE_WAY: [&str; 1] = ["AWS_PROFILE"];

/// Where else AWS's SDKs look for keys before they ask an endpoint.
const BEFORE_ENDPOINTS: [&str; 9] = [
    "AWS_PROFILE",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_EC2_METADATA_DISABLED",
];
/// Where Azure's SDKs look for whom to be.
const OF_AZURE: [&str; 11] = [
    "AZURE_AUTHORITY_HOST",
    "AZURE_TENANT_ID",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "MSI_ENDPOINT",
];
/// A file with no profile in it.
const NO_PROFILES: &str = "/dev/null";

/// Names and values, in the order in which they are shown.
#[derive(Debug)]
pub(super) struct Environment {
    set: Vec<(&'static str, String)>,
    unset: Vec<&'static str>,
}

impl Environment {
    /// What an application of all the fronts needs.
    pub(super) fn of(cloud: &Cloud, config: &CloudConfig, show: &Show) -> Result<Self, Error> {
        let (provider, way) = (show.provider, show.entra);
        let mut all = Self { set: Vec::new(), unset: Vec::new() };
        let of_cache = config.cache.iter().flat_map(|cache| &cache.keys);
        if let Some(credentials) = cloud.credentials() {
            all.endpoints(credentials.environment(provider));
        } else if let Some(key) = config.keys.iter().chain(of_cache).next() {
            all.keys(key);
        }
        if let (Some(cache), Some(front)) = (&config.cache, cloud.cache()) {
            all.region(&cache.region);
            all.cache(cache, front.address());
        }
        if let (Some(rds), Some(front)) = (&config.rds, cloud.rds()) {
            all.region(&rds.region);
            all.set("DB_IAM_AUTH", true);
            let user = rds.users.first().map(String::as_str).unwrap_or_default();
            all.database(front, &rds.database, user, cloud.ca_path());
        } else if let (Some(dsql), Some(front)) = (&config.dsql, cloud.dsql()) {
            all.region(&dsql.region);
            all.set("DB_IAM_AUTH", true);
            all.database(front, "postgres", "admin", cloud.ca_path());
        } else if let (Some(azure), Some(front)) = (&config.azure_postgres, cloud.azure_postgres()) {
            let user = azure.users.keys().next().map(String::as_str).unwrap_or_default();
            all.database(front, &azure.database, user, cloud.ca_path());
        }
        if let Some(entra) = cloud.entra() {
            all.unset.extend(OF_AZURE);
            let way = entra.environments().remove(way.name()).unwrap_or_default();
            way.into_iter().for_each(|(name, value)| all.set(name, value));
        }
        all.trust(cloud)?;
        if let Some(control) = cloud.control_address() {
            all.set("KEYROTOR_CONTROL", format!("http://{control}"));
        }
        Ok(all)
    }

    fn set(&mut self, name: &'static str, value: impl ToString) {
        self.unset.retain(|other| *other != name);
        self.set.retain(|(other, _)| *other != name);
        self.set.push((name, value.to_string()));
    }

    fn endpoints(&mut self, variables: BTreeMap<&'static str, String>) {
        self.unset.extend(BEFORE_ENDPOINTS);
        self.set("AWS_SHARED_CREDENTIALS_FILE", NO_PROFILES);
        self.set("AWS_CONFIG_FILE", NO_PROFILES);
        for (name, value) in variables {
            self.set(name, value);
        }
    }

    fn keys(&mut self, key: &AccessKey) {
        self.unset.extend(IN_THE_WAY);
        self.set("AWS_ACCESS_KEY_ID", &key.id);
        self.set("AWS_SECRET_ACCESS_KEY", &key.secret);
        // Empty rather than absent: a developer's own session token must not get into the tokens.
        self.set("AWS_SESSION_TOKEN", key.session_token.as_deref().unwrap_or_default());
    }

    /// AWS's SDKs differ in which of the two names they read.
    fn region(&mut self, region: &str) {
        self.set("AWS_REGION", region);
        self.set("AWS_DEFAULT_REGION", region);
    }

    fn cache(&mut self, cache: &Config, address: SocketAddr) {
        let address = reachable(address);
        // As the services keep them, and as they have to be signed.
        let cluster = cache.cluster.to_lowercase();
        let user = cache.users.first().map(|user| user.name.to_lowercase()).unwrap_or_default();
        if cache.service != Service::Azure {
            self.set("VALKEY_IAM_AUTH", true);
            self.set("USE_IAM_AUTH", true);
            self.set("VALKEY_CLUSTER_ID", cluster);
        }
        self.set("VALKEY_HOST", address.ip());
        self.set("VALKEY_PORT", address.port());
        self.set("VALKEY_USER", &user);
        self.set("VALKEY_SSL", !cache.plaintext);
        let scheme = if cache.plaintext { "redis" } else { "rediss" };
        self.set("REDIS_URL", format!("{scheme}://{user}@{address}"));
        // The address does not say of which service it is, as the real ones do.
        let service = match cache.service {
            Service::ElastiCache => "elasticache",
            Service::MemoryDb => "memorydb",
            Service::Azure => "azure",
        };
        self.set("KEYROTOR_SERVICE", service);
        self.set("KEYROTOR_SERVERLESS", cache.serverless);
    }

    /// The host is the name that tokens are signed for, wherever it leads.
    fn database(&mut self, front: &Rds, name: &str, user: &str, ca: &Path) {
        let (host, address) = (front.server_name(), reachable(front.address()));
        for (ours, of_libpq, value) in [
            ("DB_HOST", "PGHOST", host),
            ("DB_PORT", "PGPORT", &address.port().to_string()),
            ("DB_NAME", "PGDATABASE", name),
            ("DB_USERNAME", "PGUSER", user),
        ] {
            self.set(ours, value);
            self.set(of_libpq, value);
        }
        self.set("PGHOSTADDR", address.ip());
        self.set("PGSSLMODE", "verify-full");
        self.set("PGSSLROOTCERT", ca.display());
    }

    /// Where TLS libraries look for authorities.
    fn trust(&mut self, cloud: &Cloud) -> Result<(), Error> {
        let ca = cloud.ca_path();
        self.set("KEYROTOR_CA", ca.display());
        self.set("NODE_EXTRA_CA_CERTS", ca.display());
        if let Some(bundle) = bundle::beside(ca)? {
            self.set("SSL_CERT_FILE", bundle.display());
            self.set("REQUESTS_CA_BUNDLE", bundle.display());
        }
        Ok(())
    }

    /// What must not be set beside it.
    pub(super) fn unset(&self) -> &[&'static str] {
        &self.unset
    }

    /// For a program that is started with it.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.set.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// For a shell to be pasted into.
    pub(super) fn exports(&self) -> String {
        let unset: String = self.unset.iter().map(|name| format!("unset {name}\n")).collect();
        unset + &self.lines("export ")
    }

    /// For a shell's `source` and for tools that read a `NAME=value` a line.
    pub(super) fn file(&self) -> String {
        self.lines("")
    }

    fn lines(&self, before: &str) -> String {
        self.pairs().map(|(name, value)| format!("{before}{name}={}\n", quoted(value))).collect()
    }

    pub(super) fn json(&self) -> Value {
        self.pairs().map(|(name, value)| (name.to_owned(), Value::from(value))).collect::<Map<_, _>>().into()
    }
}

/// An address that a client on this machine can connect to.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip().is_unspecified() {
        true => SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port()),
        false => address,
    }
}

/// The value as a shell reads it. Plain ones stay as they are, for tools that know no quotes.
fn quoted(value: &str) -> String {
    let is_plain = |char: char| char.is_ascii_alphanumeric() || "_-./:@%+=,[]".contains(char);
    if value.chars().all(is_plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("wJalr/K7+Yx="), "wJalr/K7+Yx=");
        assert_eq!(quoted(""), "");
        assert_eq!(quoted("a b's"), r"'a b'\''s'");
    }

    #[test]
    fn an_address_for_all_is_reached_by_loopback() {
        let all: SocketAddr = ([0, 0, 0, 0], 6379).into();
        assert_eq!(reachable(all).to_string(), "127.0.0.1:6379");
        let one: SocketAddr = ([127, 0, 0, 2], 6379).into();
        assert_eq!(reachable(one), one);
    }
}
