//! The names of GLIDE's core over a real server: what its guide does not show.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests, against a real server"
)]

mod support;

use keyrotor::glide::client::types::{AuthenticationInfo, NodeAddress, ReadFrom, TlsMode};
use keyrotor::glide::client::{Client, ConnectionRequest};
use keyrotor::{Code, Format, TokenManager};
use keyrotor_emulator::Emulator;
use serde_json::json;

/// A request with a password, for which the emulator takes a token.
fn request(emulator: &Emulator, password: String) -> ConnectionRequest {
    ConnectionRequest {
        addresses: vec![NodeAddress { host: "localhost".into(), port: emulator.address().port() }],
        tls_mode: Some(TlsMode::SecureTls),
        root_certs: vec![std::fs::read(emulator.ca_path()).unwrap()],
        authentication_info: Some(AuthenticationInfo {
            username: Some("iam-user-01".into()),
            password: Some(password),
            iam_config: None,
        }),
        ..ConnectionRequest::default()
    }
}

fn signer(emulator: &Emulator) -> TokenManager {
    let info = support::request(emulator, json!({}))["authenticationInfo"].clone();
    let request = json!({"authenticationInfo": info}).to_string();
    TokenManager::from_request(request.as_bytes(), Format::Json).unwrap()
}

#[tokio::test]
async fn a_password_that_changes_is_sent_at_once_where_that_is_wanted() {
    let emulator = support::emulator(&[]).await;
    let signer = signer(&emulator);
    let password = async || signer.refresh().await.unwrap().secret.expose().to_owned();
    let (old, new) = (password().await, password().await);
    let client = Client::new(request(&emulator, old), None).await.unwrap();
    client.update_connection_password(Some(new.clone()), false).await.unwrap();
    assert_eq!(emulator.record().logins.len(), 1);
    client.update_connection_password(Some(new), true).await.unwrap();
    let logins = emulator.record().logins;
    let [first, second] = &logins[..] else { panic!("{logins:?}") };
    assert!(second.relogin && first.token_sha256 != second.token_sha256, "{logins:?}");
    let error = client.update_connection_password(None, true).await.unwrap_err();
    assert_eq!(error.code(), Code::ArgumentInvalid);
    client.send_command(&redis::cmd("PING"), None).await.unwrap();
}

#[tokio::test]
async fn an_atomic_pipeline_runs_whole_or_not_at_all() {
    let emulator = support::emulator(&[]).await;
    let password = signer(&emulator).token_async().await.unwrap().expose().to_owned();
    let client = Client::new(request(&emulator, password), None).await.unwrap();
    let mut pipeline = redis::pipe();
    pipeline.cmd("SET").arg("key").arg("1").cmd("NO-SUCH-COMMAND");
    let outcomes = client.send_pipeline(&pipeline).await.unwrap();
    assert!(outcomes[0].is_ok() && outcomes[1].is_err(), "{outcomes:?}");
    pipeline.clear();
    pipeline.atomic().cmd("SET").arg("key").arg("2").cmd("NO-SUCH-COMMAND");
    let outcomes = client.send_pipeline(&pipeline).await;
    assert!(outcomes.is_err() || outcomes.unwrap().iter().all(Result::is_err));
    let value = client.send_command(redis::cmd("GET").arg("key"), None).await.unwrap();
    assert_eq!(value, redis::Value::BulkString(b"1".to_vec()));
}

#[tokio::test]
async fn what_keyrotor_does_not_have_is_refused_by_name() {
    let emulator = support::emulator(&[]).await;
    let zones = ConnectionRequest {
        cluster_mode_enabled: true,
        read_from: Some(ReadFrom::AZAffinity("euw1-az1".into())),
        ..request(&emulator, "password".into())
    };
    let error = Client::new(zones, None).await.unwrap_err();
    assert_eq!((error.code(), error.field()), (Code::ConfigUnsupported, Some("client_az")));
}
