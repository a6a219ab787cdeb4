//! T17: the log of Entra's flows, at its most talkative, holds no secret, no assertion and no token.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::disallowed_methods, reason = "tests")]

#[path = "support/entra.rs"]
mod tenant;

use std::io::Write;
use std::sync::{Arc, Mutex};

use keyrotor::{Format, TokenManager};
use serde_json::{Value, json};
use tenant::{CLIENT, KEY, SECRET, TENANT, Tenant, certificate};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn manager(server: &Tenant, proof: Value) -> TokenManager {
    let mut credentials = json!({"authority": server.address});
    if proof.get("systemAssignedManagedIdentity").is_none() {
        credentials["tenantId"] = json!(TENANT);
        credentials["clientId"] = json!(CLIENT);
    }
    credentials.as_object_mut().unwrap().extend(proof.as_object().unwrap().clone());
    let request = json!({"authenticationInfo": {"entraCredentials": credentials}});
    TokenManager::from_request(request.to_string().as_bytes(), Format::Json).unwrap()
}

#[tokio::test]
async fn t17_no_log_line_of_any_entra_flow_holds_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let registered = certificate(2020, 2100);
    let server = Tenant::with_certificate(None, &registered).await;
    let file = server.entra().assertion_path().unwrap();
    // What every assertion begins with, and a line of the key.
    let mut secrets = vec![SECRET.to_owned(), "wrong-secret".to_owned(), server.assertion()];
    secrets.extend(["eyJhbGciOiJQUzI1NiI".to_owned(), KEY.lines().nth(3).unwrap().to_owned()]);
    for proof in [
        json!({"clientSecret": SECRET}),
        json!({"clientSecret": "wrong-secret"}),
        json!({"clientCertificate": {"certificatePem": registered.pem(), "privateKeyPem": KEY}}),
        json!({"workloadIdentity": {"tokenFile": file}}),
        json!({"systemAssignedManagedIdentity": {}}),
    ] {
        let manager = manager(&server, proof);
        if let Ok(token) = manager.token_async().await {
            secrets.push(token.expose().to_owned());
        }
        secrets.extend(manager.refresh().await.ok().map(|it| it.secret.expose().to_owned()));
    }
    assert_eq!(secrets.len(), 5 + 8, "one of the five is refused");
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("refreshed successfully") && text.contains("AADSTS7000215"), "the log is there");
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{line:?}");
    }
}
