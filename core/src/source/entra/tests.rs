//! Each flow against a tenant that verifies what it is sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::credential::Credential;

#[path = "../../../tests/support/entra.rs"]
mod tenant;

use tenant::{
    ASSIGNED, CLIENT, KEY, OBJECT, RESOURCE, SCOPE, SECRET, SYSTEM, Scripted, TENANT, Tenant, certificate,
};

const LIFE: Duration = Duration::from_secs(3600);

/// 2025-06-15T12:34:56Z
fn now() -> SystemTime {
    std::time::UNIX_EPOCH + Duration::from_secs(1_749_990_896)
}

fn application(address: &str, proof: Proof) -> EntraSource {
    let application = Application {
        login_server: Endpoint::login_server(address).unwrap(),
        tenant_id: TENANT.to_owned(),
        client_id: CLIENT.to_owned(),
        proof,
    };
    EntraSource::new(Flow::Application(application), SCOPE.to_owned(), None)
}

fn with_secret(address: &str) -> EntraSource {
    application(address, Proof::Secret(Secret::new(SECRET)))
}

fn managed(identity: Assigned, variables: &dyn Fn(&str) -> Option<String>) -> EntraSource {
    let identity = Environment::of(variables).managed_identity(identity, None).unwrap();
    EntraSource::new(Flow::Managed(identity), SCOPE.to_owned(), None)
}

fn imds(address: &str, identity: Assigned) -> EntraSource {
    let address = address.to_owned();
    managed(identity, &move |name| (name == "AZURE_POD_IDENTITY_AUTHORITY_HOST").then(|| address.clone()))
}

async fn fetch(source: &EntraSource) -> Result<Fetched, SourceError> {
    source.fetch(Fetch::at(now())).await
}

async fn permanent(source: &EntraSource) -> crate::Error {
    match fetch(source).await {
        Err(SourceError::Permanent(error)) => error,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn s03_a_client_secret_gets_a_token_of_its_object_id() {
    let server = Tenant::start_at(now()).await;
    let source = with_secret(&server.address);
    let fetched = fetch(&source).await.unwrap();
    assert_eq!((&*fetched.user, source.name()), (OBJECT, "entra-client-secret"));
    // The tenant cuts off what its answer took of the last second.
    let left = fetched.expires_at.unwrap().duration_since(now()).unwrap();
    assert!(left <= LIFE && left >= LIFE - Duration::from_secs(1), "{left:?}");
    assert!(fetched.issued_at < now(), "Entra dates its tokens back");
    let second = fetch(&source).await.unwrap();
    assert_ne!(fetched.secret, second.secret, "nothing is cached here");
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn s03_a_user_that_is_set_wins_and_nobody_is_never_default() {
    let tenant = Tenant::start_at(now()).await;
    let mut source = with_secret(&tenant.address);
    source.user = Some("app".into());
    assert_eq!(&*fetch(&source).await.unwrap().user, "app");
    let server = Scripted::start().await;
    let mut source = with_secret(&server.address);
    for user in [Some("app"), None] {
        server.next_answer(200, &[], r#"{"access_token": "e30.e30.c2ln", "expires_in": 3600}"#);
        source.user = user.map(Arc::from);
        match (user, fetch(&source).await) {
            (Some(user), Ok(fetched)) => assert_eq!(&*fetched.user, user),
            (None, Err(SourceError::Permanent(error))) => {
                let text = error.message();
                assert!(text.contains("no claim `oid`") && text.contains("username"), "{error}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn s03_a_certificate_signs_an_assertion_that_verifies() {
    let registered = certificate(2020, 2100);
    let server = Tenant::with_certificate(Some(now()), &registered).await;
    let certificate = Certificate::from_pem(&registered.pem(), KEY).unwrap();
    let source = application(&server.address, Proof::Certificate(certificate));
    assert_eq!(&*fetch(&source).await.unwrap().user, OBJECT);
    assert_eq!(server.asked()[0].proof, Some("certificate"));
    assert_eq!(source.name(), "entra-client-certificate");
    let ahead = source.fetch(Fetch::at(now() + LIFE)).await.unwrap_err().into_error();
    assert!(ahead.message().contains("look at the clock"), "{ahead}");
}

#[tokio::test]
async fn s03_a_certificate_that_is_not_registered_is_refused_without_repeating_the_assertion() {
    let server = Tenant::with_certificate(Some(now()), &certificate(2020, 2100)).await;
    let other = Certificate::from_pem(&certificate(2020, 2099).pem(), KEY).unwrap();
    let error = permanent(&application(&server.address, Proof::Certificate(other))).await;
    assert!(error.message().contains("AADSTS700027"), "{error}");
    assert!(error.message().contains("register this certificate"), "{error}");
}

#[tokio::test]
async fn s03_an_assertion_that_a_refusal_quotes_is_not_repeated() {
    let server = Scripted::start().await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "quoted-assertion").unwrap();
    let body =
        r#"{"error": "invalid_client", "error_description": "AADSTS700027: wrong: 'quoted-assertion'."}"#;
    server.next_answer(401, &[], body);
    let source = application(&server.address, Proof::FederatedTokenFile(file.path().to_owned()));
    let error = permanent(&source).await;
    assert!(error.message().contains("AADSTS700027: wrong: '***'"), "{error}");
}

#[tokio::test]
async fn s03_a_certificate_out_of_its_dates_is_said_before_anybody_is_asked() {
    let server = Tenant::start_at(now()).await;
    for (from, to, words) in [(2020, 2024, "expired"), (2050, 2100, "not valid for another")] {
        let certificate = Certificate::from_pem(&certificate(from, to).pem(), KEY).unwrap();
        let error = permanent(&application(&server.address, Proof::Certificate(certificate))).await;
        assert!(error.message().contains(words), "{error}");
    }
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn s03_a_certificate_file_is_read_each_time() {
    let registered = certificate(2020, 2100);
    let server = Tenant::with_certificate(Some(now()), &registered).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let source = application(&server.address, Proof::CertificateFile(file.path().to_owned()));
    let write = |certificate: &rcgen::Certificate| {
        std::fs::write(file.path(), format!("{}{KEY}", certificate.pem())).unwrap();
    };
    write(&certificate(2020, 2024));
    let error = permanent(&source).await;
    assert!(error.message().contains("expired") && error.message().contains("tmp"), "{error}");
    write(&registered);
    fetch(&source).await.unwrap();
}

#[tokio::test]
async fn s03_a_federated_token_is_read_each_time() {
    let server = Tenant::start_at(now()).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    let source = application(&server.address, Proof::FederatedTokenFile(file.path().to_owned()));
    assert!(matches!(fetch(&source).await, Err(SourceError::Transient(_))), "empty while it is written");
    std::fs::write(file.path(), "somebody-elses").unwrap();
    let error = permanent(&source).await;
    assert!(error.message().contains("AADSTS") && !error.message().contains("somebody"), "{error}");
    let mut seen = Vec::new();
    for _ in 0..2 {
        seen.push(server.assertion());
        std::fs::write(file.path(), format!("{}\n", server.assertion())).unwrap();
        assert_eq!(&*fetch(&source).await.unwrap().user, OBJECT);
        server.faults().rotate_token_files().unwrap();
    }
    assert_ne!(seen[0], seen[1]);
    assert_eq!(server.asked().last().unwrap().proof, Some("federated"));
    let gone = application(&server.address, Proof::FederatedTokenFile(PathBuf::from("/nowhere/token")));
    let error = fetch(&gone).await.unwrap_err().into_error();
    assert!(error.message().contains("/nowhere/token"), "{error}");
    assert_eq!(error.source_name(), Some("entra-workload-identity"));
}

#[tokio::test]
async fn s03_the_metadata_service_gives_each_kind_of_identity() {
    let server = Tenant::start_at(now()).await;
    for (identity, object) in [
        (Assigned::System, SYSTEM.1),
        (Assigned::ClientId(ASSIGNED.0.to_owned()), ASSIGNED.1),
        (Assigned::ObjectId(ASSIGNED.1.to_owned()), ASSIGNED.1),
        (Assigned::ResourceId(RESOURCE.to_owned()), ASSIGNED.1),
    ] {
        let fetched = fetch(&imds(&server.address, identity)).await.unwrap();
        // On the wire it is in whole seconds.
        let end = chrono::DateTime::<chrono::Utc>::from(fetched.expires_at.unwrap());
        let truth = server.asked().last().unwrap().expires.clone().unwrap();
        assert_eq!(&*fetched.user, object);
        assert!(truth.starts_with(&end.format("%Y-%m-%dT%H:%M:%S").to_string()), "{end} {truth}");
    }
    let error = permanent(&imds(&server.address, Assigned::ClientId("stranger".to_owned()))).await;
    assert!(error.message().contains("user-assigned identity stranger"), "{error}");
    assert!(error.message().contains("Identity not found"), "{error}");
}

#[tokio::test]
async fn s03_app_service_is_asked_where_there_is_one() {
    let server = Tenant::start_at(now()).await;
    let surroundings = server.environment("app-service");
    let header = surroundings["IDENTITY_HEADER"].clone();
    let with = |header: String| {
        let endpoint = surroundings["IDENTITY_ENDPOINT"].clone();
        move |name: &str| match name {
            "IDENTITY_ENDPOINT" => Some(endpoint.clone()),
            "IDENTITY_HEADER" => Some(header.clone()),
            _ => None,
        }
    };
    for identity in [Assigned::System, Assigned::ResourceId(RESOURCE.to_owned())] {
        fetch(&managed(identity, &with(header.clone()))).await.unwrap();
    }
    assert!(server.asked().iter().all(|asked| asked.endpoint == "app-service"));
    let error = permanent(&managed(Assigned::System, &with("wrong-header".to_owned()))).await;
    assert!(!error.message().contains("wrong-header"), "{error}");
}

#[tokio::test]
async fn s03_a_platform_that_gives_the_same_token_is_noted_and_asked_less() {
    let server = Tenant::start_at(now()).await;
    let source = imds(&server.address, Assigned::System);
    let first = fetch(&source).await.unwrap();
    assert!(source.warnings().is_empty());
    let mut again = Fetch::at(now());
    again.differs_from.push(Arc::new(Credential {
        user: first.user.clone(),
        secret: first.secret.clone(),
        issued_at: first.issued_at,
        expires_at: first.expires_at,
        generation: 1,
    }));
    let second = source.fetch(again.clone()).await.unwrap();
    assert_eq!(first.secret, second.secret);
    assert!(source.warnings()[0].contains("the same token again"), "{:?}", source.warnings());
    let asked = server.asked().len();
    let Err(SourceError::Throttled(_, Some(pause))) = source.fetch(again.clone()).await else { panic!() };
    assert_eq!((pause, server.asked().len()), (Duration::from_secs(1), asked), "not asked at all");
    // The platform renews its token.
    server.faults().life(None, Some(2 * LIFE));
    again.now += pause;
    let third = source.fetch(again).await.unwrap();
    assert_ne!(third.secret, first.secret);
    assert!(source.warnings().is_empty());
}

#[tokio::test]
async fn s03_what_the_answers_mean() {
    let server = Scripted::start().await;
    let source = with_secret(&server.address);
    server.next_answer(429, &[("retry-after", "17")], "{}");
    let Err(SourceError::Throttled(error, Some(pause))) = fetch(&source).await else { panic!() };
    assert_eq!((pause.as_secs(), error.code()), (17, Code::CredentialsThrottled));
    server.next_answer(503, &[("retry-after", "3")], "busy");
    assert!(matches!(fetch(&source).await, Err(SourceError::Throttled(_, Some(_)))));
    for (status, body) in [(500, "oops"), (408, ""), (400, r#"{"error": "temporarily_unavailable"}"#)] {
        server.next_answer(status, &[], body);
        assert!(matches!(fetch(&source).await, Err(SourceError::Transient(_))), "{status}");
    }
    for (status, body) in [
        (200, "<html>"),
        (200, r#"{"access_token": "", "expires_in": 1}"#),
        (200, r#"{"access_token": "t"}"#),
        (302, ""),
        (404, ""),
    ] {
        server.next_answer(status, &[("location", "http://localhost:1/")], body);
        let error = permanent(&source).await;
        assert_eq!(error.source_name(), Some("entra-client-secret"));
    }
    let platform = imds(&server.address, Assigned::System);
    for status in [404, 410, 500] {
        server.next_answer(status, &[], "");
        assert!(matches!(fetch(&platform).await, Err(SourceError::Transient(_))), "{status}");
    }
}

#[tokio::test]
async fn s03_t17_a_refusal_says_why_and_repeats_no_secret() {
    let server = Tenant::start_at(now()).await;
    let source = application(&server.address, Proof::Secret(Secret::new("wrong-secret")));
    let error = permanent(&source).await;
    for words in ["invalid_client", "AADSTS7000215", CLIENT, TENANT, "not its id"] {
        assert!(error.message().contains(words), "{error} lacks {words}");
    }
    assert!(!error.message().contains("Trace ID"), "{error}");
    assert!(error.server_text().unwrap().contains("Invalid client secret provided"), "{error}");
    assert!(!format!("{error:?} {:?} {source:?}", error.detail()).contains("wrong-secret"));
}

#[tokio::test]
async fn s03_t15_nothing_anywhere_lists_each_way() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let surroundings =
        move |name: &str| (name == "AZURE_POD_IDENTITY_AUTHORITY_HOST").then(|| address.clone());
    let environment = Environment::of(&surroundings);
    let identity = environment.managed_identity(Assigned::System, None).unwrap();
    let identity = identity.instead_of(environment.proof().unwrap_err());
    let source = EntraSource::new(Flow::Managed(identity), SCOPE.to_owned(), None);
    let error = permanent(&source).await;
    assert_eq!(error.code(), Code::CredentialsNotFound);
    for words in [
        "No Entra credentials found",
        "AZURE_CLIENT_SECRET is not set",
        "AZURE_CLIENT_CERTIFICATE_PATH is not set",
        "AZURE_FEDERATED_TOKEN_FILE is not set",
        "managed identity: the metadata service http://127.0.0.1",
    ] {
        assert!(error.message().contains(words), "{error} lacks {words}");
    }
}

#[test]
fn s03_t05_whoever_is_told_apart_shares_nothing() {
    let login_server = |address: &str| Endpoint::login_server(address).unwrap();
    let of = |tenant: &str, client: &str, proof: Proof| {
        let application = Application {
            login_server: login_server("login.example.com"),
            tenant_id: tenant.to_owned(),
            client_id: client.to_owned(),
            proof,
        };
        EntraSource::new(Flow::Application(application), SCOPE.to_owned(), None).identity().unwrap()
    };
    let secret = |text: &str| Proof::Secret(Secret::new(text));
    let one = of("t", "c", secret("s"));
    assert_eq!(one, of("t", "c", secret("s")));
    for other in [of("u", "c", secret("s")), of("t", "d", secret("s")), of("t", "c", secret("r"))] {
        assert_ne!(one, other);
    }
    assert!(!format!("{:?}", of("t", "c", secret("made-up-secret"))).contains("made-up-secret"));
    let nothing = |_: &str| None;
    let ids = || "x".to_owned();
    let kinds =
        [Assigned::System, Assigned::ClientId(ids()), Assigned::ObjectId(ids()), Assigned::ResourceId(ids())];
    let seen: std::collections::HashSet<_> =
        kinds.into_iter().map(|kind| managed(kind, &nothing).identity().unwrap()).collect();
    assert_eq!(seen.len(), 4);
}

#[test]
fn s03_certificates_that_cannot_work_say_why() {
    use assertion::CertificateError as Error;
    let certificate = certificate(2020, 2100).pem();
    let other_key = rcgen::KeyPair::generate().unwrap().serialize_pem();
    let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let garbage = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for (certificate, key, expected) in [
        ("", KEY, Error::NoCertificate),
        (garbage, KEY, Error::Unreadable),
        (&certificate, "", Error::NoKey),
        (&certificate, encrypted, Error::Encrypted),
        (&certificate, &other_key, Error::NotRsa),
    ] {
        assert_eq!(Certificate::from_pem(certificate, key).unwrap_err(), expected);
    }
    let of_another = rcgen::KeyPair::generate().unwrap();
    let of_another = rcgen::CertificateParams::new(Vec::new()).unwrap().self_signed(&of_another).unwrap();
    assert_eq!(Certificate::from_pem(&of_another.pem(), KEY).unwrap_err(), Error::Mismatch);
}
