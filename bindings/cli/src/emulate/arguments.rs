//! The options of `keyrotor emulate`.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};
use keyrotor_emulator::Service;
use keyrotor_emulator::credentials::Provider;

use crate::time;

#[derive(Debug, Args)]
#[command(after_help = CONTROL)]
pub(crate) struct Arguments {
    /// File with the settings, or the JSON itself; the options below add to it
    #[arg(long, value_name = "FILE|JSON")]
    pub(super) config: Option<OsString>,
    /// Access key id whose signatures count [default: AKIDEXAMPLE, with a secret that is printed]
    #[arg(long, requires = "secret_key")]
    pub(super) access_key: Option<String>,
    /// Its secret; one that is made up
    #[arg(long, requires = "access_key")]
    pub(super) secret_key: Option<String>,
    /// Its session token, where it is a temporary key
    #[arg(long, requires = "access_key")]
    pub(super) session_token: Option<String>,
    /// Judge tokens as of this moment, running on from it [default: now]
    #[arg(long, value_parser = time::parse)]
    pub(super) clock: Option<SystemTime>,
    /// Where the control API listens; loopback only [default: 127.0.0.1:0, a free port]
    #[arg(long, conflicts_with = "no_control")]
    pub(super) control: Option<SocketAddr>,
    /// Offer no control API
    #[arg(long)]
    pub(super) no_control: bool,
    /// Keep the certificate authority in this folder, so that clients need to be told of it once
    #[arg(long, value_name = "DIR")]
    pub(super) ca_dir: Option<PathBuf>,
    /// Write the environment of an application that uses it into this file, a NAME=value a line; `-` prints it
    #[arg(long, value_name = "FILE")]
    pub(super) env: Option<PathBuf>,
    /// Set a fault from the start, as a POST to the control API would: `refuse`, `stall={"milliseconds": 200}`,
    /// `rds/faults/throttle`; may be repeated
    #[arg(long = "fault", value_name = "NAME[=JSON]", value_parser = fault)]
    pub(super) faults: Vec<(String, serde_json::Value)>,
    /// Print one line of JSON when ready
    #[arg(long)]
    pub(super) json: bool,
    /// Say nothing of refused logins
    #[arg(long, short)]
    pub(super) quiet: bool,
    /// End when standard input does, as when the program that started this one dies
    #[arg(long)]
    pub(super) until_eof: bool,
    /// Run this with the environment of an application that uses it, and end with its exit status
    #[arg(last = true, conflicts_with_all = ["json", "until_eof"])]
    pub(super) command: Vec<OsString>,
    /// Play RDS for PostgreSQL too, with a role `app` that logs in with tokens
    #[arg(long)]
    pub(super) rds: bool,
    /// Play Aurora DSQL too
    #[arg(long)]
    pub(super) dsql: bool,
    /// Play Entra too, as `--service azure` does; the application gets its tokens in this way [default:
    /// service-principal]
    #[arg(long, value_enum, value_name = "WAY", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "service-principal")]
    pub(super) entra: Option<EntraWay>,
    // These come last: a heading holds for all that follows.
    #[command(flatten)]
    pub(super) cache: Cache,
    #[command(flatten)]
    pub(super) credentials: Credentials,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Cache")]
pub(super) struct Cache {
    /// Play no cache
    #[arg(long)]
    pub(super) no_cache: bool,
    /// Where clients connect [default: 127.0.0.1:0, a free port]
    #[arg(long)]
    pub(super) listen: Option<SocketAddr>,
    /// The service that is played [default: elasticache]
    #[arg(long, value_enum)]
    pub(super) service: Option<ServiceName>,
    /// Play a serverless cache
    #[arg(long)]
    pub(super) serverless: bool,
    /// A user that may log in; may be repeated [default: app]
    #[arg(long = "user", value_name = "USER")]
    pub(super) users: Vec<String>,
    /// Name of the cache or cluster [default: my-cluster]
    #[arg(long)]
    pub(super) cluster: Option<String>,
    /// Region of the cache [default: us-east-1]
    #[arg(long)]
    pub(super) region: Option<String>,
    /// Divide the lives of tokens and sessions by this
    #[arg(long)]
    pub(super) time_scale: Option<f64>,
    /// Longest life of a token, in seconds
    #[arg(long, value_parser = seconds)]
    pub(super) token_life: Option<Duration>,
    /// Longest session without a new token, in seconds
    #[arg(long, value_parser = seconds)]
    pub(super) session_limit: Option<Duration>,
    /// The server behind: `auto` starts a redis-server, or a redis:// URL [default: auto]
    #[arg(long)]
    pub(super) backend: Option<String>,
    /// The server program that `auto` starts, by name or path [default: redis-server, then valkey-server]
    #[arg(long)]
    pub(super) server: Option<PathBuf>,
    /// Play a cluster with this many shards, on ports that follow --listen [default: no cluster mode]
    #[arg(long, value_name = "N")]
    pub(super) shards: Option<usize>,
    /// Replicas of each shard [default: none]
    #[arg(long, value_name = "N", requires = "shards")]
    pub(super) replicas: Option<usize>,
    /// Speak without TLS
    #[arg(long)]
    pub(super) plaintext: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Credential endpoints")]
pub(super) struct Credentials {
    /// Play AWS's credential endpoints too; the application gets its keys there, in this way [default: ecs]
    #[arg(long = "credentials", value_enum, value_name = "WAY", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "ecs")]
    pub(super) way: Option<Way>,
    /// Life of those keys, in seconds, at least 5
    #[arg(long = "credentials-life", value_name = "SECONDS", value_parser = seconds)]
    pub(super) life: Option<Duration>,
}

/// How an application finds its keys.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Way {
    Imds,
    Ecs,
    PodIdentity,
    WebIdentity,
}

/// How an application gets tokens of Entra.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
pub(super) enum EntraWay {
    #[default]
    ServicePrincipal,
    WorkloadIdentity,
    AppService,
    Imds,
}

impl EntraWay {
    /// Its name among the emulator's environments.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::ServicePrincipal => "service-principal",
            Self::WorkloadIdentity => "workload-identity",
            Self::AppService => "app-service",
            Self::Imds => "imds",
        }
    }
}

impl From<Way> for Provider {
    fn from(way: Way) -> Self {
        match way {
            Way::Imds => Self::Imds,
            Way::Ecs => Self::Ecs,
            Way::PodIdentity => Self::PodIdentity,
            Way::WebIdentity => Self::WebIdentity,
        }
    }
}

const CONTROL: &str = "\
Control API (HTTP and JSON):
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
  POST /cluster/reshard          {\"slots\": 100, \"from\": 0, \"to\": 1}
  The documentation of the crate keyrotor-emulator, module control, lists the rest.

Examples:
  keyrotor emulate                                  a cache, and what to paste into your application's shell
  keyrotor emulate -- pytest                        runs your tests against it
  keyrotor emulate --token-life 10 --session-limit 20 --env cache.env";

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum ServiceName {
    Elasticache,
    Memorydb,
    /// Azure's Redis, whose tokens are Entra's
    Azure,
}

impl From<ServiceName> for Service {
    fn from(name: ServiceName) -> Self {
        match name {
            ServiceName::Elasticache => Self::ElastiCache,
            ServiceName::Memorydb => Self::MemoryDb,
            ServiceName::Azure => Self::Azure,
        }
    }
}

/// A fault's path in the control API, and the body.
fn fault(text: &str) -> Result<(String, serde_json::Value), String> {
    let (name, body) = text.split_once('=').unwrap_or((text, "{}"));
    let path = match name.trim_start_matches('/') {
        name if name.contains('/') => format!("/{name}"),
        name => format!("/faults/{name}"),
    };
    let body = serde_json::from_str(body).map_err(|error| format!("{name}: not JSON: {error}"))?;
    Ok((path, body))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|error| format!("{error}"))?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
