//! `keyrotor emulate`: a local cache that really checks tokens, until it is interrupted.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use keyrotor::{Code, Error};
use keyrotor_emulator::credentials::Credentials;
use keyrotor_emulator::rds::Rds;
use keyrotor_emulator::{AccessKey, Backend, Cloud, CloudConfig, Config, Emulator, Entra, Service, User};
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::{output, time};

#[derive(Debug, Args)]
#[command(after_help = CONTROL)]
pub(crate) struct Arguments {
    /// JSON file with the settings; the options below change it
    #[arg(long)]
    config: Option<PathBuf>,
    /// Where clients connect [default: 127.0.0.1:0, a free port]
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// Where the control API listens; loopback only [default: nowhere]
    #[arg(long)]
    control: Option<SocketAddr>,
    /// The service that is played [default: elasticache]
    #[arg(long, value_enum)]
    service: Option<ServiceName>,
    /// Play a serverless cache
    #[arg(long)]
    serverless: bool,
    /// A user that may log in; may be repeated
    #[arg(long = "user", value_name = "USER", required_unless_present = "config")]
    users: Vec<String>,
    /// Name of the cache or cluster
    #[arg(long, required_unless_present = "config")]
    cluster: Option<String>,
    /// Region of the cache
    #[arg(long, required_unless_present = "config")]
    region: Option<String>,
    /// Access key id whose signatures count
    #[arg(long, requires = "secret_key", required_unless_present = "config")]
    access_key: Option<String>,
    /// Its secret; one that is made up
    #[arg(long, requires = "access_key")]
    secret_key: Option<String>,
    /// Its session token, where it is a temporary key
    #[arg(long, requires = "access_key")]
    session_token: Option<String>,
    /// Judge tokens as of this moment, running on from it [default: now]
    #[arg(long, value_parser = time::parse)]
    clock: Option<SystemTime>,
    /// Divide the lives of tokens and sessions by this
    #[arg(long)]
    time_scale: Option<f64>,
    /// Longest life of a token, in seconds
    #[arg(long, value_parser = seconds)]
    token_life: Option<Duration>,
    /// Longest session without a new token, in seconds
    #[arg(long, value_parser = seconds)]
    session_limit: Option<Duration>,
    /// The server behind: `auto` starts a redis-server, or a redis:// URL [default: auto]
    #[arg(long)]
    backend: Option<String>,
    /// The server program that `auto` starts, by name or path [default: redis-server, then valkey-server]
    #[arg(long)]
    server: Option<PathBuf>,
    /// Play a cluster with this many shards, on ports that follow --listen [default: no cluster mode]
    #[arg(long, value_name = "N")]
    shards: Option<usize>,
    /// Replicas of each shard [default: none]
    #[arg(long, value_name = "N", requires = "shards")]
    replicas: Option<usize>,
    /// Speak without TLS
    #[arg(long)]
    plaintext: bool,
    /// Print one line of JSON when ready
    #[arg(long)]
    json: bool,
}

const CONTROL: &str = "\
Control API (HTTP and JSON, with --control):
  GET  /record                   what it saw: logins with verdict and reason, connections, totals
  POST /faults/refuse            {\"count\": 1} or {\"current\": true}
  POST /faults/kill              {} or {\"connection\": 1}
  POST /faults/forget            {} or {\"connection\": 1}
  POST /faults/stall             {\"milliseconds\": 1000}
  POST /faults/unavailable       {\"milliseconds\": 1000}; also throttle, iam-outage
  POST /faults/listen            {\"open\": false}
  POST /faults/cut               {\"after_bytes\": 10, \"count\": 1}
  POST /faults/certificate       {\"kind\": \"expired\"}; also other-name, good
  POST /faults/clock             {\"seconds\": -600}
  POST /faults/node              {\"node\": 0, \"up\": false}
  POST /faults/restart-backend   {}
  POST /faults/clear             {}
  All faults take {\"node\": 0} for one node. With --shards:
  GET  /cluster                  the nodes: role, slots, address, up
  POST /faults/failover          {\"shard\": 0}
  POST /cluster/reshard          {\"slots\": 100, \"from\": 0, \"to\": 1}";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ServiceName {
    Elasticache,
    Memorydb,
    Azure,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let as_json = arguments.json;
    let has_short_lives = arguments.token_life.is_some() || arguments.session_limit.is_some();
    // Before the start, so that an interrupt during it still stops what it began.
    let mut interrupted = listen_for(SignalKind::interrupt())?;
    let mut terminated = listen_for(SignalKind::terminate())?;
    let mut hung_up = listen_for(SignalKind::hangup())?;
    let config = config(arguments)?;
    let cloud = tokio::select! {
        cloud = Cloud::start(config) => cloud.map_err(failed)?,
        _ = interrupted.recv() => return Ok(()),
        _ = terminated.recv() => return Ok(()),
        _ = hung_up.recv() => return Ok(()),
    };
    announce(&cloud, as_json)?;
    if has_short_lives {
        output::note(
            "tell your application the same lives: token_life_seconds and lease_seconds of its request",
        );
    }
    tokio::select! {
        _ = interrupted.recv() => {}
        _ = terminated.recv() => {}
        _ = hung_up.recv() => {}
    }
    cloud.stop().await;
    Ok(())
}

fn announce(cloud: &Cloud, as_json: bool) -> Result<(), Error> {
    let cache = cloud.cache();
    if as_json {
        return output::line(json!({
            "address": cache.map(|cache| cache.address().to_string()),
            "addresses": cache.map(|cache| texts(&cache.addresses())),
            "ca": cloud.ca_path(),
            "server_name": cache.map(Emulator::server_name),
            "rds": cloud.rds().map(described),
            "dsql": cloud.dsql().map(described),
            "control": cloud.control_address().map(|address| address.to_string()),
            "oidc_key": cloud.credentials().map(Credentials::oidc_key_path),
            "credentials": cloud.credentials().map(Credentials::environments),
            "entra": cloud.entra().map(entra),
        }));
    }
    if let Some(cache) = cache {
        output::line(format!("address       {}", texts(&cache.addresses()).join(" ")))?;
        output::line(format!("server name   {}", cache.server_name()))?;
    }
    if let Some(credentials) = cloud.credentials() {
        output::line(format!("credentials   http://{}", credentials.address()))?;
    }
    for (name, rds) in [("rds", cloud.rds()), ("dsql", cloud.dsql())] {
        let Some(rds) = rds else { continue };
        output::line(format!("{name:<13} {}, tokens for {}", rds.address(), rds.endpoint()))?;
    }
    if let Some(entra) = cloud.entra() {
        output::line(format!("authority     {}", entra.authority()))?;
        output::line(format!("tenant        {}", entra.tenant()))?;
    }
    output::line(format!("ca            {}", cloud.ca_path().display()))?;
    if let Some(control) = cloud.control_address() {
        output::line(format!("control       http://{control}"))?;
    }
    output::note("ready; stop it with Ctrl-C");
    Ok(())
}

fn texts(addresses: &[SocketAddr]) -> Vec<String> {
    addresses.iter().map(SocketAddr::to_string).collect()
}

/// A PostgreSQL front as the ready line has it.
fn described(rds: &Rds) -> serde_json::Value {
    json!({
        "address": rds.address().to_string(),
        "server_name": rds.server_name(),
        "endpoint": rds.endpoint(),
    })
}

/// What the ready line says of Entra.
fn entra(entra: &Entra) -> serde_json::Value {
    json!({
        "authority": entra.authority(),
        "tenant": entra.tenant(),
        "http": format!("http://{}", entra.http_address()),
        "proxy": format!("http://{}", entra.proxy_address()),
        "environments": entra.environments(),
    })
}

fn config(arguments: Arguments) -> Result<CloudConfig, Error> {
    let mut config = match &arguments.config {
        None => CloudConfig::default(),
        Some(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| {
                Error::new(Code::ArgumentInvalid, format!("{} could not be read: {error}", path.display()))
            })?;
            CloudConfig::from_json(&text).map_err(failed)?
        }
    };
    if let (Some(id), Some(secret)) = (&arguments.access_key, &arguments.secret_key) {
        let session_token = arguments.session_token.clone();
        config.keys.push(AccessKey { id: id.clone(), secret: secret.clone(), session_token, expires: None });
    }
    config.control = arguments.control.or(config.control);
    config.clock = arguments.clock.or(config.clock);
    if config.cache.is_some() || arguments.cluster.is_some() {
        cache(config.cache.get_or_insert_default(), arguments);
    }
    Ok(config)
}

/// What the options change in the cache.
fn cache(config: &mut Config, arguments: Arguments) {
    config.users.extend(arguments.users.into_iter().map(User::from));
    config.serverless |= arguments.serverless;
    config.plaintext |= arguments.plaintext;
    config.token_life = arguments.token_life.or(config.token_life);
    config.session_limit = arguments.session_limit.or(config.session_limit);
    config.server = arguments.server.or(config.server.take());
    replace(&mut config.listen, arguments.listen);
    replace(&mut config.shards, arguments.shards);
    replace(&mut config.replicas, arguments.replicas);
    replace(&mut config.cluster, arguments.cluster);
    replace(&mut config.region, arguments.region);
    replace(&mut config.time_scale, arguments.time_scale);
    let service = arguments.service.map(|service| match service {
        ServiceName::Elasticache => Service::ElastiCache,
        ServiceName::Memorydb => Service::MemoryDb,
        ServiceName::Azure => Service::Azure,
    });
    replace(&mut config.service, service);
    let backend = arguments.backend.map(|backend| match backend.as_str() {
        "auto" => Backend::Auto,
        url => Backend::Url(url.to_owned()),
    });
    replace(&mut config.backend, backend);
}

fn replace<T>(setting: &mut T, given: Option<T>) {
    if let Some(given) = given {
        *setting = given;
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

fn listen_for(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Error> {
    signal(kind).map_err(|error| Error::new(Code::Internal, format!("no signal handler: {error}")))
}

fn failed(error: keyrotor_emulator::Error) -> Error {
    Error::new(Code::ArgumentInvalid, format!("the emulator did not start: {error}"))
}
