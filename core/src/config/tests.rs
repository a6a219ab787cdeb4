//! What a request that is accepted becomes. Those that are refused stand in tests/vectors/requests.json.

use std::time::Duration;

#[cfg(feature = "client")]
use keyrotor_proto::ConnectionRequest;
use keyrotor_proto::{Format, TokenManagerRequest, decode};

use super::*;

fn manager_login(json: &str) -> Login {
    token_manager(decode::<TokenManagerRequest>(json.as_bytes(), Format::Json).unwrap(), &Callbacks::new())
        .unwrap()
}

#[test]
fn an_iam_request_gets_the_services_lives() {
    let login = manager_login(
        r#"{"authenticationInfo": {"iamCredentials": {"clusterName": "c", "username": "u", "region": "r"}}}"#,
    );
    assert_eq!(login.source.name(), "elasticache-iam");
    assert_eq!(login.source.token_life(), Some(Duration::from_secs(900)));
    assert_eq!(login.lease, Lease::For(Duration::from_secs(12 * 3600)));
    assert_eq!(login.refresh, crate::TokenRefreshConfig::default());
    assert!(login.is_token);
}

#[test]
fn lives_lease_and_interval_of_the_request_are_taken() {
    let login = manager_login(
        r#"{"authenticationInfo": {"iamCredentials": {"clusterName": "c", "username": "u", "region": "r",
            "tokenLifeSeconds": 60, "leaseSeconds": 90, "refreshInterval": "12.5s"}},
            "refresh": {"margin": "5s", "retry": {"maxAttempts": 7, "jitterPercentage": 0}}}"#,
    );
    assert_eq!(login.source.token_life(), Some(Duration::from_secs(60)));
    assert_eq!(login.lease, Lease::For(Duration::from_secs(90)));
    assert_eq!(login.refresh.interval, Some(Duration::from_millis(12_500)));
    assert_eq!(login.refresh.margin, Duration::from_secs(5));
    assert_eq!((login.refresh.retry.max_attempts, login.refresh.retry.jitter_percentage), (7, Some(0)));
}

#[test]
fn each_arm_has_its_source() {
    for (arm, source) in [
        (r#""serverCredentials": {"username": "u", "password": "p"}"#, "password"),
        (
            r#""iamCredentials": {"clusterName": "c", "username": "u", "serverless": true}"#,
            "elasticache-serverless-iam",
        ),
        (
            r#""iamCredentials": {"clusterName": "c", "username": "u", "serviceType": "MEMORYDB"}"#,
            "memorydb-iam",
        ),
        (r#""rdsCredentials": {"host": "h", "port": 5432, "username": "u"}"#, "rds-iam"),
        (r#""dsqlCredentials": {"host": "h", "admin": true}"#, "dsql-iam"),
    ] {
        let login = manager_login(&format!(r#"{{"authenticationInfo": {{{arm}}}}}"#));
        assert_eq!(login.source.name(), source);
    }
}

#[cfg(feature = "client")]
#[test]
fn a_connection_gets_its_defaults() {
    let json = r#"{"addresses": [{"host": "a"}, {"host": "b", "port": 7000}]}"#;
    let settings =
        connection(decode::<ConnectionRequest>(json.as_bytes(), Format::Json).unwrap(), &Callbacks::new())
            .ok()
            .unwrap();
    let addresses: Vec<_> = settings.addresses.iter().map(ToString::to_string).collect();
    assert_eq!(addresses, ["a:6379", "b:7000"]);
    assert_eq!(settings.request_timeout, Duration::from_secs(1));
    assert_eq!(settings.connection_timeout, Duration::from_secs(2));
    assert!(settings.resp3 && settings.nodelay && settings.tls.is_none() && settings.login.is_none());
    assert_eq!(settings.inflight_limit, None);
    assert_eq!(
        (settings.retry.first, settings.retry.cap),
        (Duration::from_millis(50), Duration::from_millis(500))
    );
}

#[cfg(feature = "client")]
#[test]
fn a_retry_strategy_grows_so_many_times() {
    let json = r#"{"addresses": [{"host": "a"}], "connectionRetryStrategy":
        {"numberOfRetries": 3, "factor": 100, "exponentBase": 2, "jitterPercent": 10}}"#;
    let settings =
        connection(decode::<ConnectionRequest>(json.as_bytes(), Format::Json).unwrap(), &Callbacks::new())
            .ok()
            .unwrap();
    assert_eq!(settings.retry.cap, Duration::from_millis(800));
    assert_eq!(settings.retry.jitter_percentage, Some(10));
}
