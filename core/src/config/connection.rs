//! A [`ConnectionRequest`], checked, with its defaults filled in.

use std::sync::Arc;
use std::time::Duration;

use keyrotor_proto::authentication_info::Credentials;
use keyrotor_proto::{
    Code, ConnectionRequest, NodeAddress, ProtocolVersion, PubSubSubscriptions, ServerCredentials, TlsMode,
};

use super::cluster::{ClusterSettings, cluster};
use super::refresh::refresh;
use super::{Login, conflict, invalid, login, missing, unsupported};
use crate::callbacks::Callbacks;
use crate::clock::{Clock, SystemClock};
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::secret::Secret;

const DEFAULT_PORT: u16 = 6379;
const DEFAULT_REQUEST_TIMEOUT: u32 = 1000;
const DEFAULT_CONNECTION_TIMEOUT: u32 = 2000;
/// Pace of reconnects after TCP or TLS failed: 50 ms, doubling, to 500 ms.
const DEFAULT_RETRY: Retry = Retry {
    first: Duration::from_millis(50),
    base: 2.0,
    cap: Duration::from_millis(500),
    jitter_percentage: None,
};
/// Reconnecting more rarely than once an hour is not reconnecting.
const LONGEST_PAUSE: f64 = 3600.0;

/// What a client needs to run.
pub(crate) struct Settings {
    /// In the order in which they are tried.
    pub(crate) addresses: Vec<Address>,
    pub(crate) tls: Option<Tls>,
    pub(crate) request_timeout: Duration,
    /// For each of TCP, TLS and login.
    pub(crate) connection_timeout: Duration,
    pub(crate) retry: Retry,
    pub(crate) login: Option<Login>,
    /// For where no token can be made.
    pub(crate) fallback: Option<Arc<Credential>>,
    pub(crate) database: u32,
    pub(crate) resp3: bool,
    pub(crate) client_name: Option<String>,
    pub(crate) lib_name: Option<String>,
    pub(crate) nodelay: bool,
    pub(crate) inflight_limit: Option<usize>,
    pub(crate) identity: IdentityCheck,
    /// Nothing is dialled before the first command.
    pub(crate) is_lazy: bool,
    /// `None`: one server.
    pub(crate) cluster: Option<ClusterSettings>,
    pub(crate) subscriptions: Option<Subscriptions>,
}

/// What a subscriber begins with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subscriptions {
    pub(crate) channels: Vec<Vec<u8>>,
    pub(crate) patterns: Vec<Vec<u8>>,
}

/// Whether the server is asked whose login a connection has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdentityCheck {
    Never,
    /// A server that does not say is trusted.
    Asked,
    Required,
}

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Address {
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl std::fmt::Display for Address {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}:{}", self.host, self.port)
    }
}

/// How the server is verified, and what it is shown.
pub(crate) struct Tls {
    pub(crate) is_verified: bool,
    /// PEM; empty for the system's roots.
    pub(crate) roots: Vec<Vec<u8>>,
    /// PEM of certificate and key.
    pub(crate) client: Option<(Vec<u8>, Vec<u8>)>,
    pub(crate) server_name: Option<String>,
}

/// Growing pauses between reconnects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retry {
    pub(crate) first: Duration,
    pub(crate) base: f64,
    /// Where the pauses stop growing; reconnecting itself never stops.
    pub(crate) cap: Duration,
    /// Unset: full jitter.
    pub(crate) jitter_percentage: Option<u32>,
}

/// Checks a request and fills in the defaults. No I/O.
pub(crate) fn connection(request: ConnectionRequest, callbacks: &Callbacks) -> Result<Settings> {
    refuse_unsupported(&request)?;
    refuse_database_tokens(&request)?;
    let cluster = cluster(&request)?;
    let identity = identity(&request);
    let has_credentials = request.authentication_info.is_some();
    if request.require_iam && !has_credentials {
        let advice = "require_iam is set, and no credentials are: set iam_credentials, or unset require_iam";
        return Err(missing("authentication_info", advice));
    }
    if !has_credentials {
        refuse_without_credentials(&request)?;
    }
    let tls = tls(&request)?;
    let policy = request.refresh.unwrap_or_default();
    let refresh = refresh(policy, request.lazy_refresh)?;
    let login = request
        .authentication_info
        .map(|info| login(info, refresh, callbacks, "authentication_info"))
        .transpose()?;
    if let Some(login) = &login {
        if request.require_iam && !login.is_token {
            let message =
                "require_iam is set, and this is a password: set iam_credentials, or unset require_iam";
            return Err(conflict("authentication_info.server_credentials", message));
        }
        refuse_exposure(login, tls.as_ref(), request.allow_plaintext, request.allow_unverified_tls)?;
    }
    let fallback = fallback(request.fallback_credentials, login.as_ref(), tls.as_ref(), request.require_iam)?;
    let resp3 = request.protocol == i32::from(ProtocolVersion::Resp3);
    Ok(Settings {
        addresses: addresses(request.addresses)?,
        tls,
        request_timeout: milliseconds(request.request_timeout, DEFAULT_REQUEST_TIMEOUT),
        connection_timeout: milliseconds(request.connection_timeout, DEFAULT_CONNECTION_TIMEOUT),
        retry: retry(request.connection_retry_strategy)?,
        login,
        fallback,
        database: request.database_id,
        resp3,
        client_name: word(request.client_name, "client_name")?,
        lib_name: word(request.lib_name, "lib_name")?,
        nodelay: request.tcp_nodelay.unwrap_or(true),
        inflight_limit: usize::try_from(request.inflight_requests_limit).ok().filter(|limit| *limit > 0),
        identity,
        is_lazy: request.lazy_connect,
        subscriptions: subscriptions(request.pubsub_subscriptions, request.lazy_connect)?,
        cluster,
    })
}

/// What is accepted works; so what does not work yet is refused by name.
fn refuse_unsupported(request: &ConnectionRequest) -> Result<()> {
    let refused = [
        (!request.client_az.is_empty(), "client_az"),
        (request.client_cert_path.is_some(), "client_cert_path"),
        (request.client_key_path.is_some(), "client_key_path"),
        (request.cert_reload.is_some(), "cert_reload"),
    ];
    match refused.iter().find(|(is_set, _)| *is_set) {
        Some((_, field)) => Err(unsupported(*field)),
        None => Ok(()),
    }
}

/// Settings of a login, where there is none.
fn refuse_without_credentials(request: &ConnectionRequest) -> Result<()> {
    let without_login = "has no use without authentication_info: set credentials, or leave it out";
    let settings = [
        (request.verify_identity, "verify_identity"),
        (request.require_identity, "require_identity"),
        (request.refresh.is_some(), "refresh"),
        (request.lazy_refresh.is_some(), "lazy_refresh"),
    ];
    match settings.iter().find(|(is_set, _)| *is_set) {
        Some((_, field)) => Err(conflict(*field, without_login)),
        None => Ok(()),
    }
}

fn refuse_database_tokens(request: &ConnectionRequest) -> Result<()> {
    let credentials = request.authentication_info.as_ref().and_then(|info| info.credentials.as_ref());
    let arm = match credentials {
        Some(Credentials::RdsCredentials(_)) => "rds_credentials",
        Some(Credentials::DsqlCredentials(_)) => "dsql_credentials",
        _ => return Ok(()),
    };
    let message = "a cache takes no token of a database's: set iam_credentials, or use a token manager with your \
                   database's own client";
    Err(conflict(format!("authentication_info.{arm}"), message))
}

/// The password for where no token can be made. It goes to a verified server only.
fn fallback(
    credentials: Option<ServerCredentials>,
    login: Option<&Login>,
    tls: Option<&Tls>,
    requires_token: bool,
) -> Result<Option<Arc<Credential>>> {
    const FIELD: &str = "fallback_credentials";
    let Some(ServerCredentials { username, password }) = credentials else { return Ok(None) };
    if password.is_empty() {
        return Err(missing(format!("{FIELD}.password"), "set the password of this user"));
    }
    if !login.is_some_and(|login| login.is_token) {
        let message = "is for where no token can be made, and none is asked for: set iam_credentials, or make it \
                       authentication_info.server_credentials";
        return Err(conflict(FIELD, message));
    }
    let is_verified = tls.is_some_and(|tls| tls.is_verified);
    if requires_token || !is_verified {
        let why = if requires_token { "require_iam is set" } else { "the server is not verified" };
        tracing::warn!("{FIELD} is ignored, since {why}");
        return Ok(None);
    }
    Ok(Some(Arc::new(Credential {
        user: username.into(),
        secret: Secret::new(password),
        issued_at: SystemClock::default().wall(),
        expires_at: None,
        generation: 0,
    })))
}

/// A token is a password for a quarter of an hour: it goes only to a server that was verified.
fn refuse_exposure(
    login: &Login,
    tls: Option<&Tls>,
    plaintext_is_fine: bool,
    unverified_is_fine: bool,
) -> Result<()> {
    if !login.is_token {
        return Ok(());
    }
    let insecure = |message| Err(Error::config(Code::ConfigInsecure, "tls_mode", message));
    match tls {
        None if !plaintext_is_fine => insecure(
            "a token would travel in the clear: set SecureTls (ElastiCache and MemoryDB take IAM logins over TLS \
             only), or allow_plaintext for a test",
        ),
        Some(tls) if !tls.is_verified && !unverified_is_fine => insecure(
            "a token would travel to a server that nobody verified: set SecureTls, or allow_unverified_tls for a test",
        ),
        _ => Ok(()),
    }
}

fn addresses(addresses: Vec<NodeAddress>) -> Result<Vec<Address>> {
    if addresses.is_empty() {
        return Err(missing("addresses", "set the host and port of at least one server"));
    }
    addresses
        .into_iter()
        .map(|address| {
            if address.host.is_empty() {
                return Err(missing("addresses.host", "set the server's host name or address"));
            }
            match u16::try_from(address.port) {
                Ok(0) => Ok(Address { host: address.host, port: DEFAULT_PORT }),
                Ok(port) => Ok(Address { host: address.host, port }),
                Err(_) => Err(invalid("addresses.port", "must be at most 65535")),
            }
        })
        .collect()
}

fn tls(request: &ConnectionRequest) -> Result<Option<Tls>> {
    let mode = request.tls_mode();
    let client = match (request.client_cert.is_empty(), request.client_key.is_empty()) {
        (true, true) => None,
        (false, false) => Some((request.client_cert.clone(), request.client_key.clone())),
        (true, false) => {
            return Err(missing("client_cert", "client_key is set; set its certificate too"));
        }
        (false, true) => return Err(missing("client_key", "client_cert is set; set its key too")),
    };
    if mode == TlsMode::NoTls {
        let without_tls =
            "has no use while tls_mode is NoTls (the default): set tls_mode to SecureTls, or leave it out";
        for (is_set, field) in [
            (!request.root_certs.is_empty(), "root_certs"),
            (client.is_some(), "client_cert"),
            (request.server_name.is_some(), "server_name"),
        ] {
            if is_set {
                return Err(conflict(field, without_tls));
            }
        }
        return Ok(None);
    }
    if mode == TlsMode::InsecureTls && !request.root_certs.is_empty() {
        return Err(conflict(
            "root_certs",
            "has no use with InsecureTls, which verifies nothing: set SecureTls",
        ));
    }
    Ok(Some(Tls {
        is_verified: mode == TlsMode::SecureTls,
        roots: request.root_certs.clone(),
        client,
        server_name: request.server_name.clone().filter(|name| !name.is_empty()),
    }))
}

/// The kinds of subscriptions are GLIDE's: 0 channels, 1 patterns, 2 channels of shards.
fn subscriptions(wanted: Option<PubSubSubscriptions>, is_lazy: bool) -> Result<Option<Subscriptions>> {
    let Some(wanted) = wanted else { return Ok(None) };
    if is_lazy {
        let message = "a subscriber connects at once, and lazy_connect is set: leave out one of them";
        return Err(conflict("pubsub_subscriptions", message));
    }
    let mut subscriptions = Subscriptions::default();
    for (kind, names) in wanted.channels_or_patterns_by_type {
        match kind {
            0 => subscriptions.channels = names.channels_or_patterns,
            1 => subscriptions.patterns = names.channels_or_patterns,
            2 => return Err(unsupported("pubsub_subscriptions.channels_or_patterns_by_type.2")),
            _ => {
                let field = "pubsub_subscriptions.channels_or_patterns_by_type";
                return Err(invalid(field, "a kind is 0 (channels) or 1 (patterns)"));
            }
        }
    }
    Ok(Some(subscriptions))
}

fn identity(request: &ConnectionRequest) -> IdentityCheck {
    match (request.require_identity, request.verify_identity) {
        (true, _) => IdentityCheck::Required,
        (false, true) => IdentityCheck::Asked,
        (false, false) => IdentityCheck::Never,
    }
}

fn retry(strategy: Option<keyrotor_proto::ConnectionRetryStrategy>) -> Result<Retry> {
    let Some(strategy) = strategy else {
        return Ok(DEFAULT_RETRY);
    };
    if strategy.factor == 0 || strategy.exponent_base == 0 {
        let advice = "factor (ms) and exponent_base must both be at least 1";
        return Err(invalid("connection_retry_strategy", advice));
    }
    if strategy.jitter_percent.is_some_and(|percent| percent > 100) {
        return Err(invalid("connection_retry_strategy.jitter_percent", "must be at most 100"));
    }
    let first = Duration::from_millis(u64::from(strategy.factor));
    let base = f64::from(strategy.exponent_base);
    let steps = i32::try_from(strategy.number_of_retries).unwrap_or(i32::MAX);
    let cap = (first.as_secs_f64() * base.powi(steps)).min(LONGEST_PAUSE);
    Ok(Retry { first, base, cap: Duration::from_secs_f64(cap), jitter_percentage: strategy.jitter_percent })
}

fn milliseconds(value: u32, default: u32) -> Duration {
    Duration::from_millis(u64::from(if value == 0 { default } else { value }))
}

/// CLIENT SETNAME and SETINFO take no spaces and no control characters.
fn word(text: String, field: &str) -> Result<Option<String>> {
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(invalid(field, "must not hold spaces or control characters"));
    }
    Ok(Some(text).filter(|text| !text.is_empty()))
}
