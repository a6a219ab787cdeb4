//! GLIDE's request as the core's message. Whether it makes sense is for the core to say.

use keyrotor_proto as proto;
use keyrotor_proto::connection_request::PeriodicChecks;
use keyrotor_proto::{PeriodicChecksDisabled, PeriodicChecksManualInterval, PubSubChannelsOrPatterns};
use redis::ProtocolVersion;

use super::types::{
    AuthenticationInfo, ConnectionRequest, ConnectionRetryStrategy, IamAuthenticationConfig, NodeAddress,
    PeriodicCheck, PubSubSubscriptionInfo, PubSubSubscriptionKind, ReadFrom, TlsMode,
};
use crate::Code;
use crate::error::{Error, Result};
use crate::glide::iam::{self, ServiceType};

pub(super) fn request(request: ConnectionRequest) -> Result<proto::ConnectionRequest> {
    let tls_mode = tls_mode(&request);
    let login = login(&request);
    let (read_from, client_az) = read_from(request.read_from);
    let database_id = u32::try_from(request.database_id).map_err(|_| {
        Error::config(Code::ConfigInvalid, "database_id", "must be 0 or more, and fit into 32 bits")
    })?;
    let resp2 = request.protocol == Some(ProtocolVersion::RESP2);
    let protocol = if resp2 { proto::ProtocolVersion::Resp2 } else { proto::ProtocolVersion::Resp3 };
    Ok(proto::ConnectionRequest {
        addresses: request.addresses.into_iter().map(address).collect(),
        tls_mode: tls_mode.into(),
        cluster_mode_enabled: request.cluster_mode_enabled,
        request_timeout: request.request_timeout.unwrap_or(0),
        read_from: read_from.into(),
        connection_retry_strategy: request.connection_retry_strategy.map(retry),
        authentication_info: login.info,
        fallback_credentials: login.fallback,
        database_id,
        protocol: protocol.into(),
        client_name: request.client_name.unwrap_or_default(),
        periodic_checks: request.periodic_checks.and_then(periodic_checks),
        pubsub_subscriptions: request.pubsub_subscriptions.map(subscriptions),
        inflight_requests_limit: request.inflight_requests_limit.unwrap_or(0),
        client_az,
        connection_timeout: request.connection_timeout.unwrap_or(0),
        lazy_connect: request.lazy_connect,
        refresh_topology_from_initial_nodes: request.refresh_topology_from_initial_nodes,
        lib_name: request.lib_name.unwrap_or_default(),
        root_certs: request.root_certs,
        client_cert: request.client_cert,
        client_key: request.client_key,
        tcp_nodelay: request.tcp_nodelay,
        ..proto::ConnectionRequest::default()
    })
}

fn tls_mode(request: &ConnectionRequest) -> proto::TlsMode {
    let is_iam = request.authentication_info.as_ref().is_some_and(|info| info.iam_config.is_some());
    match request.tls_mode {
        Some(TlsMode::NoTls) => proto::TlsMode::NoTls,
        Some(TlsMode::InsecureTls) => proto::TlsMode::InsecureTls,
        Some(TlsMode::SecureTls) => proto::TlsMode::SecureTls,
        None if is_iam => proto::TlsMode::SecureTls,
        None => proto::TlsMode::NoTls,
    }
}

/// Tokens first; a password beside them is for where none can be made.
#[derive(Default)]
struct Login {
    info: Option<proto::AuthenticationInfo>,
    fallback: Option<proto::ServerCredentials>,
}

fn login(request: &ConnectionRequest) -> Login {
    let Some(info) = &request.authentication_info else { return Login::default() };
    let AuthenticationInfo { username, password, iam_config } = info;
    let username = username.clone().unwrap_or_default();
    let by_password =
        password.clone().map(|password| proto::ServerCredentials { username: username.clone(), password });
    match iam_config {
        Some(config) => {
            let iam = tokens(config, username, request);
            Login { info: Some(iam::authentication_info(iam)), fallback: by_password }
        }
        None => {
            let credentials = by_password.map(proto::authentication_info::Credentials::ServerCredentials);
            Login { info: Some(proto::AuthenticationInfo { credentials }), fallback: None }
        }
    }
}

fn tokens(
    config: &IamAuthenticationConfig,
    username: String,
    request: &ConnectionRequest,
) -> proto::IamCredentials {
    let names = |part| request.addresses.first().is_some_and(|address| address.host.contains(part));
    let service = request.service_type.unwrap_or(match names(".memorydb.") {
        true => ServiceType::MemoryDB,
        false => ServiceType::ElastiCache,
    });
    proto::IamCredentials {
        cluster_name: config.cluster_name.clone(),
        username,
        region: Some(config.region.clone()),
        refresh_interval_minutes: config.refresh_interval_minutes,
        service_type: proto::ServiceType::from(service).into(),
        serverless: request.is_serverless.unwrap_or_else(|| names(".serverless.")),
        ..proto::IamCredentials::default()
    }
}

fn address(address: NodeAddress) -> proto::NodeAddress {
    proto::NodeAddress { host: address.host, port: address.port.into(), ..proto::NodeAddress::default() }
}

fn read_from(read_from: Option<ReadFrom>) -> (proto::ReadFrom, String) {
    match read_from.unwrap_or_default() {
        ReadFrom::Primary => (proto::ReadFrom::Primary, String::new()),
        ReadFrom::PreferReplica => (proto::ReadFrom::PreferReplica, String::new()),
        ReadFrom::AZAffinity(zone) => (proto::ReadFrom::AzAffinity, zone),
        ReadFrom::AZAffinityReplicasAndPrimary(zone) => (proto::ReadFrom::AzAffinityReplicasAndPrimary, zone),
    }
}

fn retry(strategy: ConnectionRetryStrategy) -> proto::ConnectionRetryStrategy {
    let ConnectionRetryStrategy { exponent_base, factor, number_of_retries, jitter_percent } = strategy;
    proto::ConnectionRetryStrategy { number_of_retries, factor, exponent_base, jitter_percent }
}

fn periodic_checks(check: PeriodicCheck) -> Option<PeriodicChecks> {
    match check {
        PeriodicCheck::Enabled => None,
        PeriodicCheck::Disabled => Some(PeriodicChecks::PeriodicChecksDisabled(PeriodicChecksDisabled {})),
        PeriodicCheck::ManualInterval(interval) => {
            let duration_in_sec = u32::try_from(interval.as_secs()).unwrap_or(u32::MAX);
            let interval = PeriodicChecksManualInterval { duration_in_sec };
            Some(PeriodicChecks::PeriodicChecksManualInterval(interval))
        }
    }
}

fn subscriptions(wanted: PubSubSubscriptionInfo) -> proto::PubSubSubscriptions {
    let by_type = wanted.into_iter().map(|(kind, names)| {
        let number = match kind {
            PubSubSubscriptionKind::Exact => 0,
            PubSubSubscriptionKind::Pattern => 1,
            PubSubSubscriptionKind::Sharded => 2,
        };
        (number, PubSubChannelsOrPatterns { channels_or_patterns: names.into_iter().collect() })
    });
    proto::PubSubSubscriptions { channels_or_patterns_by_type: by_type.collect() }
}

#[cfg(test)]
mod tests;
