use super::*;
use crate::config::{Config, User};
use serde_json::{Value, json};
use std::time::{Duration, UNIX_EPOCH};

const CACHE: &str = "arn:aws:elasticache:us-east-1:123456789012:replicationgroup:my-cluster";
const USER: &str = "arn:aws:elasticache:us-east-1:123456789012:user:app";
const NOW: u64 = 1_749_990_896;

fn read(policies: Value) -> Result<Vec<Policy>, serde_json::Error> {
    serde_json::from_value(policies)
}

fn permitted(policies: Value) -> bool {
    let policies = Policies::new(Some(read(policies).expect("policies")));
    let config = Config {
        cluster: "my-cluster".into(),
        region: "us-east-1".into(),
        tags: [("stage".to_owned(), "test".to_owned())].into(),
        ..Config::default()
    };
    let user = User { tags: [("stage".to_owned(), "test".to_owned())].into(), ..User::from("app") };
    let context = Context { now: UNIX_EPOCH + Duration::from_secs(NOW), region: &config.region };
    policies.permit("AKIDEXAMPLE", &Asked::connect(&config, &user), &context)
}

fn allow(action: Value, resource: Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": action, "Resource": resource}})
}

#[test]
fn cache_and_user_are_both_needed() {
    let both = json!([CACHE, USER]);
    for (resource, may) in [
        (both.clone(), true),
        (json!("*"), true),
        (json!(CACHE), false),
        (json!(USER), false),
        (json!([CACHE, "arn:aws:elasticache:us-east-1:123456789012:user:ap?"]), true),
        (json!([CACHE, "arn:aws:elasticache:us-east-1:123456789012:user:app?"]), false),
        (json!([CACHE, "arn:aws:elasticache:us-east-1:123456789012:user/app"]), false),
        (json!([CACHE, "arn:aws:elasticache:*:123456789012:user:*"]), true),
        (json!([CACHE, "arn:aws-cn:elasticache:us-east-1:123456789012:user:app"]), false),
        (json!([CACHE, "arn:aws:elasticache:us-east-1:999999999999:user:app"]), false),
        (json!([CACHE, USER.to_uppercase()]), false),
    ] {
        assert_eq!(
            permitted(json!([allow(json!("elasticache:Connect"), resource.clone())])),
            may,
            "{resource}"
        );
    }
    let apart = json!([allow(json!("*"), json!(CACHE)), allow(json!("elasticache:*"), json!(USER))]);
    assert!(permitted(apart), "two policies add up");
}

#[test]
fn actions_know_no_case_but_wildcards() {
    for (action, may) in [
        (json!("elasticache:connect"), true),
        (json!("ElastiCache:Con*"), true),
        (json!(["s3:GetObject", "elasticache:Conn?ct"]), true),
        (json!("elasticache:DescribeUsers"), false),
        (json!("memorydb:Connect"), false),
    ] {
        assert_eq!(permitted(json!([allow(action.clone(), json!("*"))])), may, "{action}");
    }
}

#[test]
fn what_nothing_allows_is_refused_and_a_deny_wins() {
    assert!(!permitted(json!([])));
    assert!(Policies::new(None).permit(
        "AKIDEXAMPLE",
        &Asked { action: "x", resources: Vec::new() },
        &Context { now: UNIX_EPOCH, region: "us-east-1" }
    ));
    let deny =
        |resource: &str| json!({"Statement": [{"Effect": "Deny", "Action": "*", "Resource": resource}]});
    let all = allow(json!("*"), json!("*"));
    assert!(!permitted(json!([all, deny(USER)])));
    assert!(!permitted(json!([deny(CACHE), all])));
    assert!(permitted(json!([all, deny("arn:aws:elasticache:us-east-1:123456789012:user:other")])));
}

#[test]
fn policies_hold_for_the_keys_that_they_name() {
    let all = allow(json!("*"), json!("*"));
    for (keys, may) in [
        (json!([]), true),
        (json!(["AKIDEXAMPLE"]), true),
        (json!(["AKID*"]), true),
        (json!(["ASIDEXAMPLE"]), false),
    ] {
        assert_eq!(permitted(json!([{"keys": keys, "document": all}])), may, "{keys}");
    }
}

#[test]
fn everything_but_what_is_named() {
    let but = |action: &str, resource: &str| json!([{"Statement": {"Effect": "Allow", "NotAction": action, "NotResource": resource}}]);
    assert!(permitted(but("iam:*", "arn:aws:s3:::bucket")));
    assert!(!permitted(but("elasticache:*", "arn:aws:s3:::bucket")));
    assert!(!permitted(but("iam:*", USER)));
}

#[test]
fn conditions_are_asked() {
    for (condition, may) in [
        (json!({"DateLessThan": {"aws:CurrentTime": "2025-06-15T12:34:57Z"}}), true),
        (json!({"DateLessThan": {"aws:CurrentTime": "2025-06-15T12:34:56Z"}}), false),
        (json!({"DateLessThanEquals": {"aws:currenttime": ["2025-06-15T12:34:56Z"]}}), true),
        (json!({"DateGreaterThan": {"aws:CurrentTime": "2025-06-15T12:34:55Z"}}), true),
        (json!({"NumericGreaterThanEquals": {"aws:EpochTime": NOW}}), true),
        (json!({"NumericLessThan": {"aws:EpochTime": NOW.to_string()}}), false),
        (json!({"DateNotEquals": {"aws:EpochTime": NOW}}), false),
        (json!({"StringEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}), true),
        (json!({"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}), false),
        (json!({"StringEquals": {"aws:ResourceTag/stage": "test"}}), true),
        (json!({"StringEquals": {"aws:ResourceTag/stage": "Test"}}), false),
        (json!({"StringEqualsIgnoreCase": {"aws:ResourceTag/stage": "TEST"}}), true),
        (json!({"StringLike": {"aws:ResourceTag/stage": "t*"}}), true),
        (json!({"StringNotLike": {"aws:ResourceTag/stage": "p*"}}), true),
        (json!({"StringEquals": {"aws:ResourceTag/team": "core"}}), false),
        (json!({"StringNotEquals": {"aws:ResourceTag/team": "core"}}), true),
        (json!({"StringEqualsIfExists": {"aws:ResourceTag/team": "core"}}), true),
        (
            json!({"StringEquals": {"aws:ResourceTag/stage": "test"}, "DateLessThan": {"aws:EpochTime": 1}}),
            false,
        ),
    ] {
        let mut policy = allow(json!("*"), json!("*"));
        policy["Statement"]["Condition"] = condition.clone();
        assert_eq!(permitted(json!([policy])), may, "{condition}");
    }
}

#[test]
fn what_is_not_understood_is_named() {
    let statement = |more: Value| {
        let mut statement = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        for (name, value) in more.as_object().expect("an object") {
            statement[name] = value.clone();
        }
        json!([{"Statement": [statement]}])
    };
    for (policies, word) in [
        (statement(json!({"Principal": "*"})), "Principal"),
        (statement(json!({"Effect": "allow"})), "allow"),
        (statement(json!({"NotAction": "*"})), "NotAction"),
        (statement(json!({"Resource": "arn:aws:elasticache:*:*:user:${aws:username}"})), "${aws:username}"),
        (statement(json!({"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}})), "IpAddress"),
        (statement(json!({"Condition": {"ForAllValues:StringEquals": {"a": "b"}}})), "ForAllValues"),
        (statement(json!({"Condition": {"StringEquals": {"aws:SourceVpce": "vpce-1"}}})), "aws:SourceVpce"),
        (statement(json!({"Condition": {"StringEquals": {"aws:CurrentTime": "x"}}})), "does not fit"),
        (statement(json!({"Condition": {"DateLessThan": {"aws:CurrentTime": "soon"}}})), "soon"),
        (json!([{"Version": "2024-01-01", "Statement": []}]), "2024-01-01"),
        (json!([{"Statement": [{"Effect": "Allow", "Action": "*"}]}]), "Resource"),
        (json!([{"kees": [], "document": {"Statement": []}}]), "kees"),
    ] {
        let error = read(policies.clone()).expect_err("refused").to_string();
        assert!(error.contains(word), "{policies}: {error}");
    }
}
