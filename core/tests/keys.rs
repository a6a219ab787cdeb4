//! S02, S04, S05: whose keys sign, asked of real endpoints and of functions of the host.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests"
)]

#[path = "support/cloud.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod cloud;

use cloud::{EXTERNAL_ID, KEY, Keys, ROLE, TENANT_ROLE};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::time::{Duration, Instant, SystemTime};

use keyrotor::aws::{AwsKeys, explain};
use keyrotor::{Callback, Callbacks, Code, Error, Fetch, Fetched, Format, SourceError, TokenManager};
use keyrotor_emulator::credentials::{Asked, Endpoint, Limit, Verdict};
use serde_json::{Value, json};

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

fn of_role(keys: &Keys, more: Value) -> Value {
    let mut iam = json!({
        "roleArn": ROLE, "endpoint": keys.url(), "accessKey": {"accessKeyId": KEY.0, "secretAccessKey": KEY.1},
    });
    for (name, value) in more.as_object().unwrap() {
        iam[name] = value.clone();
    }
    request(iam)
}

/// The answers that STS gave, one after the other.
fn answers(keys: &Keys) -> Vec<Asked> {
    keys.asked(Endpoint::Sts).into_iter().filter(|asked| asked.verdict == Verdict::Answered).collect()
}

/// The key that STS gave last.
fn given(keys: &Keys) -> Option<String> {
    answers(keys).pop().and_then(|asked| asked.access_key)
}

/// The key id that signed a token.
async fn signer(manager: &TokenManager) -> String {
    let token = manager.token_async().await.unwrap();
    explain(token.expose(), SystemTime::now()).access_key_id.unwrap()
}

#[tokio::test]
async fn s02_s05_a_role_is_assumed_at_the_endpoint_with_its_external_id() {
    let keys = Keys::start("eu-west-1").await;
    let role = json!({"roleArn": TENANT_ROLE, "externalId": EXTERNAL_ID});
    let manager = manager(&of_role(&keys, role), &Callbacks::new());
    let signer = signer(&manager).await;
    let answers = answers(&keys);
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0].caller.as_deref(), Some(KEY.0), "signed with the keys of the request");
    assert_eq!(answers[0].access_key.as_ref(), Some(&signer));
    let without = self::manager(&of_role(&keys, json!({"roleArn": TENANT_ROLE})), &Callbacks::new());
    assert!(without.token_async().await.is_err(), "and never without it");
}

#[tokio::test]
async fn s02_t05_many_identities_of_one_role_ask_once() {
    let keys = Keys::start("eu-west-1").await;
    let managers: Vec<_> = (0..20)
        .map(|number| {
            manager(&of_role(&keys, json!({"username": format!("user-{number}")})), &Callbacks::new())
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
    assert_eq!((tokens.len(), keys.asked(Endpoint::Sts).len()), (20, 1));
}

#[tokio::test]
async fn t05_s02_fifty_managers_of_one_identity_and_two_roles_that_never_share() {
    let keys = Keys::start("eu-west-1").await;
    let of_one = of_role(&keys, json!({}));
    let managers: Vec<_> = (0..50).map(|_| manager(&of_one, &Callbacks::new())).collect();
    let mut generations = Vec::new();
    for manager in &managers {
        generations.push(manager.credential_async().await.unwrap().generation);
    }
    assert_eq!(generations, [1; 50]);
    let other = json!({"roleArn": TENANT_ROLE, "externalId": EXTERNAL_ID});
    let other = manager(&of_role(&keys, other), &Callbacks::new());
    assert_ne!(signer(&other).await, signer(&managers[0]).await);
    assert_eq!(answers(&keys).len(), 2);
}

#[tokio::test]
async fn t02_t03_a_token_ends_with_the_session_that_signed_it() {
    let keys = Keys::start("eu-west-1").await;
    keys.faults().life(None, Some(Duration::from_secs(20)));
    let manager = manager(&of_role(&keys, json!({})), &Callbacks::new());
    let credential = manager.credential_async().await.unwrap();
    let left = credential.expires_at.unwrap().duration_since(SystemTime::now()).unwrap();
    assert!(left <= Duration::from_secs(21), "{left:?}");
    let next = manager.status().next_refresh_at.unwrap().seconds;
    let end = manager.status().expires_at.unwrap().seconds;
    assert!(end - next >= 5, "refreshed in proportion: {next} before {end}");
}

#[tokio::test]
async fn t09_s02_after_a_refusal_the_role_is_assumed_anew() {
    let keys = Keys::start("eu-west-1").await;
    let manager = manager(&of_role(&keys, json!({})), &Callbacks::new());
    let first = manager.credential_async().await.unwrap();
    let signer_of_first = signer(&manager).await;
    keys.faults().rotate_keys(None);
    manager.reject(first.generation);
    let signer_of_second = signer(&manager).await;
    assert_ne!(signer_of_second, signer_of_first);
    assert_eq!(given(&keys), Some(signer_of_second.clone()));
    manager.reject(manager.credential_async().await.unwrap().generation);
    let deadline = Instant::now() + Duration::from_secs(60);
    while manager.token_async().await.is_err() {
        assert!(Instant::now() < deadline, "a refusal costs a second or so");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(signer(&manager).await, signer_of_second, "not asked twice within 30 s");
}

#[tokio::test]
async fn t16_s02_what_sts_says_is_in_the_error() {
    let keys = Keys::start("eu-west-1").await;
    let unknown = json!({"roleArn": "arn:aws:iam::123456789012:role/nobody"});
    let error = manager(&of_role(&keys, unknown), &Callbacks::new()).token_async().await.unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsFetchFailed, Some("elasticache-iam")));
    assert!(error.message().starts_with("Failed to refresh IAM token: "), "{error}");
    assert!(error.message().contains("not authorized to perform: sts:AssumeRole"), "{error}");
    keys.faults().slow(None, Duration::from_secs(3));
    let mut request = of_role(&keys, json!({"username": "slow"}));
    request["refresh"] = json!({"sourceTimeout": "1s"});
    let error = manager(&request, &Callbacks::new()).token_async().await.unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsTimeout, Some("elasticache-iam")));
    assert!(error.message().contains("elasticache-iam did not answer within 1 s"), "{error}");
}

#[tokio::test]
async fn t07_s02_sts_may_fail_throttle_and_go_away_for_a_moment() {
    let keys = Keys::start("eu-west-1").await;
    let faults = keys.faults();
    let troubles: [(&str, &dyn Fn()); 3] = [
        ("failing", &|| faults.failing(None, 503, Limit::Count(2)).unwrap()),
        ("throttling", &|| faults.throttling(None, Limit::Count(2))),
        ("gone", &|| faults.gone(None, Limit::Count(2))),
    ];
    for (name, trouble) in troubles {
        trouble();
        // Another life, since keys that are at hand need no STS.
        let manager = manager(&of_role(&keys, json!({"username": name})), &Callbacks::new());
        let deadline = Instant::now() + Duration::from_secs(60);
        while let Err(error) = manager.token_async().await {
            assert!(Instant::now() < deadline, "{name}: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn aws_keys(id: &str) -> AwsKeys {
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
                Ok(aws_keys("AKIDBLOCKING"))
            }),
        )
        .with_keys("future", Callback::future(|_| Box::pin(async { Ok(aws_keys("AKIDFUTURE")) })))
        .with_key_provider("provider", aws_keys("AKIDPROVIDER"));
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
    let said = Error::new(Code::CredentialsThrottled, "the vault wants to be left alone").with_cause(429_u16);
    for manager in failing(SourceError::Permanent(said)) {
        let error = manager.token_async().await.unwrap_err();
        assert_eq!(error.code(), Code::CredentialsThrottled);
        assert!(error.message().starts_with("Failed to refresh IAM token: "), "{error}");
        assert!(error.message().contains("the vault wants to be left alone"), "{error}");
        assert_eq!(error.cause(), Some(&429_u16), "what the host failed with comes back to it");
        assert!(!format!("{error:?}{:?}", error.detail()).contains("429"));
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
        let again = manager.refresh().await.unwrap();
        assert_eq!(manager.status().counts.unwrap().fetched, 2, "a function can always be asked again");
        // What it gives again is no new credential.
        assert_eq!(again.generation, if name == "endless" { 1 } else { 2 });
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
