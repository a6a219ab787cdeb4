//! Managers of Entra's tokens, from a request to the token, against a tenant that verifies who asks.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against a real server"
)]

#[path = "support/entra.rs"]
mod tenant;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use keyrotor::proto::Timestamp;
use keyrotor::{Format, Status, TokenManager};
use keyrotor_emulator::credentials::Limit;
use serde_json::{Value, json};
use tenant::{ASSIGNED, CLIENT, KEY, OBJECT, SECRET, SYSTEM, Scripted, TENANT, Tenant, certificate};

fn manager(credentials: Value, refresh: Value) -> TokenManager {
    let request = json!({"authenticationInfo": {"entraCredentials": credentials}, "refresh": refresh});
    TokenManager::from_request(request.to_string().as_bytes(), Format::Json).unwrap()
}

fn application(server: &Tenant, proof: Value) -> Value {
    let mut credentials = json!({"tenantId": TENANT, "clientId": CLIENT, "authority": server.address});
    credentials.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
    credentials
}

fn with_secret(server: &Tenant) -> Value {
    application(server, json!({"clientSecret": SECRET}))
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
        let server = Tenant::start().await;
        server.faults().life(None, Some(Duration::from_secs(life)));
        let refresh = ratio.map_or(json!({}), |ratio| json!({"ratio": ratio}));
        let manager = manager(with_secret(&server), refresh);
        let before = SystemTime::now();
        manager.token_async().await.unwrap();
        let took = before.elapsed().unwrap().as_secs_f64();
        let (refresh, end) = plan(&manager.status(), before);
        // The tenant cuts off what its answer took of the last second.
        assert!((life as f64 - 2.0..=life as f64 + took).contains(&end), "{end}");
        // The first refresh of many falls anywhere from 30 % on; none falls later.
        assert!((latest * 0.3 - 2.0..=latest + took).contains(&refresh), "{life} s, {ratio:?}: {refresh}");
    }
}

#[tokio::test]
async fn s03_s05_every_flow_gives_tokens_by_request() {
    let registered = certificate(2020, 2100);
    let server = Tenant::with_certificate(None, &registered).await;
    let file = server.entra().assertion_path().unwrap();
    let pem = json!({"certificatePem": registered.pem(), "privateKeyPem": KEY});
    let both = json!({"certificatePem": format!("{KEY}{}", registered.pem())});
    for (credentials, source, user) in [
        (with_secret(&server), "entra-client-secret", OBJECT),
        (application(&server, json!({"clientCertificate": pem})), "entra-client-certificate", OBJECT),
        (application(&server, json!({"clientCertificate": both})), "entra-client-certificate", OBJECT),
        (
            application(&server, json!({"workloadIdentity": {"tokenFile": file}})),
            "entra-workload-identity",
            OBJECT,
        ),
        (
            json!({"systemAssignedManagedIdentity": {}, "authority": server.address}),
            "entra-managed-identity",
            SYSTEM.1,
        ),
        (
            json!({"userAssignedManagedIdentity": {"clientId": ASSIGNED.0}, "authority": server.address}),
            "entra-managed-identity",
            ASSIGNED.1,
        ),
    ] {
        let manager = manager(credentials, json!({}));
        let credential = manager.credential_async().await.unwrap();
        assert_eq!((&*credential.user, manager.status().source.as_str()), (user, source));
    }
}

#[tokio::test]
async fn s03_refresh_really_asks() {
    let server = Tenant::start().await;
    let manager = manager(with_secret(&server), json!({}));
    let mut secrets = vec![manager.token_async().await.unwrap()];
    for round in 2..=4 {
        secrets.push(manager.refresh().await.unwrap().secret.clone());
        assert_eq!(server.asked().len(), round);
        assert!(secrets[round - 1] != secrets[round - 2]);
    }
    assert!(manager.status().warnings.is_empty());
}

#[tokio::test]
async fn s03_a_platform_that_gives_the_same_token_is_told_of_and_not_hammered() {
    let server = Tenant::start().await;
    let credentials = json!({"systemAssignedManagedIdentity": {}, "authority": server.address});
    let manager = manager(credentials, json!({"sourceTimeout": "0.5s"}));
    let first = manager.credential_async().await.unwrap();
    let second = manager.refresh().await.unwrap();
    assert!(first.secret == second.secret && first.generation == second.generation);
    assert!(server.asked()[1].repeated);
    let warnings = manager.status().warnings;
    assert!(
        warnings[0].contains("the same token again") && warnings[0].contains("1 in a row"),
        "{warnings:?}"
    );
    let error = manager.refresh().await.unwrap_err();
    assert_eq!(error.name(), "credentials-throttled");
    assert_eq!(server.asked().len(), 2, "the second refresh did not reach the platform");
    assert!(manager.token().unwrap() == first.secret, "nothing is taken away");
}

/// A tenant's clock cannot make a secret expire, so the second answer is written down.
#[tokio::test]
async fn s03_t08_a_refusal_takes_no_token_away_and_is_told() {
    let server = Scripted::start().await;
    server.next_answer(200, &[], r#"{"access_token": "e30.eyJvaWQiOiAiMGIxYyJ9.c2ln", "expires_in": 3600}"#);
    let credentials =
        json!({"tenantId": TENANT, "clientId": CLIENT, "authority": server.address, "clientSecret": SECRET});
    let manager = manager(credentials, json!({}));
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

#[tokio::test]
async fn s03_t07_what_fails_for_a_moment_is_asked_again() {
    let server = Tenant::start().await;
    let manager = manager(with_secret(&server), json!({}));
    let faults = server.faults();
    faults.failing(None, 503, Limit::Count(2)).unwrap();
    let mut before = manager.token_async().await.unwrap();
    for (fault, errors) in [("gone", &["fault-gone"][..]), ("throttling", &["fault-throttling"])] {
        match fault {
            "gone" => faults.gone(None, Limit::Count(1)),
            _ => faults.throttling(None, Duration::from_secs(1), Limit::Count(1)),
        }
        let asked = server.asked().len();
        let begun = std::time::Instant::now();
        let newer = manager.refresh().await.unwrap().secret.clone();
        assert!(newer != before, "{fault}");
        before = newer;
        let met: Vec<_> = server.asked()[asked..].iter().filter_map(|asked| asked.error.clone()).collect();
        assert_eq!(met, errors);
        assert!(fault == "gone" || begun.elapsed() >= Duration::from_secs(1), "Retry-After is kept to");
    }
    assert!(manager.status().last_error.is_none());
}

#[tokio::test]
async fn s03_t16_a_slow_tenant_costs_no_more_than_the_budget() {
    let server = Tenant::start().await;
    server.faults().slow(None, Duration::from_secs(3600));
    let manager = manager(with_secret(&server), json!({"sourceTimeout": "0.5s"}));
    let error = manager.token_async().await.unwrap_err();
    assert_eq!(error.name(), "credentials-timeout", "{error}");
    server.faults().clear();
    manager.refresh().await.unwrap();
    assert!(manager.token().is_ok());
}

#[cfg(feature = "redis-provider")]
mod provider {
    use futures_util::{FutureExt, StreamExt};
    use keyrotor::entra::{EntraIdCredentialsProvider, RetryConfig};
    use keyrotor::proto::EntraCredentials;
    use keyrotor::proto::entra_credentials::Method;
    use redis::StreamingCredentialsProvider;

    use super::*;

    fn credentials(server: &Tenant, secret: &str) -> EntraCredentials {
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
        let server = Tenant::start().await;
        let mut provider = EntraIdCredentialsProvider::new(credentials(&server, SECRET)).unwrap();
        provider.start(RetryConfig::default());
        let mut stream = provider.subscribe();
        let first = stream.next().await.unwrap().unwrap();
        assert_eq!(first.username(), OBJECT);
        let another = provider.subscribe().next().await.unwrap().unwrap();
        assert_eq!(another.password(), first.password(), "each subscriber begins with the current one");
        assert_eq!(server.asked().len(), 1);
        let newer = provider.manager().unwrap().refresh().await.unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap().password(), newer.secret.expose());
        provider.manager().unwrap().close();
        assert!(stream.next().now_or_never().is_none(), "it falls silent, and does not end");
    }

    #[tokio::test]
    async fn s03_a_provider_without_a_token_says_why() {
        let server = Tenant::start().await;
        let provider = EntraIdCredentialsProvider::new(credentials(&server, "wrong")).unwrap();
        let mut stream = provider.subscribe();
        let error = stream.next().await.unwrap().err().unwrap().to_string();
        assert!(error.contains("AADSTS7000215") && !error.contains("wrong"), "{error}");
        assert!(stream.next().now_or_never().is_none(), "and then it waits for one");
    }
}

/// With tokens that live for seconds, a request for the Redis beside the tenant.
#[cfg(feature = "client")]
async fn client(server: &Tenant, credentials: Value) -> keyrotor::Client {
    let request = json!({
        "addresses": [{"host": "localhost", "port": server.redis().address().port()}],
        "tlsMode": "SecureTls",
        "rootCerts": [BASE64_STANDARD.encode(server.ca())],
        "authenticationInfo": {"entraCredentials": credentials},
    });
    keyrotor::Client::from_request(request.to_string().as_bytes(), Format::Json).await.unwrap()
}

#[cfg(feature = "client")]
#[tokio::test]
async fn c03_s03_a_connection_logs_in_again_before_its_entra_token_ends() {
    let server = Tenant::with_redis().await;
    server.faults().life(None, Some(Duration::from_secs(8)));
    let client = client(&server, with_secret(&server)).await;
    let name = client.execute(keyrotor::cmd("ACL").arg("WHOAMI")).await.unwrap();
    assert_eq!(name, keyrotor::Value::BulkString(OBJECT.into()));
    // A lease of AWS's 12 hours would be cut at the end of the first token.
    use_until_logged_in_again(&client, 3).await;
    no_login_was_for_nothing(&server, &client);
}

/// The platform gives the same token until a tenth of its life is left: the connection waits for the newer one.
#[cfg(feature = "client")]
#[tokio::test]
async fn c03_s03_a_connection_of_a_managed_identity_waits_for_the_platform() {
    let server = Tenant::with_redis().await;
    server.faults().life(None, Some(Duration::from_secs(30)));
    let identity = json!({"systemAssignedManagedIdentity": {}, "authority": server.address});
    let client = client(&server, identity).await;
    use_until_logged_in_again(&client, 1).await;
    no_login_was_for_nothing(&server, &client);
    assert!(server.asked().len() < 30, "the platform is not hammered: {}", server.asked().len());
}

#[cfg(feature = "client")]
async fn use_until_logged_in_again(client: &keyrotor::Client, times: u64) {
    let deadline = std::time::Instant::now() + Duration::from_secs(120);
    while client.stats().reauths < times {
        assert!(std::time::Instant::now() < deadline, "{:?}", client.stats());
        client.execute(&keyrotor::cmd("PING")).await.unwrap();
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One connection, never cut, and each of its logins with a newer token.
#[cfg(feature = "client")]
fn no_login_was_for_nothing(server: &Tenant, client: &keyrotor::Client) {
    let record = server.redis().record();
    assert_eq!((record.totals.session_limit_cuts, record.totals.logins_refused), (0, 0));
    assert_eq!((client.stats().reconnects, record.totals.connections), (0, 1));
    let tokens: std::collections::BTreeSet<_> =
        record.logins.iter().map(|login| login.token_sha256.clone()).collect();
    assert_eq!(tokens.len(), record.logins.len(), "each login has a newer token");
}

/// The tenant says that its tokens live an hour longer than they do: the server is the first who knows better.
#[cfg(feature = "client")]
#[tokio::test]
async fn s03_c06_a_tenant_that_lies_about_the_end_costs_a_new_connection_and_no_more() {
    let server = Tenant::with_redis().await;
    server.faults().life(None, Some(Duration::from_secs(6)));
    server.faults().lie(None, Duration::from_secs(3600));
    let client = client(&server, with_secret(&server)).await;
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while server.redis().record().totals.session_limit_cuts == 0 {
        assert!(std::time::Instant::now() < deadline, "the server does not cut");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let name = client.execute(keyrotor::cmd("ACL").arg("WHOAMI")).await.unwrap();
    assert_eq!(name, keyrotor::Value::BulkString(OBJECT.into()));
    assert!(server.redis().record().totals.logins_refused <= 1, "{:?}", server.redis().record().totals);
}
