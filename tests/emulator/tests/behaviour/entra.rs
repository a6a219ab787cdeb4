//! Entra and a cache of Azure's in one process: what a program of ours can do with both.

use crate::support::{Client, Value, WRONGPASS, until, wait};
use keyrotor_emulator::entra::{Application, ManagedIdentity};
use keyrotor_emulator::{Closed, Cloud, CloudConfig, Config, EntraConfig, Error, Service};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const USER: &str = "00000000-bbbb-0000-0000-000000000b1e";

fn config() -> CloudConfig {
    let identity = ManagedIdentity {
        client_id: "00000000-bbbb-0000-0000-00000000c11e".into(),
        object_id: USER.into(),
        system_assigned: true,
        ..ManagedIdentity::default()
    };
    let application = Application {
        client_id: "00000000-aaaa-0000-0000-00000000c11e".into(),
        object_id: "00000000-aaaa-0000-0000-000000000b1e".into(),
        secrets: vec!["made-up".into()],
        federated_subjects: vec!["system:serviceaccount:default:app".into()],
        ..Application::default()
    };
    let entra = EntraConfig {
        applications: vec![application],
        managed_identities: vec![identity],
        ..EntraConfig::default()
    };
    let cache = Config { service: Service::Azure, users: vec![USER.into()], ..Config::default() };
    CloudConfig { entra: Some(entra), cache: Some(cache), ..CloudConfig::default() }
}

/// A token of the machine's own identity.
async fn token(cloud: &Cloud) -> String {
    let entra = cloud.entra().expect("a tenant");
    let mut tcp = TcpStream::connect(entra.http_address()).await.expect("a connection");
    let path = "/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://redis.azure.com";
    let head = format!("GET {path} HTTP/1.1\r\nhost: a\r\nmetadata: true\r\nconnection: close\r\n\r\n");
    tcp.write_all(head.as_bytes()).await.expect("a write");
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

#[tokio::test]
async fn a_managed_identity_logs_in_until_its_token_ends() {
    let cloud = Cloud::start(config()).await.expect("a cloud");
    let (cache, entra) = (cloud.cache().expect("a cache"), cloud.entra().expect("a tenant"));
    entra.faults().life(None, Some(Duration::from_secs(4)));
    let mut client = Client::connect(cache).await;
    assert_eq!(client.call(&["AUTH", USER, "x"]).await, Value::error(WRONGPASS));
    assert_eq!(client.call(&["AUTH", USER, &token(&cloud).await]).await, Value::ok());
    assert_eq!(client.call(&["ACL", "WHOAMI"]).await, Value::bulk(USER));
    assert!(client.is_closed().await);
    let record = until(cache, |record| record.totals.session_limit_cuts == 1).await;
    assert_eq!(record.connections[0].why, Some(Closed::SessionLimit));
    let found: Vec<_> = record.logins.iter().map(|login| (login.check, login.access_key.is_some())).collect();
    assert_eq!(found, [(Some("A01"), false), (None, true)]);
    let [asked] = entra.requests().try_into().expect("one request");
    assert_eq!((asked.endpoint, asked.token_sha256), ("imds", Some(record.logins[1].token_sha256.clone())));
    cloud.stop().await;
}

#[tokio::test]
async fn a_user_without_access_is_refused_and_cut() {
    let cloud = Cloud::start(config()).await.expect("a cloud");
    let cache = cloud.cache().expect("a cache");
    let mut client = Client::connect(cache).await;
    let token = token(&cloud).await;
    assert_eq!(client.call(&["AUTH", USER, &token]).await, Value::ok());
    cache.faults().user(USER, false).expect("a user");
    assert!(client.is_closed().await);
    let mut again = Client::connect(cache).await;
    assert_eq!(again.call(&["AUTH", USER, &token]).await, Value::error(WRONGPASS));
    assert_eq!(cache.record().logins.last().and_then(|login| login.check), Some("A12"));
}

#[tokio::test]
async fn environments_name_what_there_is() {
    let mut config = config();
    let cloud = Cloud::start(config.clone()).await.expect("a cloud");
    let entra = cloud.entra().expect("a tenant");
    let all = entra.environments();
    let names: Vec<_> = all.keys().copied().collect();
    assert_eq!(names, ["app-service", "imds", "service-principal", "trust", "workload-identity"]);
    assert_eq!(all["service-principal"]["AZURE_AUTHORITY_HOST"], entra.authority());
    let file = entra.assertion_path().expect("a file").to_owned();
    let before = std::fs::read_to_string(&file).expect("an assertion");
    wait(5).await;
    entra.faults().rotate_token_files().expect("a new assertion");
    assert_ne!(std::fs::read_to_string(&file).expect("an assertion"), before);
    cloud.stop().await;
    assert!(!file.exists(), "its files are gone with it");
    let entra = config.entra.as_mut().expect("a section");
    entra.applications.clear();
    config.cache = None;
    let cloud = Cloud::start(config).await.expect("a cloud");
    let names: Vec<_> = cloud.entra().expect("a tenant").environments().into_keys().collect();
    assert_eq!(names, ["app-service", "imds", "trust"]);
}

#[tokio::test]
async fn a_cache_of_azure_needs_its_tenant() {
    let alone = CloudConfig { entra: None, ..config() };
    for error in [Cloud::start(alone).await.expect_err("no tenant"), empty().await] {
        assert!(matches!(error, Error::Config { .. }), "{error}");
    }
}

async fn empty() -> Error {
    let entra = Some(EntraConfig::default());
    Cloud::start(CloudConfig { entra, cache: None, ..config() }).await.expect_err("nobody in the tenant")
}
