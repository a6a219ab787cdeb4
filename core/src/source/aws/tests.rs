//! The vectors, and the rules of lives and dates.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering::SeqCst;
use std::time::UNIX_EPOCH;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::*;
use crate::secret::Secret;

const VECTORS: &str = include_str!("../../../../tests/vectors/tokens.json");
const LIFE: Duration = Duration::from_secs(900);

fn at(epoch: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(epoch)
}

fn parameters(token: &str) -> (String, BTreeMap<String, String>) {
    let (host, query) = token.split_once("/?").unwrap();
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let pairs: Vec<_> = query.split('&').map(|pair| pair.split_once('=').unwrap()).collect();
    let map: BTreeMap<_, _> = pairs.iter().map(|(name, value)| (decode(name), decode(value))).collect();
    assert_eq!(map.len(), pairs.len(), "a parameter stands twice in {token}");
    (host.to_owned(), map)
}

fn target(vector: &Value) -> Target {
    let text = |name: &str| vector[name].as_str().unwrap_or_default().to_owned();
    match vector["service"].as_str().unwrap() {
        "elasticache" => {
            Target::ElastiCache { cluster: text("cluster_name"), user: text("user"), serverless: false }
        }
        "elasticache-serverless" => {
            Target::ElastiCache { cluster: text("cluster_name"), user: text("user"), serverless: true }
        }
        "memorydb" => Target::MemoryDb { cluster: text("cluster_name"), user: text("user") },
        "rds" => Target::Rds {
            host: text("hostname"),
            port: u16::try_from(vector["port"].as_u64().unwrap()).unwrap(),
            user: text("user"),
        },
        "dsql" => Target::Dsql { host: text("hostname"), admin: vector["action"] == "DbConnectAdmin" },
        other => panic!("no service {other}"),
    }
}

fn keys(vector: &Value) -> AwsKeys {
    let text = |name: &str| vector[name].as_str().map(str::to_owned);
    let (id, secret) = (text("access_key_id").unwrap(), text("secret_access_key").unwrap());
    AwsKeys::new(id, secret, text("session_token"), None, "vector")
}

#[test]
fn t01_every_vector_has_the_reference_parameters_and_signature() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let vectors = file["vectors"].as_array().unwrap();
    assert!(vectors.len() >= 50);
    for vector in vectors {
        let life = Duration::from_secs(vector["expires"].as_u64().unwrap());
        let signed = target(vector)
            .sign(
                vector["region"].as_str().unwrap(),
                life,
                &keys(vector),
                at(vector["epoch"].as_u64().unwrap()),
            )
            .unwrap();
        assert_eq!(
            parameters(signed.expose()),
            parameters(vector["token"].as_str().unwrap()),
            "{}",
            vector["id"]
        );
    }
}

#[test]
fn s01_elasticache_stores_lower_case_and_nobody_else_does() {
    let cache = Target::ElastiCache { cluster: "My-Cache".into(), user: "App".into(), serverless: false };
    let lower = Target::ElastiCache { cluster: "my-cache".into(), user: "app".into(), serverless: false };
    assert_eq!(cache.canonical(), lower);
    let memorydb = Target::MemoryDb { cluster: "My-Cluster".into(), user: "App".into() };
    assert_eq!(memorydb.clone().canonical(), memorydb);
}

#[test]
fn s01_odd_names_are_doubted_not_refused() {
    let doubts = |cluster: &str, user: &str| {
        Target::ElastiCache { cluster: cluster.into(), user: user.into(), serverless: false }.doubts().len()
    };
    assert_eq!(doubts("my-cache", "default.iam-user"), 0);
    assert_eq!(doubts("my-cache.abc.cache.amazonaws.com", "app"), 1);
    assert_eq!(doubts("my_cache", "jürgen"), 2);
}

/// Hands out what is queued, then what was queued last.
#[derive(Debug)]
struct Queue(std::sync::Mutex<Vec<Option<AwsKeys>>>);

impl ProvideCredentials for Queue {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut queue = self.0.lock().unwrap();
        let next = if queue.len() > 1 { queue.remove(0) } else { queue[0].clone() };
        future::ProvideCredentials::ready(
            next.ok_or_else(|| CredentialsError::provider_error("the queue is broken")),
        )
    }
}

fn keys_until(end: Option<SystemTime>) -> AwsKeys {
    AwsKeys::new("AKIDEXAMPLE", "secret", None, end, "test")
}

/// A cache that no other test shares.
fn cache_of(provider: impl ProvideCredentials + 'static) -> Arc<KeyCache> {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let identity = Identity::of("test").and("number", LAST.fetch_add(1, SeqCst));
    KeyCache::of(&identity, || SharedCredentialsProvider::new(provider))
}

fn source(queue: Vec<Option<AwsKeys>>) -> AwsSource {
    let target = Target::ElastiCache { cluster: "c".into(), user: "u".into(), serverless: false };
    let keys = cache_of(Queue(std::sync::Mutex::new(queue)));
    AwsSource::new(target, "u".into(), LIFE, Region::Explicit("eu-west-1".into()), keys)
}

#[tokio::test]
async fn t02_a_token_ends_with_the_credentials_that_signed_it() {
    let now = at(1000);
    let short = source(vec![Some(keys_until(Some(now + Duration::from_secs(12))))]);
    let fetched = short.fetch(Fetch::at(now)).await.unwrap();
    assert_eq!(fetched.expires_at, Some(now + Duration::from_secs(12)));
    let long = source(vec![Some(keys_until(Some(now + LIFE * 2)))]);
    assert_eq!(long.fetch(Fetch::at(now)).await.unwrap().expires_at, Some(now + LIFE));
}

#[tokio::test]
async fn t02_the_life_counts_from_the_second_that_the_token_names() {
    let source = source(vec![Some(keys_until(None))]);
    let fetched = source.fetch(Fetch::at(at(1000) + Duration::from_millis(900))).await.unwrap();
    assert_eq!(fetched.expires_at, Some(at(1900)));
}

#[tokio::test]
async fn s02_keys_too_short_for_a_whole_token_are_renewed_first() {
    let now = at(1000);
    let source =
        source(vec![Some(keys_until(Some(now + LIFE * 2))), Some(keys_until(Some(now + LIFE * 9))), None]);
    source.fetch(Fetch::at(now)).await.unwrap();
    assert!(source.fetch_now(&Fetch::at(now + LIFE)).is_some(), "good for one more token");
    let later = now + LIFE + Duration::from_secs(1);
    assert!(source.fetch_now(&Fetch::at(later)).is_none(), "too short by a second");
    assert_eq!(source.fetch(Fetch::at(later)).await.unwrap().expires_at, Some(later + LIFE));
}

#[tokio::test]
async fn t08_keys_that_cannot_be_renewed_serve_to_their_end() {
    let now = at(1000);
    let source = source(vec![Some(keys_until(Some(now + LIFE))), None]);
    source.fetch(Fetch::at(now)).await.unwrap();
    let later = now + Duration::from_secs(890);
    assert_eq!(source.fetch(Fetch::at(later)).await.unwrap().expires_at, Some(now + LIFE));
    let error = source.fetch(Fetch::at(now + LIFE)).await.unwrap_err();
    assert!(matches!(error, SourceError::Transient(_)), "{error:?}");
}

#[tokio::test]
async fn t09_two_tokens_of_one_second_differ_by_their_date() {
    let now = at(1000);
    let source = source(vec![Some(keys_until(None))]);
    let mut fetch = Fetch::at(now);
    let mut secrets: Vec<Secret> = Vec::new();
    for generation in 1..=3 {
        let fetched = source.fetch(fetch.clone()).await.unwrap();
        assert!(!secrets.contains(&fetched.secret));
        assert_eq!(fetched.issued_at, now - Duration::from_secs(generation - 1), "dated back, never forward");
        secrets.push(fetched.secret.clone());
        fetch.differs_from.push(Arc::new(crate::Credential {
            user: fetched.user,
            secret: fetched.secret,
            issued_at: fetched.issued_at,
            expires_at: fetched.expires_at,
            generation,
        }));
    }
    let [newest, oldest] = [0, 2].map(|age| secrets[age].clone());
    assert_eq!(source.fetch(fetch.clone()).await.unwrap().secret, oldest, "what is named last matters least");
    fetch.differs_from.reverse();
    assert_eq!(source.fetch(fetch).await.unwrap().secret, newest);
}

#[test]
fn t09_seconds_of_which_one_is_known_are_tried_last() {
    let credential = |second| {
        let fetched =
            Fetched::new("u", format!("token of {second}"), at(second) + Duration::from_millis(100));
        let Fetched { user, secret, issued_at, expires_at, .. } = fetched;
        Arc::new(crate::Credential { user, secret, issued_at, expires_at, generation: second })
    };
    let now = at(1000) + Duration::from_millis(900);
    let seconds = |known: &[u64]| {
        let mut fetch = Fetch::at(now);
        fetch.differs_from.extend(known.iter().map(|second| credential(*second)));
        let back = |date: SystemTime| now.duration_since(date).unwrap().as_secs();
        dates(&fetch).into_iter().map(back).collect::<Vec<_>>()
    };
    assert_eq!(seconds(&[]), [0, 1, 2]);
    assert_eq!(seconds(&[1000]), [1, 2, 0]);
    assert_eq!(seconds(&[999]), [0, 2, 1]);
    assert_eq!(seconds(&[1000, 998]), [1, 0, 2]);
    assert_eq!(seconds(&[1000, 999, 998]), [0, 1, 2]);
    assert_eq!(seconds(&[997, 1001]), [0, 1, 2]);
}

#[tokio::test]
async fn t09_after_a_refusal_the_keys_are_asked_for_anew() {
    let source = source(vec![Some(keys_until(None))]);
    source.fetch(Fetch::at(at(1000))).await.unwrap();
    assert!(source.fetch_now(&Fetch::at(at(1001))).is_some());
    source.invalidate();
    assert!(source.fetch_now(&Fetch::at(at(1001))).is_none());
}

#[test]
fn t11_keys_and_region_of_the_request_sign_on_the_spot() {
    let request =
        br#"{"authenticationInfo": {"iamCredentials": {"clusterName": "c", "username": "u", "region": "r",
        "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"}}}}"#;
    let manager = crate::TokenManager::from_request(request, crate::Format::Json).unwrap();
    let first = manager.credential().unwrap();
    manager.reject(first.generation);
    assert_ne!(crate::host::wait_for(manager.credential_async()).unwrap().secret, first.secret);
}

#[test]
fn explain_names_what_is_wrong() {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let vector =
        file["vectors"].as_array().unwrap().iter().find(|v| v["id"] == "ec-region-us-east-1").unwrap();
    let token = vector["token"].as_str().unwrap();
    let now = at(vector["epoch"].as_u64().unwrap() + 1);
    let good = explain(token, now);
    assert_eq!(good.problems, Vec::<String>::new());
    assert_eq!((good.service.as_deref(), good.user.as_deref()), (Some("elasticache"), Some("iam-user-01")));
    assert_eq!(good.expires_at, Some(now + Duration::from_secs(899)));
    let problems = |token: &str, now| explain(token, now).problems.join("; ");
    assert!(problems(token, now + LIFE).contains("expired 1 s ago"));
    assert!(problems(token, now - LIFE).contains("in the future"));
    assert!(problems(&format!("https://{token}"), now).contains("scheme"));
    assert!(problems(&token[..token.len() - 90], now).contains("X-Amz-Signature is missing"));
    assert!(problems(&token.replace("=900", "=18446744073709551615"), now).contains("not a number"));
    assert!(
        problems(&token.replace("X-Amz-Expires=900", "X-Amz-Expires=4294967295"), now)
            .contains("900 at most")
    );
    assert_eq!(explain("password", now).host, "");
    assert!(problems("password", now).contains("not a presigned request"));
}

/// Counts how often it is asked; answers once it is let, as it is told.
#[derive(Debug, Clone)]
struct Counted {
    asked: Arc<AtomicU64>,
    gate: Arc<tokio::sync::Semaphore>,
    answer: Result<AwsKeys, &'static str>,
}

impl Counted {
    fn new(answer: Result<AwsKeys, &'static str>) -> Self {
        Self { asked: Arc::default(), gate: Arc::new(tokio::sync::Semaphore::new(10_000)), answer }
    }

    fn asked(&self) -> u64 {
        self.asked.load(SeqCst)
    }
}

impl ProvideCredentials for Counted {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.asked.fetch_add(1, SeqCst);
            self.gate.acquire().await.unwrap().forget();
            self.answer.clone().map_err(CredentialsError::provider_error)
        })
    }
}

#[tokio::test]
async fn s02_t04_keys_are_asked_for_once_for_all_who_wait_failure_included() {
    for answer in [Ok(keys_until(None)), Err("scripted failure")] {
        let provider = Counted::new(answer);
        provider.gate.forget_permits(10_000);
        let cache = cache_of(provider.clone());
        let waiting: Vec<_> = (0..1000)
            .map(|_| {
                let cache = Arc::clone(&cache);
                tokio::spawn(async move { cache.resolve(at(1000), LIFE, "test").await.is_ok() })
            })
            .collect();
        while provider.asked() == 0 {
            tokio::task::yield_now().await;
        }
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        provider.gate.add_permits(10_000);
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap(), provider.answer.is_ok());
        }
        assert_eq!(provider.asked(), 1);
    }
}

#[tokio::test]
async fn s02_a_failure_is_not_remembered() {
    let source = source(vec![None, Some(keys_until(None))]);
    source.fetch(Fetch::at(at(1000))).await.unwrap_err();
    source.fetch(Fetch::at(at(1000))).await.unwrap();
}

#[tokio::test]
async fn s02_keys_that_are_never_long_enough_are_not_asked_for_each_time() {
    let now = at(1000);
    let provider = Counted::new(Ok(keys_until(Some(now + Duration::from_secs(600)))));
    let cache = cache_of(provider.clone());
    for second in 0..10 {
        cache.resolve(now + Duration::from_secs(second), LIFE, "test").await.unwrap();
    }
    assert_eq!(provider.asked(), 1);
    cache.resolve(now + Duration::from_secs(10), LIFE, "test").await.unwrap();
    assert_eq!(provider.asked(), 2);
}

#[tokio::test]
async fn t09_keys_are_dropped_at_most_once_in_thirty_seconds() {
    let provider = Counted::new(Ok(keys_until(None)));
    let cache = cache_of(provider.clone());
    for second in 0..90 {
        cache.doubt();
        cache.resolve(at(1000 + second), LIFE, "test").await.unwrap();
    }
    assert_eq!(provider.asked(), 1 + 3 - 1, "at 0, 30 and 60 s, the first of which asked anyway");
}

#[test]
fn s02_t05_identities_that_use_one_provider_share_its_keys_and_no_others() {
    let request = |user: &str, more: &str| {
        let json = format!(
            r#"{{"authenticationInfo": {{"iamCredentials": {{"clusterName": "c", "username": "{user}", "region": "r"{more}}}}}}}"#
        );
        let request = keyrotor_proto::decode(json.as_bytes(), crate::Format::Json).unwrap();
        crate::config::token_manager(request, &crate::Callbacks::new()).unwrap().source.identity().unwrap()
    };
    let role = r#", "roleArn": "arn:aws:iam::123456789012:role/r""#;
    assert_eq!(request("u", role), request("u", role));
    let all = [
        request("u", ""),
        request("v", ""),
        request("u", role),
        request("u", &format!(r#"{role}, "externalId": "x""#)),
        request("u", &format!(r#"{role}, "endpoint": "https://localhost""#)),
        request("u", r#", "roleArn": "arn:aws:iam::123456789012:role/other""#),
        request("u", r#", "profile": "p""#),
        request("u", r#", "tokenLifeSeconds": 600"#),
        request("u", r#", "serverless": true"#),
        request("u", r#", "serviceType": "MEMORYDB""#),
        request("u", r#", "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "one"}"#),
        request("u", r#", "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "two"}"#),
    ];
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "{all:#?}");
    assert!(!format!("{all:?}").contains("two\""));
}

#[test]
fn t15_what_cannot_be_signed_says_so_and_what_to_do() {
    let target = Target::Rds { host: "not a host".into(), port: 5432, user: "u".into() };
    let error = target.sign("r", LIFE, &keys_until(None), at(1000)).unwrap_err();
    assert_eq!(error.code(), keyrotor_proto::Code::CredentialsSigningFailed);
    assert!(error.message().starts_with("Failed to sign request: "), "{error}");
    assert!(error.message().contains("look at the names"), "{error}");
}

#[tokio::test]
async fn s02_keys_are_renewed_before_they_must_be_by_one_of_all_who_sign_with_them() {
    let (now, hour) = (at(10_000), Duration::from_secs(3600));
    let until = |end: SystemTime| Some(keys_until(Some(end)));
    let keys = cache_of(Queue(std::sync::Mutex::new(vec![until(now + hour), None, until(now + hour * 3)])));
    let source = || {
        let target = Target::ElastiCache { cluster: "c".into(), user: "u".into(), serverless: false };
        AwsSource::new(target, "u".into(), LIFE, Region::Explicit("eu-west-1".into()), Arc::clone(&keys))
    };
    let (one, other) = (source(), source());
    let renewal = one.fetch(Fetch::at(now)).await.unwrap().ask_again_at.unwrap();
    let good_for = renewal.duration_since(now).unwrap();
    assert!((Duration::from_secs(270)..=Duration::from_secs(2700)).contains(&good_for), "{good_for:?}");
    assert_eq!(other.fetch(Fetch::at(now)).await.unwrap().ask_again_at, None, "one is enough");
    assert_eq!(one.fetch(Fetch::at(now)).await.unwrap().ask_again_at, Some(renewal), "and stays the one");

    let kept = one.fetch(Fetch::at(renewal)).await.unwrap();
    assert!(kept.ask_again_at.unwrap() > renewal, "the renewal failed, and is tried again");
    assert!(one.fetch_now(&Fetch::at(renewal)).is_some(), "meanwhile the old keys sign");
    let forced = |at| Fetch { is_forced: true, ..Fetch::at(at) };
    assert!(one.fetch_now(&forced(renewal)).is_some(), "for whoever insists on a new token, too");
    let due = kept.ask_again_at.unwrap();
    assert!(one.fetch_now(&forced(due)).is_none(), "but not where the keys are asked for first");
    let renewed = one.fetch(Fetch::at(kept.ask_again_at.unwrap())).await.unwrap();
    assert!(renewed.ask_again_at.unwrap() > now + hour, "three hours from now the next ones end");
}
