//! Managers of Entra's tokens, from a request to the token, against a stand-in for the login server and the platform.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

#[path = "support/entra.rs"]
mod stand_in;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyrotor::proto::Timestamp;
use keyrotor::{Format, Status, TokenManager};
use serde_json::{Value, json};
use stand_in::{CLIENT, KEY, OBJECT, SECRET, StandIn, TENANT, certificate};

fn manager(credentials: Value, refresh: Value) -> TokenManager {
    let request = json!({"authenticationInfo": {"entraCredentials": credentials}, "refresh": refresh});
    TokenManager::from_request(request.to_string().as_bytes(), Format::Json).unwrap()
}

fn application(server: &StandIn, proof: Value) -> Value {
    let mut credentials = json!({"tenantId": TENANT, "clientId": CLIENT, "authority": server.address});
    credentials.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
    credentials
}

fn with_secret(server: &StandIn) -> Value {
    application(server, json!({"clientSecret": SECRET}))
}

async fn stand_in() -> StandIn {
    StandIn::start(SystemTime::now()).await
}

fn seconds(at: &Option<Timestamp>) -> f64 {
    let at = at.as_ref().unwrap();
    at.seconds as f64 + f64::from(at.nanos) / 1e9
}

/// The time from the fetch to the refresh, and to the end.
fn plan(status: &Status, fetched: SystemTime) -> (f64, f64) {
    let fetched = fetched.duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
    (seconds(&status.next_refresh_at) - fetched, seconds(&status.expires_at) - fetched)
}

#[tokio::test]
async fn t14_a_token_is_refreshed_at_three_quarters_and_three_minutes_before_its_end() {
    for (life, ratio, latest) in
        [(3600, None, 2700.0), (3600, Some(0.5), 1800.0), (300, None, 120.0), (30, None, 22.5)]
    {
        // A server each, and so an identity each: managers of one share what they fetch.
        let server = stand_in().await;
        server.state().life = Duration::from_secs(life);
        let refresh = ratio.map_or(json!({}), |ratio| json!({"ratio": ratio}));
        let manager = manager(with_secret(&server), refresh);
        let before = SystemTime::now();
        manager.token_async().await.unwrap();
        let took = before.elapsed().unwrap().as_secs_f64();
        let (refresh, end) = plan(&manager.status(), before);
        assert!((life as f64 - 1.0..=life as f64 + took).contains(&end), "{end}");
        // The first refresh of many falls anywhere from 30 % on; none falls later.
        assert!((latest * 0.3 - 1.0..=latest + took).contains(&refresh), "{life} s, {ratio:?}: {refresh}");
    }
}

#[tokio::test]
async fn s03_s05_every_flow_gives_tokens_by_request() {
    let server = stand_in().await;
    let registered = certificate(2020, 2100);
    server.register(&registered);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "federated-1").unwrap();
    let pem = json!({"certificatePem": registered.pem(), "privateKeyPem": KEY});
    let both = json!({"certificatePem": format!("{KEY}{}", registered.pem())});
    for (credentials, source) in [
        (with_secret(&server), "entra-client-secret"),
        (application(&server, json!({"clientCertificate": pem})), "entra-client-certificate"),
        (application(&server, json!({"clientCertificate": both})), "entra-client-certificate"),
        (
            application(&server, json!({"workloadIdentity": {"tokenFile": file.path()}})),
            "entra-workload-identity",
        ),
        (json!({"systemAssignedManagedIdentity": {}, "authority": server.address}), "entra-managed-identity"),
        (
            json!({"userAssignedManagedIdentity": {"clientId": "known"}, "authority": server.address}),
            "entra-managed-identity",
        ),
    ] {
        let manager = manager(credentials, json!({}));
        let credential = manager.credential_async().await.unwrap();
        assert_eq!((&*credential.user, manager.status().source.as_str()), (OBJECT, source));
    }
}

#[tokio::test]
async fn s03_refresh_really_asks() {
    let server = stand_in().await;
    let manager = manager(with_secret(&server), json!({}));
    let mut secrets = vec![manager.token_async().await.unwrap()];
    for round in 2..=4 {
        secrets.push(manager.refresh().await.unwrap().secret.clone());
        assert_eq!(server.state().asked.len(), round);
        assert!(secrets[round - 1] != secrets[round - 2]);
    }
    assert!(manager.status().warnings.is_empty());
}

#[tokio::test]
async fn s03_a_platform_that_gives_the_same_token_is_told_of_and_not_hammered() {
    let server = stand_in().await;
    server.state().caches = true;
    let credentials = json!({"systemAssignedManagedIdentity": {}, "authority": server.address});
    let manager = manager(credentials, json!({"sourceTimeout": "0.5s"}));
    let first = manager.credential_async().await.unwrap();
    let second = manager.refresh().await.unwrap();
    assert!(first.secret == second.secret);
    let warnings = manager.status().warnings;
    assert!(
        warnings[0].contains("the same token again") && warnings[0].contains("1 in a row"),
        "{warnings:?}"
    );
    let error = manager.refresh().await.unwrap_err();
    assert_eq!(error.name(), "credentials-throttled");
    assert_eq!(server.state().asked.len(), 2, "the second refresh did not reach the platform");
    assert!(manager.token().unwrap() == first.secret, "nothing is taken away");
}

#[tokio::test]
async fn s03_t08_a_refusal_takes_no_token_away_and_is_told() {
    let server = stand_in().await;
    let manager = manager(with_secret(&server), json!({}));
    let first = manager.token_async().await.unwrap();
    let body = json!({"error": "invalid_client", "error_description": "AADSTS7000222: expired."}).to_string();
    server.next_answer(401, &[], &body);
    let error = manager.refresh().await.unwrap_err();
    assert!(
        error.message().contains("AADSTS7000222") && error.message().contains("make a new one"),
        "{error}"
    );
    assert!(manager.token().unwrap() == first);
    assert_eq!(manager.status().last_error.unwrap().source.as_deref(), Some("entra-client-secret"));
}

#[cfg(feature = "redis-provider")]
mod provider {
    use futures_util::{FutureExt, StreamExt};
    use keyrotor::entra::{EntraIdCredentialsProvider, RetryConfig};
    use keyrotor::proto::EntraCredentials;
    use keyrotor::proto::entra_credentials::Method;
    use redis::StreamingCredentialsProvider;

    use super::*;

    fn credentials(server: &StandIn, secret: &str) -> EntraCredentials {
        EntraCredentials {
            tenant_id: Some(TENANT.to_owned()),
            client_id: Some(CLIENT.to_owned()),
            authority: Some(server.address.clone()),
            method: Some(Method::ClientSecret(secret.to_owned())),
            ..EntraCredentials::default()
        }
    }

    #[tokio::test]
    async fn s03_t19_a_provider_gives_the_current_token_and_each_newer_one() {
        let server = stand_in().await;
        let mut provider = EntraIdCredentialsProvider::new(credentials(&server, SECRET)).unwrap();
        provider.start(RetryConfig::default());
        let mut stream = provider.subscribe();
        let first = stream.next().await.unwrap().unwrap();
        assert_eq!(first.username(), OBJECT);
        let another = provider.subscribe().next().await.unwrap().unwrap();
        assert_eq!(another.password(), first.password(), "each subscriber begins with the current one");
        assert_eq!(server.state().asked.len(), 1);
        let newer = provider.manager().unwrap().refresh().await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().password(), newer.secret.expose());
        provider.manager().unwrap().close();
        assert!(stream.next().now_or_never().is_none(), "it falls silent, and does not end");
    }

    #[tokio::test]
    async fn s03_a_provider_without_a_token_says_why() {
        let server = stand_in().await;
        let provider = EntraIdCredentialsProvider::new(credentials(&server, "wrong")).unwrap();
        let mut stream = provider.subscribe();
        let error = stream.next().await.unwrap().err().unwrap().to_string();
        assert!(error.contains("AADSTS7000215") && !error.contains("wrong"), "{error}");
        assert!(stream.next().now_or_never().is_none(), "and then it waits for one");
    }
}

/// A plain server that lets the object id in with any token.
struct Redis {
    port: u16,
    server: std::process::Child,
}

impl Redis {
    fn start() -> Self {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = std::process::Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir", "/"])
            .args(["--user", OBJECT, "on", "nopass", "~*", "+@all"])
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        Self { port, server }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[cfg(feature = "client")]
#[tokio::test]
async fn c03_a_connection_logs_in_again_before_its_entra_token_ends() {
    let (server, redis) = (stand_in().await, Redis::start());
    server.state().life = Duration::from_secs(4);
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": redis.port}],
        "allowPlaintext": true,
        "authenticationInfo": {"entraCredentials": with_secret(&server)},
    });
    let connect = async || keyrotor::Client::from_request(request.to_string().as_bytes(), Format::Json).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(30);
    let client = loop {
        match connect().await {
            Ok(client) => break client,
            Err(error) => assert!(std::time::Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let name = client.execute(keyrotor::cmd("ACL").arg("WHOAMI")).await.unwrap();
    assert_eq!(name, keyrotor::Value::BulkString(OBJECT.into()));
    // A lease of AWS's 12 hours would never be seen to be prolonged.
    while client.stats().reauths < 3 {
        assert!(std::time::Instant::now() < deadline, "{:?}", client.stats());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(client.stats().reconnects, 0);
}
