//! From options and the configuration file to what is played. The defaults of the command live here.

use std::ffi::{OsStr, OsString};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use keyrotor::{Code, Error};
use keyrotor_emulator::credentials::{self, Provider};
use keyrotor_emulator::rds::{DsqlConfig, RdsConfig};
use keyrotor_emulator::{AccessKey, Backend, CloudConfig, Config, Service, User};

use super::arguments::{self, Arguments, Cache, EntraWay};
use super::{failed, made_up};
use crate::output;

const CLUSTER: &str = "my-cluster";
const USER: &str = "app";
const REGION: &str = "us-east-1";
const KEY: &str = "AKIDEXAMPLE";
/// The secret of AWS's documentation.
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// What is shown, and where; and what is run.
#[derive(Debug)]
pub(super) struct Show {
    pub(super) json: bool,
    pub(super) env: Option<PathBuf>,
    /// How the application finds its keys, where the endpoints are played.
    pub(super) provider: Provider,
    /// How the application gets tokens, where Entra is played.
    pub(super) entra: EntraWay,
    quiet: bool,
    pub(super) has_short_lives: bool,
    pub(super) command: Vec<OsString>,
}

impl Show {
    /// A line for people, unless nobody wants one.
    pub(super) fn note(&self, text: impl std::fmt::Display) {
        if !self.quiet {
            output::note(text);
        }
    }
}

/// Adds up the file, the options and the defaults.
pub(super) fn settle(arguments: Arguments) -> Result<(CloudConfig, Show), Error> {
    let mut config = match &arguments.config {
        None => CloudConfig { cache: Some(Config::default()), ..CloudConfig::default() },
        Some(text) => read(text)?,
    };
    if let (Some(id), Some(secret)) = (arguments.access_key, arguments.secret_key) {
        config.keys.push(AccessKey { id, secret, session_token: arguments.session_token, expires: None });
    }
    config.clock = arguments.clock.or(config.clock);
    config.ca_dir = arguments.ca_dir.or(config.ca_dir);
    config.faults.extend(arguments.faults);
    config.control = arguments.control.or(config.control).or(Some(FREE_PORT));
    if arguments.no_control {
        config.control = None;
    }
    config.cache = cache(config.cache, arguments.cache);
    let entra = arguments.entra.unwrap_or_default();
    complete(&mut config, entra);
    let way = arguments.credentials.way;
    let region = config.cache.as_ref().map(|cache| cache.region.as_str());
    config.credentials = credentials(config.credentials, arguments.credentials, region);
    let has_azure = config.cache.as_ref().is_some_and(|cache| cache.service == Service::Azure);
    if config.entra.is_none() && (arguments.entra.is_some() || has_azure) {
        config.entra = Some(made_up::entra());
    }
    if arguments.rds && config.rds.is_none() {
        config.rds = Some(RdsConfig { users: vec![USER.to_owned()], ..RdsConfig::default() });
    }
    if arguments.dsql && config.dsql.is_none() {
        config.dsql = Some(DsqlConfig::default());
    }
    let region = config.cache.as_ref().map_or(REGION, |cache| cache.region.as_str());
    config.rds.iter_mut().for_each(|rds| fill(&mut rds.region, region));
    config.dsql.iter_mut().for_each(|dsql| fill(&mut dsql.region, region));
    let cache = config.cache.as_ref();
    let show = Show {
        json: arguments.json,
        env: arguments.env,
        entra,
        provider: way.map_or(Provider::Ecs, Into::into),
        quiet: arguments.quiet,
        has_short_lives: cache.is_some_and(|it| it.token_life.is_some() || it.session_limit.is_some()),
        command: arguments.command,
    };
    Ok((config, show))
}

const FREE_PORT: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Reads a file, or the text itself where it is an object.
fn read(text: &OsStr) -> Result<CloudConfig, Error> {
    let inline = text.to_str().filter(|text| text.trim_start().starts_with('{'));
    let text = match inline {
        Some(text) => text.to_owned(),
        None => file(Path::new(text))?,
    };
    CloudConfig::from_json(&text).map_err(failed)
}

fn file(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| {
        Error::new(Code::ArgumentInvalid, format!("{} could not be read: {error}", path.display()))
    })
}

/// What the options change in the cache; one that only they speak of is played too.
fn cache(config: Option<Config>, options: Cache) -> Option<Config> {
    let named = options.cluster.is_some() || !options.users.is_empty() || options.service.is_some();
    let mut config = config.or_else(|| named.then(Config::default)).filter(|_| !options.no_cache)?;
    config.users.extend(options.users.into_iter().map(User::from));
    config.serverless |= options.serverless;
    config.plaintext |= options.plaintext;
    config.token_life = options.token_life.or(config.token_life);
    config.session_limit = options.session_limit.or(config.session_limit);
    config.server = options.server.or(config.server.take());
    replace(&mut config.listen, options.listen);
    replace(&mut config.shards, options.shards);
    replace(&mut config.replicas, options.replicas);
    replace(&mut config.cluster, options.cluster);
    replace(&mut config.region, options.region);
    replace(&mut config.time_scale, options.time_scale);
    replace(&mut config.service, options.service.map(Into::into));
    let backend = options.backend.map(|backend| match backend.as_str() {
        "auto" => Backend::Auto,
        url => Backend::Url(url.to_owned()),
    });
    replace(&mut config.backend, backend);
    Some(config)
}

/// What the options change in the credential endpoints, or that they are played at all.
fn credentials(
    config: Option<credentials::Config>,
    options: arguments::Credentials,
    region: Option<&str>,
) -> Option<credentials::Config> {
    let named = options.way.is_some() || options.life.is_some();
    let region = region.unwrap_or(REGION).to_owned();
    let default = || credentials::Config { region, ..credentials::Config::default() };
    let mut config = config.or_else(|| named.then(default))?;
    config.life = options.life.or(config.life);
    Some(config)
}

fn replace<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

/// Fills in what nobody has said.
fn complete(config: &mut CloudConfig, way: EntraWay) {
    if let Some(cache) = &mut config.cache {
        if cache.users.is_empty() {
            match cache.service {
                Service::Azure => cache.users.extend(made_up::objects(way).map(User::from)),
                _ => cache.users.push(User::from(USER)),
            }
        }
        fill(&mut cache.cluster, CLUSTER);
        fill(&mut cache.region, REGION);
    }
    let has_keys = config.cache.as_ref().is_some_and(|cache| !cache.keys.is_empty());
    if config.keys.is_empty() && !has_keys {
        config.keys.push(AccessKey { id: KEY.into(), secret: SECRET.into(), ..AccessKey::default() });
    }
}

fn fill(setting: &mut String, default: &str) {
    if setting.is_empty() {
        default.clone_into(setting);
    }
}
