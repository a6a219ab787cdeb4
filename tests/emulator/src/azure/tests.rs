use super::*;
use crate::jwt::{SigningKey, encode};
use serde_json::{Value, json};
use std::time::UNIX_EPOCH;

const NOW: u64 = 1_749_990_896;
const USER: &str = "00000000-aaaa-bbbb-cccc-000000000001";

fn claims() -> Value {
    json!({
        "aud": "https://redis.azure.com", "iss": "https://sts.windows.net/t/", "tid": "t", "oid": USER,
        "iat": NOW, "nbf": NOW, "exp": NOW + 60, "appid": "c",
    })
}

fn key(pem: &str) -> SigningKey {
    SigningKey::from_pem(pem).expect("a key")
}

fn first() -> SigningKey {
    key(include_str!("../entra/keys/first.pem"))
}

fn finding(token: &str, user: &str) -> Finding {
    finding_at(Place::Redis, token, user)
}

fn finding_at(place: Place, token: &str, user: &str) -> Finding {
    let issuer = Issuer::new("t", 1).expect("an issuer");
    let identity = Identity { object: user, known: user == USER };
    judge(token, place, identity, &issuer, UNIX_EPOCH + Duration::from_secs(NOW))
}

fn refused(token: &str) -> Option<Reason> {
    finding(token, USER).refused
}

#[test]
fn a_good_token_says_when_it_ends() {
    let found = finding(&first().sign(&claims()).expect("a token"), USER);
    let at = |seconds| Some(UNIX_EPOCH + Duration::from_secs(seconds));
    let expected =
        Finding { issued: at(NOW), expires: at(NOW + 60), application: Some("c".into()), refused: None };
    assert_eq!(found, expected);
}

#[test]
fn each_claim_is_judged() {
    type Change = (&'static str, Value, Option<Reason>);
    let changes: [Change; 16] = [
        ("aud", json!(null), Some(Reason::Claims)),
        ("nbf", json!("soon"), Some(Reason::Claims)),
        ("oid", json!(7), Some(Reason::Claims)),
        ("aud", json!("https://management.azure.com"), Some(Reason::Audience)),
        ("aud", json!("https://redis.azure.com/"), None),
        ("aud", json!(REDIS_ID), None),
        ("iss", json!("https://sts.windows.net/other/"), Some(Reason::Issuer)),
        ("iss", json!("https://login.microsoftonline.com/t/v2.0"), Some(Reason::Issuer)),
        ("tid", json!("other"), Some(Reason::Tenant)),
        ("nbf", json!(NOW + 300), None),
        ("nbf", json!(NOW + 301), Some(Reason::NotBefore)),
        ("exp", json!(NOW), Some(Reason::Expired)),
        ("exp", json!(NOW + 1), None),
        ("exp", json!(-1), Some(Reason::Claims)),
        ("oid", json!("other"), Some(Reason::WrongUser)),
        ("oid", json!(USER.to_uppercase()), Some(Reason::WrongUser)),
    ];
    for (name, value, reason) in changes {
        let mut changed = claims();
        changed[name] = value.clone();
        let token = first().sign(&changed).expect("a token");
        assert_eq!(refused(&token), reason, "{name} = {value}");
    }
    let mut unknown = claims();
    unknown["oid"] = json!("unknown");
    let token = first().sign(&unknown).expect("a token");
    assert_eq!(finding(&token, "unknown").refused, Some(Reason::UnknownUser));
}

#[test]
fn a_token_is_for_one_place() {
    let audiences = [
        ("https://redis.azure.com", Place::Redis),
        ("https://ossrdbms-aad.database.windows.net", Place::Postgres),
        ("https://ossrdbms-aad.database.windows.net/", Place::Postgres),
    ];
    for (audience, place) in audiences {
        let mut of = claims();
        of["aud"] = json!(audience);
        let token = first().sign(&of).expect("a token");
        for at in [Place::Redis, Place::Postgres] {
            let reason = (at != place).then_some(Reason::Audience);
            assert_eq!(finding_at(at, &token, USER).refused, reason, "{audience} at {at:?}");
        }
    }
}

#[test]
fn only_the_tenants_keys_count() {
    let good = first().sign(&claims()).expect("a token");
    let (signed, signature) = good.rsplit_once('.').expect("a signature");
    let (header, body) = signed.split_once('.').expect("a header");
    let with = |header: Value| format!("{}.{body}.{signature}", encode(header.to_string()));
    let workload = key(include_str!("../entra/keys/workload.pem")).sign(&claims()).expect("a token");
    for (token, reason) in [
        (good.clone(), None),
        (with(json!({ "alg": "none" })), Some(Reason::Algorithm)),
        (with(json!({ "alg": "HS256", "kid": first().id() })), Some(Reason::Algorithm)),
        (with(json!({ "alg": "RS256" })), Some(Reason::UnknownKey)),
        (workload, Some(Reason::UnknownKey)),
        (with(json!({ "alg": "RS256", "kid": first().id() })), Some(Reason::Signature)),
        (format!("{header}.{body}."), Some(Reason::Signature)),
        (format!("{header}.{body}"), Some(Reason::Malformed)),
        (String::new(), Some(Reason::Malformed)),
    ] {
        assert_eq!(refused(&token), reason, "{token}");
    }
}

#[test]
fn reasons_have_their_own_ids() {
    let reason = Reason::Expired;
    assert_eq!(
        (reason.id(), reason.name(), reason.to_string().as_str()),
        ("A10", "expired", "expired (A10)")
    );
}
