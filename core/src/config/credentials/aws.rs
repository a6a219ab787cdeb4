//! The AWS arms of the `oneof`.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::{DsqlCredentials, IamCredentials, RdsCredentials, ServiceType};

use super::{Lease, Login};
use crate::callbacks::Callbacks;
use crate::config::{conflict, duration, invalid, missing};
use crate::error::Result;
use crate::manager::TokenRefreshConfig;
use crate::source::aws::{AwsSource, Region, Target};
use signer::Signer;

mod signer;

/// ElastiCache and MemoryDB end a connection this long after its last login.
const LEASE: Duration = Duration::from_secs(12 * 3600);
/// Below it the one-second dates of SigV4 leave no room for a margin and a refresh.
const SHORTEST_LIFE: u32 = 5;

/// The fields that all AWS arms share, under the path of one of them.
struct Common {
    path: &'static str,
    region: Option<String>,
    signer: Signer,
    token_life_seconds: Option<u32>,
    interval: Option<Duration>,
}

/// Takes the shared fields out of any of the three messages.
macro_rules! common {
    ($credentials:ident, $path:ident, $interval:ident) => {
        Common {
            path: $path,
            region: $credentials.region.filter(|region| !region.is_empty()),
            signer: Signer {
                profile: $credentials.profile,
                access_key: $credentials.access_key,
                key_source: $credentials.key_source,
                role_arn: $credentials.role_arn,
                external_id: $credentials.external_id,
                endpoint: $credentials.endpoint,
            },
            token_life_seconds: $credentials.token_life_seconds,
            interval: $interval,
        }
    };
}

pub(super) fn iam(
    credentials: IamCredentials,
    mut refresh: TokenRefreshConfig,
    callbacks: &Callbacks,
) -> Result<Login> {
    let path = "authentication_info.iam_credentials";
    let at = |field: &str| format!("{path}.{field}");
    let is_memorydb = credentials.service_type() == ServiceType::Memorydb;
    if is_memorydb && credentials.serverless {
        return Err(conflict(at("serverless"), "MemoryDB has no serverless clusters; leave it out"));
    }
    let cluster = cache_name(credentials.cluster_name, &at("cluster_name"), CLUSTER_ADVICE)?;
    let user = cache_name(credentials.username, &at("username"), "set the user to log in as")?;
    let interval = match (credentials.refresh_interval_minutes, credentials.refresh_interval) {
        (Some(_), Some(_)) => {
            let message = "refresh_interval_minutes is set too; set one of them";
            return Err(conflict(at("refresh_interval"), message));
        }
        (Some(minutes), None) => Some(Duration::from_secs(u64::from(minutes) * 60)),
        (None, Some(interval)) => Some(duration(interval, &at("refresh_interval"))?),
        (None, None) => None,
    };
    let target = if is_memorydb {
        Target::MemoryDb { cluster, user }
    } else {
        Target::ElastiCache { cluster, user, serverless: credentials.serverless }
    };
    let common = common!(credentials, path, interval);
    let source = source(target, None, common, &mut refresh, callbacks)?;
    let lease = lease(credentials.lease_seconds, &at("lease_seconds"))?;
    Ok(Login {
        source: Arc::new(source),
        refresh,
        interval_field: "authentication_info.iam_credentials.refresh_interval",
        lease: Lease::For(lease),
        is_token: true,
        password: None,
    })
}

pub(super) fn rds(
    credentials: RdsCredentials,
    mut refresh: TokenRefreshConfig,
    callbacks: &Callbacks,
) -> Result<Login> {
    let path = "authentication_info.rds_credentials";
    let at = |field: &str| format!("{path}.{field}");
    let host = host_name(credentials.host, &at("host"))?;
    if credentials.username.is_empty() {
        return Err(missing(at("username"), "set the database user to log in as"));
    }
    let port = match u16::try_from(credentials.port) {
        Ok(0) => {
            return Err(missing(at("port"), "set the database's port; it is part of what is signed"));
        }
        Ok(port) => port,
        Err(_) => return Err(invalid(at("port"), "must be at most 65535")),
    };
    let interval = credentials.refresh_interval.map(|d| duration(d, &at("refresh_interval"))).transpose()?;
    let common = common!(credentials, path, interval);
    let target = Target::Rds { host, port, user: credentials.username };
    let source = source(target, None, common, &mut refresh, callbacks)?;
    Ok(database_login(source, refresh, "authentication_info.rds_credentials.refresh_interval"))
}

pub(super) fn dsql(
    credentials: DsqlCredentials,
    mut refresh: TokenRefreshConfig,
    callbacks: &Callbacks,
) -> Result<Login> {
    let path = "authentication_info.dsql_credentials";
    let at = |field: &str| format!("{path}.{field}");
    let host = host_name(credentials.host, &at("host"))?;
    let user = match (credentials.username, credentials.admin) {
        (Some(user), true) if user != "admin" => {
            return Err(conflict(
                at("username"),
                "admin is set, and its user is `admin`; leave one of them out",
            ));
        }
        (Some(user), _) => user,
        (None, true) => "admin".to_owned(),
        (None, false) => String::new(),
    };
    let interval = credentials.refresh_interval.map(|d| duration(d, &at("refresh_interval"))).transpose()?;
    let common = common!(credentials, path, interval);
    let source =
        source(Target::Dsql { host, admin: credentials.admin }, Some(user), common, &mut refresh, callbacks)?;
    Ok(database_login(source, refresh, "authentication_info.dsql_credentials.refresh_interval"))
}

/// No login of a database's is prolonged by another: established connections outlive their tokens.
fn database_login(source: AwsSource, refresh: TokenRefreshConfig, interval_field: &'static str) -> Login {
    Login {
        source: Arc::new(source),
        refresh,
        interval_field,
        lease: Lease::Forever,
        is_token: true,
        password: None,
    }
}

fn source(
    target: Target,
    user: Option<String>,
    common: Common,
    refresh: &mut TokenRefreshConfig,
    callbacks: &Callbacks,
) -> Result<AwsSource> {
    let target = target.canonical();
    let user: Arc<str> = user.or_else(|| target.user().map(str::to_owned)).unwrap_or_default().into();
    let life = life(&target, common.token_life_seconds, common.path)?;
    refresh.interval = common.interval;
    let region = match common.region {
        Some(region) => Region::Explicit(region),
        None => Region::FromSurroundings {
            profile: common.signer.profile.clone(),
            field: region_field(common.path),
        },
    };
    let keys = common.signer.keys(&region, callbacks, common.path)?;
    Ok(AwsSource::new(target, user, life, region, keys))
}

fn region_field(path: &str) -> &'static str {
    match path {
        "authentication_info.rds_credentials" => "authentication_info.rds_credentials.region",
        "authentication_info.dsql_credentials" => "authentication_info.dsql_credentials.region",
        _ => "authentication_info.iam_credentials.region",
    }
}

fn life(target: &Target, seconds: Option<u32>, path: &str) -> Result<Duration> {
    let Some(seconds) = seconds else {
        return Ok(target.default_life());
    };
    let life = Duration::from_secs(u64::from(seconds));
    if seconds < SHORTEST_LIFE || life > target.longest_life() {
        return Err(invalid(
            format!("{path}.token_life_seconds"),
            format!(
                "{seconds} is out of bounds: from {SHORTEST_LIFE} to {}",
                target.longest_life().as_secs()
            ),
        ));
    }
    Ok(life)
}

fn lease(seconds: Option<u32>, field: &str) -> Result<Duration> {
    let Some(seconds) = seconds else { return Ok(LEASE) };
    let lease = Duration::from_secs(u64::from(seconds));
    if seconds < SHORTEST_LIFE || lease > LEASE {
        return Err(invalid(
            field,
            format!("{seconds} is out of bounds: from {SHORTEST_LIFE} to {}", LEASE.as_secs()),
        ));
    }
    Ok(lease)
}

const CLUSTER_ADVICE: &str = "set the replication group id, the serverless cache's name or the MemoryDB cluster's name \
                              (not the endpoint)";

/// Names outside a service's pattern are signed all the same; what no name can hold is refused.
fn cache_name(name: String, field: &str, advice: &str) -> Result<String> {
    if name.is_empty() {
        return Err(missing(field, advice));
    }
    if name.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(invalid(field, "holds a space or a control character; no cache or user has such a name"));
    }
    Ok(name)
}

fn host_name(host: String, field: &str) -> Result<String> {
    if host.is_empty() {
        return Err(missing(field, "set the database's own endpoint"));
    }
    if host.chars().any(|c| c.is_whitespace() || c.is_control() || c == '/' || c == ':') {
        return Err(invalid(field, "must be a host name alone, without scheme, port or path"));
    }
    Ok(host)
}
