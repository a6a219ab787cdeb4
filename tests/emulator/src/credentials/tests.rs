//! What the endpoints say to requests that no SDK sends.

use super::desk::Desk;
use super::endpoint::Endpoint;
use super::*;
use crate::http::{Answer, Call};
use crate::keyring::Keyring;
use crate::{clock, date};
use http_body_util::BodyExt;
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use serde_json::Value;
use std::time::{Duration, UNIX_EPOCH};

const ROLES: &str = "/latest/meta-data/iam/security-credentials/";

fn desk() -> Desk {
    let clock = Some(UNIX_EPOCH + Duration::from_secs(1_749_990_896));
    let shared = Shared::new(clock, Keyring::default()).expect("a certificate");
    let config = Config { time_scale: 60.0, ..Config::default() };
    Desk::new(config, shared).expect("a desk")
}

async fn ask(desk: &Desk, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let request = Request::builder().method(method).uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let call: Call = request.body(Bytes::new()).expect("a request");
    desk.answer(&call).await.expect("an answer")
}

async fn text(answer: Answer) -> String {
    let bytes = answer.into_body().collect().await.expect("a body").to_bytes();
    String::from_utf8(bytes.to_vec()).expect("a text")
}

async fn session(desk: &Desk, ttl: &str) -> String {
    let answer =
        ask(desk, "PUT", "/latest/api/token", &[("x-aws-ec2-metadata-token-ttl-seconds", ttl)]).await;
    assert_eq!(answer.headers()["x-aws-ec2-metadata-token-ttl-seconds"], ttl);
    text(answer).await
}

#[tokio::test(start_paused = true)]
async fn metadata_is_for_those_with_a_token_that_has_not_expired() {
    let desk = desk();
    let token = session(&desk, "60").await;
    let with = [("x-aws-ec2-metadata-token", token.as_str())];
    let status = async |headers: &[(&str, &str)]| ask(&desk, "GET", ROLES, headers).await.status();
    assert_eq!(status(&[]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&[("x-aws-ec2-metadata-token", "AQAEA")]).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(&with).await, StatusCode::OK);
    clock::wait(Duration::from_secs(61)).await;
    assert_eq!(status(&with).await, StatusCode::UNAUTHORIZED);
    let reasons: Vec<_> = desk.log.all().into_iter().map(|asked| asked.reason).collect();
    let unauthorized = Some("Unauthorized".to_owned());
    assert_eq!(reasons, [None, unauthorized.clone(), unauthorized.clone(), None, unauthorized]);
}

#[tokio::test]
async fn metadata_tokens_have_their_rules() {
    let desk = desk();
    let ttl = "x-aws-ec2-metadata-token-ttl-seconds";
    for (method, headers, status) in [
        ("PUT", vec![], StatusCode::BAD_REQUEST),
        ("PUT", vec![(ttl, "0")], StatusCode::BAD_REQUEST),
        ("PUT", vec![(ttl, "21601")], StatusCode::BAD_REQUEST),
        ("PUT", vec![(ttl, "60"), ("x-forwarded-for", "10.0.0.1")], StatusCode::FORBIDDEN),
        ("GET", vec![(ttl, "60")], StatusCode::METHOD_NOT_ALLOWED),
        ("PUT", vec![(ttl, "21600")], StatusCode::OK),
    ] {
        let answer = ask(&desk, method, "/latest/api/token", &headers).await;
        assert_eq!(answer.status(), status, "{method} {headers:?}");
    }
}

#[tokio::test]
async fn metadata_tells_role_keys_and_place() {
    let desk = desk();
    let token = session(&desk, "60").await;
    let get = async |path: &str| {
        let answer = ask(&desk, "GET", path, &[("x-aws-ec2-metadata-token", token.as_str())]).await;
        let status = answer.status();
        (status, text(answer).await)
    };
    assert_eq!(get(ROLES).await, (StatusCode::OK, "app-role".to_owned()));
    assert_eq!(get(ROLES.trim_end_matches('/')).await, (StatusCode::OK, "app-role".to_owned()));
    assert_eq!(get(&format!("{ROLES}other-role")).await.0, StatusCode::NOT_FOUND);
    assert_eq!(get("/latest/meta-data/placement/region").await.1, "us-east-1");
    let document: Value =
        serde_json::from_str(&get("/latest/dynamic/instance-identity/document").await.1).expect("JSON");
    assert_eq!((&document["region"], &document["accountId"]), (&"us-east-1".into(), &"123456789012".into()));
    let keys: Value = serde_json::from_str(&get(&format!("{ROLES}app-role")).await.1).expect("JSON");
    assert_eq!((&keys["Code"], &keys["Type"]), (&"Success".into(), &"AWS-HMAC".into()));
    let time = |name: &str| date::parse_rfc3339(keys[name].as_str().expect("a text")).expect("a time");
    let life = time("Expiration").duration_since(time("LastUpdated")).expect("a life");
    assert!((360..=361).contains(&life.as_secs()), "six hours, sixty times as fast: {life:?}");
    let known = desk.shared.keys.find(keys["AccessKeyId"].as_str().expect("an id")).expect("a known key");
    assert_eq!(
        (keys["SecretAccessKey"].as_str(), keys["Token"].as_str()),
        (Some(known.secret.as_str()), known.session_token.as_deref())
    );
    assert_eq!(known.expires, Some(time("Expiration")));
}

#[tokio::test]
async fn agents_say_what_is_wrong() {
    let desk = desk();
    for (path, headers, status, word) in [
        ("/v2/credentials/other", vec![], 400, "InvalidIdInRequest"),
        ("/v1/credentials", vec![], 400, "Service account token cannot be empty"),
        ("/v1/credentials", vec![("authorization", "x")], 400, "(InvalidTokenException)"),
        ("/v3/credentials", vec![], 404, "no endpoint"),
    ] {
        let answer = ask(&desk, "GET", path, &headers).await;
        assert_eq!(answer.status(), status, "{path}");
        let text = text(answer).await;
        assert!(text.contains(word), "{path}: {text}");
    }
    assert_eq!(ask(&desk, "GET", &container::ecs_path(), &[]).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn secrets_stay_out_of_the_record() {
    let desk = desk();
    let answer = text(ask(&desk, "GET", &container::ecs_path(), &[]).await).await;
    let keys: Value = serde_json::from_str(&answer).expect("JSON");
    let record = serde_json::to_string(&desk.log.all()).expect("JSON");
    assert!(record.contains(keys["AccessKeyId"].as_str().expect("an id")), "{record}");
    for secret in ["SecretAccessKey", "Token"] {
        assert!(!record.contains(keys[secret].as_str().expect("a text")), "{secret}");
    }
    assert_eq!(desk.log.all()[0].endpoint, Endpoint::Ecs);
}
