//! S02, S04, S05: whose keys sign, asked of real endpoints and of functions of the host.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "support/sts.rs"]
mod sts;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

use keyrotor::aws::{AwsKeys, explain};
use keyrotor::{Callback, Callbacks, Code, Error, Fetch, Fetched, Format, SourceError, TokenManager};
use serde_json::{Value, json};
use sts::Sts;

const ROLE: &str = "arn:aws:iam::123456789012:role/cache-user";

fn request(more: Value) -> Value {
    let mut iam = json!({"clusterName": "my-cluster", "username": "iam-user-01", "region": "eu-west-1"});
    for (name, value) in more.as_object().unwrap() {
        iam[name] = value.clone();
    }
    json!({"authenticationInfo": {"iamCredentials": iam}})
}

fn manager(request: &Value, callbacks: &Callbacks) -> TokenManager {
    TokenManager::from_request_with(request.to_string().as_bytes(), Format::Json, callbacks).unwrap()
}

fn of_role(sts: &Sts, more: Value) -> Value {
    let mut iam = json!({
        "roleArn": ROLE, "endpoint": sts.url,
        "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"},
    });
    for (name, value) in more.as_object().unwrap() {
        iam[name] = value.clone();
    }
    request(iam)
}

/// The key id that signed a token.
async fn signer(manager: &TokenManager) -> String {
    let token = manager.token_async().await.unwrap();
    explain(token.expose(), SystemTime::now()).access_key_id.unwrap()
}

#[tokio::test]
async fn s02_s05_a_role_is_assumed_at_the_endpoint_with_its_external_id() {
    let sts = Sts::start().await;
    let manager = manager(&of_role(&sts, json!({"externalId": "tenant-7"})), &Callbacks::new());
    assert_eq!(signer(&manager).await, "ASIAEXAMPLE1");
    let asked = sts.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].body.contains("ExternalId=tenant-7"), "{asked:?}");
    assert!(
        asked[0].body.contains("RoleArn=arn%3Aaws%3Aiam%3A%3A123456789012%3Arole%2Fcache-user"),
        "{asked:?}"
    );
    assert!(asked[0].head.contains("Credential=AKIDEXAMPLE/"), "{asked:?}");
    assert!(asked[0].head.contains("/eu-west-1/sts/aws4_request"), "{asked:?}");
}

#[tokio::test]
async fn s02_t05_many_identities_of_one_role_ask_once() {
    let sts = Sts::start().await;
    let managers: Vec<_> = (0..20)
        .map(|number| {
            let user = format!("user-{number}");
            manager(&of_role(&sts, json!({"username": user, "externalId": "many"})), &Callbacks::new())
        })
        .collect();
    let waiting: Vec<_> = managers
        .iter()
        .map(|manager| {
            let manager = manager.clone();
            tokio::spawn(async move { manager.token_async().await.unwrap() })
        })
        .collect();
    let mut tokens = std::collections::HashSet::new();
    for waiting in waiting {
        tokens.insert(waiting.await.unwrap().expose().to_owned());
    }
    assert_eq!((tokens.len(), sts.asked().len()), (20, 1));
}

#[tokio::test]
async fn t02_t03_a_token_ends_with_the_session_that_signed_it() {
    let sts = Sts::start().await;
    sts.live(Duration::from_secs(20));
    let manager = manager(&of_role(&sts, json!({"externalId": "short"})), &Callbacks::new());
    let credential = manager.credential_async().await.unwrap();
    let left = credential.expires_at.unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(left <= Duration::from_secs(20), "{left:?}");
    let next = manager.status().next_refresh_at.unwrap().seconds;
    let end = manager.status().expires_at.unwrap().seconds;
    assert!(end - next >= 5, "refreshed in proportion: {next} before {end}");
}

#[tokio::test]
async fn t09_s02_after_a_refusal_the_role_is_assumed_anew() {
    let sts = Sts::start().await;
    let manager = manager(&of_role(&sts, json!({"externalId": "rotated"})), &Callbacks::new());
    let first = manager.credential_async().await.unwrap();
    assert_eq!(signer(&manager).await, "ASIAEXAMPLE1");
    manager.reject(first.generation);
    assert_eq!(signer(&manager).await, "ASIAEXAMPLE2");
    manager.reject(manager.credential_async().await.unwrap().generation);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert_eq!(signer(&manager).await, "ASIAEXAMPLE2", "not twice within 30 s");
}

#[tokio::test]
async fn t16_s02_what_sts_says_is_in_the_error() {
    let sts = Sts::start().await;
    sts.refuse(true);
    let request = of_role(&sts, json!({"externalId": "refused"}));
    let error = manager(&request, &Callbacks::new()).token_async().await.unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsFetchFailed, Some("elasticache-iam")));
    assert!(error.message().starts_with("Failed to refresh IAM token: "), "{error}");
    assert!(error.message().contains("not authorized to perform: sts:AssumeRole"), "{error}");
    sts.refuse(false);
    sts.hang(true);
    let mut request = of_role(&sts, json!({"externalId": "hangs"}));
    request["refresh"] = json!({"sourceTimeout": "1s"});
    let error = manager(&request, &Callbacks::new()).token_async().await.unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsTimeout, Some("elasticache-iam")));
    assert!(error.message().contains("elasticache-iam did not answer within 1 s"), "{error}");
}

fn keys(id: &str) -> AwsKeys {
    AwsKeys::new(id, "secret", None, None, "test")
}

#[tokio::test]
async fn s02_keys_come_from_a_function_of_the_host() {
    let asked = Arc::new(AtomicU32::new(0));
    let counting = Arc::clone(&asked);
    let callbacks = Callbacks::new()
        .with_keys(
            "blocking",
            Callback::blocking(move |_| {
                counting.fetch_add(1, SeqCst);
                std::thread::sleep(Duration::from_millis(100));
                Ok(keys("AKIDBLOCKING"))
            }),
        )
        .with_keys("future", Callback::future(|_| Box::pin(async { Ok(keys("AKIDFUTURE")) })))
        .with_key_provider("provider", keys("AKIDPROVIDER"));
    for (name, id) in [("blocking", "AKIDBLOCKING"), ("future", "AKIDFUTURE"), ("provider", "AKIDPROVIDER")] {
        let manager = manager(&request(json!({"keySource": name})), &callbacks);
        let again = self::manager(&request(json!({"keySource": name, "username": "other"})), &callbacks);
        assert_eq!((signer(&manager).await.as_str(), signer(&again).await.as_str()), (id, id));
    }
    assert_eq!(asked.load(SeqCst), 1, "two identities, one function, one question");
}

#[tokio::test]
async fn s02_s04_a_function_that_fails_or_panics_is_an_error_that_says_so() {
    let failing = |error: SourceError| {
        let callbacks = Callbacks::new()
            .with_keys("keys", {
                let error = error.clone();
                Callback::blocking(move |_| Err(error.clone()))
            })
            .with_credentials("secret", Callback::blocking(move |_| Err(error.clone())));
        let of_keys = manager(&request(json!({"keySource": "keys"})), &callbacks);
        let of_secrets =
            manager(&json!({"authenticationInfo": {"callbackCredentials": {"name": "secret"}}}), &callbacks);
        [of_keys, of_secrets]
    };
    let said = Error::new(Code::CredentialsThrottled, "the vault wants to be left alone");
    for manager in failing(SourceError::Permanent(said)) {
        let error = manager.token_async().await.unwrap_err();
        assert_eq!(error.code(), Code::CredentialsThrottled);
        assert!(error.message().starts_with("Failed to refresh IAM token: "), "{error}");
        assert!(error.message().contains("the vault wants to be left alone"), "{error}");
    }
    let callbacks = Callbacks::new().with_credentials(
        "secret",
        Callback::blocking(|_| -> Result<Fetched, SourceError> { panic!("scripted") }),
    );
    let manager =
        manager(&json!({"authenticationInfo": {"callbackCredentials": {"name": "secret"}}}), &callbacks);
    assert_eq!(manager.token_async().await.unwrap_err().code(), Code::Internal);
}

#[tokio::test]
async fn s04_credentials_come_from_a_function_of_the_host() {
    let answer = |fetch: Fetch, kind: &str| {
        let secret = format!("{kind}-{}", fetch.differs_from.len());
        Ok(Fetched::new("app", secret, fetch.now).expires_at(fetch.now + Duration::from_secs(600)))
    };
    let callbacks = Callbacks::new()
        .with_credentials("blocking", Callback::blocking(move |fetch| answer(fetch, "blocking")))
        .with_credentials(
            "future",
            Callback::future(move |fetch| Box::pin(async move { answer(fetch, "future") })),
        )
        .with_credentials(
            "endless",
            Callback::blocking(|fetch: Fetch| Ok(Fetched::new("app", "for-ever", fetch.now))),
        );
    for (name, secret) in [("blocking", "blocking-0"), ("future", "future-0"), ("endless", "for-ever")] {
        let request = json!({"authenticationInfo": {"callbackCredentials": {"name": name}}});
        let manager = manager(&request, &callbacks);
        let credential = manager.credential_async().await.unwrap();
        assert_eq!((&*credential.user, credential.secret.expose()), ("app", secret));
        assert_eq!(credential.expires_at.is_none(), name == "endless");
        assert_eq!(manager.refresh().await.unwrap().generation, 2, "a function can always be asked again");
    }
}

#[tokio::test]
async fn s04_t16_a_function_that_hangs_costs_its_budget_and_one_thread() {
    let (release, hang) = std::sync::mpsc::channel::<()>();
    let (hang, calls) = (std::sync::Mutex::new(hang), Arc::new(AtomicU32::new(0)));
    let counting = Arc::clone(&calls);
    let callbacks = Callbacks::new()
        .with_credentials(
            "hanging",
            Callback::blocking(move |fetch: Fetch| {
                counting.fetch_add(1, SeqCst);
                let _ = hang.lock().unwrap().recv();
                Ok(Fetched::new("app", "late", fetch.now))
            }),
        )
        .with_credentials(
            "quick",
            Callback::blocking(|fetch: Fetch| Ok(Fetched::new("app", "quick", fetch.now))),
        );
    let of = |name: &str| {
        let request = json!({
            "authenticationInfo": {"callbackCredentials": {"name": name}},
            "refresh": {"sourceTimeout": "0.300s", "retry": {"initialDelay": "0.010s"}},
        });
        manager(&request, &callbacks)
    };
    let hanging = of("hanging");
    let error = hanging.token_async().await.unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsTimeout, Some("callback")));
    assert_eq!(of("quick").token_async().await.unwrap().expose(), "quick", "nobody else waits for it");
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(calls.load(SeqCst), 1, "it is not called again while it hangs");
    drop(release);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(60);
    while hanging.token().is_err() {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
