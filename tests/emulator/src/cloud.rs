//! Several fronts in one run: one clock, one ring of access keys, one certificate authority, one control API.

use crate::config::{AccessKey, Config};
use crate::control::{self, Panel, Panels};
use crate::credentials::{self, Credentials};
use crate::emulator::Emulator;
use crate::entra::{Entra, EntraConfig};
use crate::keyring::Keyring;
use crate::rds::{AzurePostgresConfig, DsqlConfig, Rds, RdsConfig};
use crate::refusal::Refusals;
use crate::shared::{Shared, bind};
use crate::{Error, config};
use serde_json::{Map, Value};
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Settings that stand once at the top of a file and hold for each section that does not say otherwise.
const COMMON: [&str; 5] = ["clock", "keys", "region", "time_scale", "token_life"];

/// Those of them that Entra knows.
const OF_ENTRA: [&str; 2] = ["time_scale", "token_life"];
/// Those of them that the PostgreSQL fronts know.
const OF_RDS: [&str; 3] = ["region", "time_scale", "token_life"];

/// `CloudConfig` says which fronts to play. Each is a section of the file.
///
/// In a file: `{"region": …, "keys": […], "control": …, "cache": {…}, "credentials": {…}, "entra": {…}, "rds": {…},
/// "dsql": {…}, "azure_postgres": {…}}`, where `clock`, `keys`, `region`, `time_scale`
/// and `token_life` may stand at the top for all sections. Unknown names are errors.
#[derive(Clone, Debug, Default)]
pub struct CloudConfig {
    /// Where the [control API](crate::control) listens; loopback only. Default: nowhere.
    pub control: Option<SocketAddr>,
    /// Where the judging clock starts, for all fronts. Default: the system's clock.
    pub clock: Option<SystemTime>,
    /// The access keys whose signatures count, for all fronts.
    pub keys: Vec<AccessKey>,
    /// A folder that keeps the certificate authority over starts, so that clients need to be told of it once. Made
    /// where it is missing. Default: a new authority at each start.
    pub ca_dir: Option<PathBuf>,
    /// Faults that are set from the start: paths of the [control API](crate::control) with their bodies.
    pub faults: Vec<(String, Value)>,
    /// The cache front.
    pub cache: Option<Config>,
    /// The credential endpoints.
    pub credentials: Option<credentials::Config>,
    /// The Entra front.
    pub entra: Option<EntraConfig>,
    /// The front of RDS for PostgreSQL.
    pub rds: Option<RdsConfig>,
    /// The front of Aurora DSQL.
    pub dsql: Option<DsqlConfig>,
    /// The front of Azure Database for PostgreSQL.
    pub azure_postgres: Option<AzurePostgresConfig>,
}

impl CloudConfig {
    /// Reads a configuration file's JSON text.
    ///
    /// # Errors
    /// Text that is not JSON, unknown names, and values of the wrong type, with the section they stand in.
    pub fn from_json(text: &str) -> Result<Self, Error> {
        let wrong = |problem: String| Error::Config { field: "config", problem };
        let value: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
        let Value::Object(mut fields) = value else {
            return Err(wrong("expected an object".into()));
        };
        let mut common = Map::new();
        for name in COMMON {
            common.extend(fields.remove(name).map(|value| (name.to_owned(), value)));
        }
        let top: config::Common = read("the top of the file", Value::Object(common.clone()))?;
        let control = fields.remove("control").map(|value| read("control", value)).transpose()?;
        let ca_dir = fields.remove("ca_dir").map(|value| read("ca_dir", value)).transpose()?;
        let faults: Map<_, _> =
            fields.remove("faults").map(|value| read("faults", value)).transpose()?.unwrap_or_default();
        let cache = section(&mut fields, "cache", &common, &COMMON)?;
        let credentials = section(&mut fields, "credentials", &common, &["region", "time_scale"])?;
        let entra = section(&mut fields, "entra", &common, &OF_ENTRA)?;
        let rds = section(&mut fields, "rds", &common, &OF_RDS)?;
        let dsql = section(&mut fields, "dsql", &common, &OF_RDS)?;
        let azure_postgres = section(&mut fields, "azure_postgres", &common, &[])?;
        if let Some(name) = fields.keys().next() {
            return Err(wrong(format!("unknown section `{name}`")));
        }
        let faults = faults.into_iter().collect();
        let (clock, keys) = (top.clock, top.keys);
        Ok(Self {
            control,
            clock,
            keys,
            ca_dir,
            faults,
            cache,
            credentials,
            entra,
            rds,
            dsql,
            azure_postgres,
        })
    }
}

/// Takes a section out of the file, completed with those common settings that it `knows`.
fn section<T: serde::de::DeserializeOwned>(
    fields: &mut Map<String, Value>,
    name: &'static str,
    common: &Map<String, Value>,
    knows: &[&str],
) -> Result<Option<T>, Error> {
    let Some(value) = fields.remove(name) else { return Ok(None) };
    let Value::Object(mut section) = value else {
        return Err(Error::Config { field: name, problem: "expected an object".into() });
    };
    for (name, value) in common.iter().filter(|(name, _)| knows.contains(&name.as_str())) {
        section.entry(name).or_insert_with(|| value.clone());
    }
    read(name, Value::Object(section)).map(Some)
}

fn read<T: serde::de::DeserializeOwned>(field: &'static str, value: Value) -> Result<T, Error> {
    // serde_json's message may quote a value, but of a wrong type only: secrets are texts and so never wrong.
    serde_json::from_value(value).map_err(|error| Error::Config { field, problem: error.to_string() })
}

/// `Cloud` plays the cloud side on one machine, on the runtime that started it. Dropping it ends all fronts.
pub struct Cloud {
    shared: Shared,
    control: Option<SocketAddr>,
    cache: Option<Emulator>,
    credentials: Option<Credentials>,
    entra: Option<Entra>,
    rds: Option<Rds>,
    dsql: Option<Rds>,
    azure_postgres: Option<Rds>,
    stop: watch::Sender<bool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Cloud {
    /// Starts the fronts that the configuration names.
    ///
    /// # Errors
    /// Settings that cannot work, a backend that does not come up, an address that is taken.
    pub async fn start(config: CloudConfig) -> Result<Self, Error> {
        let control = config::loopback("control", config.control)?;
        let of_cache = config.cache.iter().flat_map(|cache| cache.keys.clone());
        let keys: Keyring = config.keys.into_iter().chain(of_cache).collect();
        let mut shared = Shared::with_authority(config.clock, keys, config.ca_dir.as_deref())?;
        let control = match control {
            Some(address) => Some(bind("control", address).await?),
            None => None,
        };
        let mut panels: Vec<Arc<dyn Panel>> = Vec::new();
        let entra = match config.entra {
            Some(entra) => Some(Entra::start_in(entra, &shared).await?),
            None => None,
        };
        shared.issuer = entra.as_ref().map(Entra::issuer);
        let cache = match config.cache {
            Some(cache) => Some(Emulator::start_in(cache, shared.clone()).await?),
            None => None,
        };
        panels.extend(cache.iter().map(Emulator::panel));
        let credentials = match config.credentials {
            Some(credentials) => Some(Credentials::start(credentials, shared.clone()).await?),
            None => None,
        };
        panels.extend(credentials.iter().map(Credentials::panel));
        panels.extend(entra.iter().map(Entra::panel));
        let rds = match config.rds {
            Some(rds) => Some(Rds::start_in(rds, shared.clone()).await?),
            None => None,
        };
        let dsql = match config.dsql {
            Some(dsql) => Some(Rds::start_in(dsql, shared.clone()).await?),
            None => None,
        };
        let azure_postgres = match config.azure_postgres {
            Some(azure) => Some(Rds::start_in(azure, shared.clone()).await?),
            None => None,
        };
        panels.extend(rds.iter().chain(&dsql).chain(&azure_postgres).map(Rds::panel));
        let panels: Panels = panels.into();
        for (path, body) in &config.faults {
            let set = control::set(&panels, path, body).await;
            set.map_err(|problem| Error::Config { field: "faults", problem })?;
        }
        let (stop, stopped) = watch::channel(false);
        let mut tasks = Vec::new();
        let control = control.map(|(listener, address)| {
            tasks.push(tokio::spawn(control::run(panels, listener, stopped)));
            address
        });
        Ok(Self { shared, control, cache, credentials, entra, rds, dsql, azure_postgres, stop, tasks })
    }

    /// The cache, if it is played.
    #[must_use]
    pub fn cache(&self) -> Option<&Emulator> {
        self.cache.as_ref()
    }

    /// The credential endpoints, if they are played.
    #[must_use]
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// The Entra tenant, if it is played.
    #[must_use]
    pub fn entra(&self) -> Option<&Entra> {
        self.entra.as_ref()
    }

    /// RDS, if it is played.
    #[must_use]
    pub fn rds(&self) -> Option<&Rds> {
        self.rds.as_ref()
    }

    /// DSQL, if it is played.
    #[must_use]
    pub fn dsql(&self) -> Option<&Rds> {
        self.dsql.as_ref()
    }

    /// Azure's PostgreSQL, if it is played.
    #[must_use]
    pub fn azure_postgres(&self) -> Option<&Rds> {
        self.azure_postgres.as_ref()
    }

    /// The certificate of the authority that clients of all fronts must trust, in PEM. The file lives as long as this,
    /// unless [`ca_dir`](CloudConfig::ca_dir) keeps it.
    #[must_use]
    pub fn ca_path(&self) -> &Path {
        self.shared.authority.ca()
    }

    /// Where the [control API](crate::control) listens.
    #[must_use]
    pub fn control_address(&self) -> Option<SocketAddr> {
        self.control
    }

    /// The access keys whose signatures count, to add to and to take from at any time.
    #[must_use]
    pub fn keys(&self) -> &Keyring {
        &self.shared.keys
    }

    /// The refused logins of all fronts, from now on.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        self.shared.refusals.listen()
    }

    /// Closes all connections cleanly, then everything else.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        if let Some(cache) = self.cache.take() {
            cache.stop().await;
        }
        if let Some(credentials) = self.credentials.take() {
            credentials.stop().await;
        }
        if let Some(entra) = self.entra.take() {
            entra.stop().await;
        }
        let databases = self.rds.take().into_iter().chain(self.dsql.take()).chain(self.azure_postgres.take());
        for rds in databases {
            rds.stop().await;
        }
        for task in self.tasks.drain(..) {
            // A task that panicked has ended too.
            let _ = task.await;
        }
    }
}

impl fmt::Debug for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cloud")
            .field("cache", &self.cache)
            .field("credentials", &self.credentials)
            .field("entra", &self.entra)
            .field("rds", &self.rds)
            .field("dsql", &self.dsql)
            .field("azure_postgres", &self.azure_postgres)
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_at_the_top_holds_for_each_section() {
        let text = r#"{"region": "us-east-1", "keys": [{"id": "AKIDEXAMPLE", "secret": "s"}], "time_scale": 2,
            "control": "127.0.0.1:0", "cache": {"cluster": "c", "users": ["app"], "time_scale": 3}, "credentials": {"life": 20}}"#;
        let config = CloudConfig::from_json(text).expect("a valid file");
        let cache = config.cache.expect("a cache");
        assert_eq!((cache.region.as_str(), cache.time_scale), ("us-east-1", 3.0));
        assert_eq!(cache.keys, config.keys);
        let credentials = config.credentials.expect("endpoints");
        assert_eq!((credentials.region.as_str(), credentials.time_scale), ("us-east-1", 2.0));
        assert_eq!(config.control, Some(([127, 0, 0, 1], 0).into()));
    }

    #[tokio::test]
    async fn a_fault_is_set_from_the_start_or_named() {
        let start = |faults: &str| {
            let text = format!(r#"{{"region": "us-east-1", "credentials": {{}}, "faults": {faults}}}"#);
            Cloud::start(CloudConfig::from_json(&text).expect("a valid file"))
        };
        let cloud = start(r#"{"/credentials/faults/failing": {"status": 500}}"#).await.expect("a cloud");
        cloud.stop().await;
        for faults in [r#"{"/faults/refuse": {}}"#, r#"{"/credentials/faults/failing": {"statuss": 1}}"#] {
            let error = start(faults).await.expect_err(faults).to_string();
            assert!(error.contains("faults"), "{error}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, name) in [
            ("{", "config"),
            ("[]", "config"),
            (r#"{"cash": {}}"#, "cash"),
            (r#"{"cache": {"cluter": "c"}}"#, "cluter"),
            (r#"{"cache": 3}"#, "cache"),
            (r#"{"credentials": {"lives": 3}}"#, "lives"),
            (r#"{"clock": "yesterday"}"#, "2025-01-01T00:00:00Z"),
        ] {
            let error = CloudConfig::from_json(text).expect_err(text).to_string();
            assert!(error.contains(name), "{text}: {error}");
        }
    }
}
