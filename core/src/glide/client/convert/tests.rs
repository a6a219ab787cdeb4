use std::collections::{HashMap, HashSet};
use std::time::Duration;

use keyrotor_proto::authentication_info::Credentials;

use super::*;

fn with_iam(host: &str) -> ConnectionRequest {
    ConnectionRequest {
        addresses: vec![NodeAddress { host: host.into(), port: 6379 }],
        authentication_info: Some(AuthenticationInfo {
            username: Some("user".into()),
            password: None,
            iam_config: Some(IamAuthenticationConfig {
                cluster_name: "cluster".into(),
                region: "eu-west-1".into(),
                refresh_interval_minutes: Some(5),
            }),
        }),
        ..ConnectionRequest::default()
    }
}

fn iam(request: ConnectionRequest) -> proto::IamCredentials {
    let message = super::request(request).unwrap();
    match message.authentication_info.unwrap().credentials.unwrap() {
        Credentials::IamCredentials(iam) => iam,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_token_travels_encrypted_unless_somebody_says_otherwise() {
    let mode = |tls_mode, request: ConnectionRequest| {
        super::request(ConnectionRequest { tls_mode, ..request }).unwrap().tls_mode()
    };
    assert_eq!(mode(None, with_iam("host")), proto::TlsMode::SecureTls);
    assert_eq!(mode(Some(TlsMode::NoTls), with_iam("host")), proto::TlsMode::NoTls);
    assert_eq!(mode(None, ConnectionRequest::default()), proto::TlsMode::NoTls);
}

#[test]
fn the_first_address_tells_the_service_and_the_request_overrules_it() {
    let memorydb = "clustercfg.cluster.abc.memorydb.eu-west-1.amazonaws.com";
    let serverless = "cache-abc.serverless.euw1.cache.amazonaws.com";
    let plain = iam(with_iam("cluster.abc.clustercfg.euw1.cache.amazonaws.com"));
    assert_eq!((plain.service_type(), plain.serverless), (proto::ServiceType::Elasticache, false));
    assert_eq!((plain.refresh_interval_minutes, plain.region.as_deref()), (Some(5), Some("eu-west-1")));
    assert_eq!(iam(with_iam(memorydb)).service_type(), proto::ServiceType::Memorydb);
    assert!(iam(with_iam(serverless)).serverless);
    let overruled = ConnectionRequest {
        service_type: Some(ServiceType::ElastiCache),
        is_serverless: Some(false),
        ..with_iam(memorydb)
    };
    assert_eq!(iam(overruled).service_type(), proto::ServiceType::Elasticache);
}

#[test]
fn a_password_is_the_login_or_stands_behind_the_tokens() {
    let password = AuthenticationInfo {
        username: Some("user".into()),
        password: Some("hunter2".into()),
        iam_config: None,
    };
    assert!(!format!("{password:?}").contains("hunter2"));
    let alone = ConnectionRequest { authentication_info: Some(password), ..ConnectionRequest::default() };
    let message = super::request(alone).unwrap();
    let credentials = message.authentication_info.unwrap().credentials.unwrap();
    assert!(matches!(credentials, Credentials::ServerCredentials(login) if login.password == "hunter2"));

    let mut both = with_iam("host");
    both.authentication_info.as_mut().unwrap().password = Some("hunter2".into());
    let fallback = super::request(both).unwrap().fallback_credentials.unwrap();
    assert_eq!((fallback.username.as_str(), fallback.password.as_str()), ("user", "hunter2"));
}

#[test]
fn what_is_said_arrives_under_the_core_s_names() {
    let wanted = HashMap::from([
        (PubSubSubscriptionKind::Exact, HashSet::from([b"news".to_vec()])),
        (PubSubSubscriptionKind::Pattern, HashSet::from([b"n*".to_vec()])),
    ]);
    let message = super::request(ConnectionRequest {
        protocol: Some(ProtocolVersion::RESP2),
        read_from: Some(ReadFrom::AZAffinity("euw1-az1".into())),
        periodic_checks: Some(PeriodicCheck::ManualInterval(Duration::from_secs(7))),
        pubsub_subscriptions: Some(wanted),
        request_timeout: Some(300),
        tcp_nodelay: Some(false),
        database_id: 3,
        ..ConnectionRequest::default()
    })
    .unwrap();
    assert_eq!(message.protocol(), proto::ProtocolVersion::Resp2);
    assert_eq!((message.read_from(), message.client_az.as_str()), (proto::ReadFrom::AzAffinity, "euw1-az1"));
    let interval = PeriodicChecksManualInterval { duration_in_sec: 7 };
    assert!(message.periodic_checks == Some(PeriodicChecks::PeriodicChecksManualInterval(interval)));
    let subscriptions = message.pubsub_subscriptions.unwrap().channels_or_patterns_by_type;
    assert_eq!(subscriptions[&0].channels_or_patterns, [b"news".to_vec()]);
    assert_eq!(subscriptions[&1].channels_or_patterns, [b"n*".to_vec()]);
    assert_eq!((message.request_timeout, message.tcp_nodelay, message.database_id), (300, Some(false), 3));
    let negative = ConnectionRequest { database_id: -1, ..ConnectionRequest::default() };
    assert_eq!(super::request(negative).unwrap_err().field(), Some("database_id"));
}
