//! Azure Database for PostgreSQL, with tokens of the emulator's own tenant.

use crate::support::{Client, Message, front, until};
use keyrotor_emulator::entra::Application;
use keyrotor_emulator::rds::{AzurePostgresConfig, Method};
use keyrotor_emulator::{Cloud, CloudConfig, EntraConfig, Outcome, Refuse};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const DATABASES: &str = "https://ossrdbms-aad.database.windows.net/.default";
const REDIS: &str = "https://redis.azure.com/.default";
const NOT_VALID: &str = "Azure AD access token not valid for role app";

fn application(name: &str) -> Application {
    Application {
        client_id: format!("{name}-client"),
        object_id: format!("{name}-object"),
        secrets: vec!["made-up".into()],
        ..Application::default()
    }
}

async fn cloud() -> Cloud {
    let entra = EntraConfig {
        applications: vec![application("app"), application("other")],
        ..EntraConfig::default()
    };
    let azure = AzurePostgresConfig {
        users: [("app".to_owned(), "app-object".to_owned())].into(),
        passwords: [("legacy".to_owned(), "secret".to_owned())].into(),
        ..AzurePostgresConfig::default()
    };
    let config = CloudConfig { entra: Some(entra), azure_postgres: Some(azure), ..CloudConfig::default() };
    Cloud::start(config).await.expect("a cloud")
}

/// A token that an application gets with its secret.
async fn token(cloud: &Cloud, client: &str, scope: &str) -> String {
    let entra = cloud.entra().expect("a tenant");
    let mut tcp = TcpStream::connect(entra.http_address()).await.expect("a connection");
    let scope = scope.replace(':', "%3A").replace('/', "%2F");
    let form =
        format!("grant_type=client_credentials&client_id={client}&client_secret=made-up&scope={scope}");
    let path = format!("/{}/oauth2/v2.0/token", entra.tenant());
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{form}",
        form.len()
    );
    tcp.write_all(request.as_bytes()).await.expect("a write");
    let mut answer = String::new();
    tcp.read_to_string(&mut answer).await.expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    body["access_token"].as_str().unwrap_or_else(|| panic!("no token: {answer}")).to_owned()
}

#[tokio::test]
async fn a_token_of_the_roles_identity_opens_the_database() {
    let cloud = cloud().await;
    let token = token(&cloud, "app-client", DATABASES).await;
    let (mut client, answer) = Client::answered(&cloud, "app", &token).await;
    assert_eq!(answer, Message { kind: 'R', body: vec![0; 4] });
    client.until_ready().await;
    assert_eq!(client.value("SELECT current_user").await, "app");
    let login = &front(&cloud).record().logins[0];
    assert_eq!((login.outcome, login.method, login.tls), (Outcome::Accepted, Method::Entra, Some("TLSv1.3")));
    assert_eq!(login.access_key.as_deref(), Some("app-client"));
    let [asked] = cloud.entra().expect("a tenant").requests().try_into().expect("one request");
    assert_eq!(asked.token_sha256, login.token_sha256);
    let refuse = Refuse { count: Some(1), ..Refuse::default() };
    front(&cloud).faults().refuse(refuse).expect("a fault");
    let (_, answer) = Client::answered(&cloud, "app", &token).await;
    assert_eq!(answer.error(), ("28000".into(), NOT_VALID.to_owned()));
    let (_, asked) = Client::begin(&cloud, "legacy").await;
    assert_eq!(asked.body[..4], [0, 0, 0, 10], "all other roles have passwords: SCRAM");
    // A key that counts no longer lets nobody in, and whoever is in stays.
    cloud.entra().expect("a tenant").faults().rotate_keys(true);
    let (_, answer) = Client::answered(&cloud, "app", &token).await;
    assert_eq!(answer.error(), ("28000".into(), NOT_VALID.to_owned()));
    assert_eq!(front(&cloud).record().logins.last().and_then(|login| login.check), Some("A03"));
    assert_eq!(client.value("SELECT 1").await, "1");
    cloud.stop().await;
}

#[tokio::test]
async fn a_token_that_is_not_good_enough_is_refused_in_azures_words() {
    let cloud = cloud().await;
    let of_app = token(&cloud, "app-client", DATABASES).await;
    let (signed, _) = of_app.rsplit_once('.').expect("a signature");
    let for_redis = token(&cloud, "app-client", REDIS).await;
    let of_another = token(&cloud, "other-client", DATABASES).await;
    let audience = "The access token does not have a valid audience claim. Please acquire a new token for the resource \
                    \"https://ossrdbms-aad.database.windows.net\".";
    for (secret, check, text) in [
        ("no token", "A01", "The access token has invalid format"),
        ("", "A01", "The access token has invalid format"),
        (&format!("{signed}.{}", "A".repeat(342)), "A04", NOT_VALID),
        (&for_redis, "A06", audience),
        (&of_another, "A11", NOT_VALID),
    ] {
        let (mut client, answer) = Client::answered(&cloud, "app", secret).await;
        assert_eq!(answer.error(), ("28000".into(), text.to_owned()), "{check}");
        assert!(client.is_closed().await);
        let record = front(&cloud).record();
        let login = record.logins.last().expect("a login");
        assert_eq!((login.check, login.log.as_ref()), (Some(check), None));
    }
    cloud.stop().await;
}

#[tokio::test]
async fn a_token_ends_but_what_it_opened_does_not() {
    let cloud = cloud().await;
    cloud.entra().expect("a tenant").faults().life(None, Some(Duration::from_secs(2)));
    let token = token(&cloud, "app-client", DATABASES).await;
    let (mut client, _) = Client::answered(&cloud, "app", &token).await;
    client.until_ready().await;
    let expired = "The access token has expired. Acquire a new token and try again.";
    loop {
        let (_, answer) = Client::answered(&cloud, "app", &token).await;
        if answer.kind == 'E' {
            assert_eq!(answer.error(), ("28000".into(), expired.to_owned()));
            break;
        }
    }
    assert_eq!(client.value("SELECT 1").await, "1");
    let record = until(&cloud, |record| record.totals.logins_refused == 1).await;
    assert_eq!(record.logins.last().and_then(|login| login.check), Some("A10"));
    cloud.stop().await;
}

#[tokio::test]
async fn it_needs_a_tenant() {
    let config =
        CloudConfig { azure_postgres: Some(AzurePostgresConfig::default()), ..CloudConfig::default() };
    let error = Cloud::start(config).await.expect_err("no tenant").to_string();
    assert!(error.contains("azure_postgres") && error.contains("entra"), "{error}");
}
