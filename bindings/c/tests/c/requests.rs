//! Requests that must fail, as bytes and as JSON, with the same error in every language.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::support::driver::{Driver, Outcome};
use crate::support::emulator::Emulator;
use crate::support::{repository, request};

#[test]
fn b02_bytes_and_json_fail_alike() {
    let text = std::fs::read_to_string(repository().join("tests/vectors/requests.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let mut driver = Driver::start(&Value::Null);
    let cases = vectors["cases"].as_array().unwrap();
    assert!(cases.len() > 5);
    for case in cases {
        let command = match case["message"].as_str().unwrap() {
            "ConnectionRequest" => "connect",
            "TokenManagerRequest" => "manager",
            other => panic!("unknown message {other}"),
        };
        if let Some(json) = case["json"].as_str() {
            check(case, driver.call(command, &[json.as_bytes()]));
        }
        if let Some(protobuf) = case["protobuf"].as_str() {
            let bytes = BASE64_STANDARD.decode(protobuf).unwrap();
            check(case, driver.call(&format!("{command}-protobuf"), &[&bytes]));
        }
        assert!(case["json"].is_string() || case["protobuf"].is_string(), "{case}");
    }
    driver.end();
}

fn check(case: &Value, outcome: Outcome) {
    let name = &case["name"];
    let failure = outcome.expect_err(&name.to_string());
    let expected = &case["expect"];
    assert_eq!(Value::from(failure.name.clone()), expected["code"], "{name}: {failure:?}");
    assert_eq!(Value::from(failure.field.clone()), expected["field"], "{name}: {failure:?}");
    assert_eq!(Value::from(failure.retryable), expected["retryable"], "{name}: {failure:?}");
    for text in expected["message"].as_array().into_iter().flatten() {
        assert!(failure.message.contains(text.as_str().unwrap()), "{name}: {text} is not in {failure:?}");
    }
    assert_eq!(keyrotor::Code::from_name(&failure.name).map(i32::from), Some(failure.code));
}

/// A length-delimited field of a message.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    assert!(number < 16 && content.len() < 128, "one byte for each");
    [&[number << 3 | 2, u8::try_from(content.len()).unwrap()], content].concat()
}

#[test]
fn a_request_of_glide_is_refused_by_name_and_connects_once_converted() {
    let emulator = Emulator::start(&[]);
    // All but the login has the same numbers in both; GLIDE's login is written by hand here.
    let rest = request::protobuf(&request::patched(&json!({"authenticationInfo": null}), &emulator));
    let iam = [field(1, b"my-cluster"), field(2, b"eu-west-1")].concat();
    let theirs = [rest, field(7, &[field(2, b"iam-user-01"), field(3, &iam)].concat())].concat();
    let keys = request::base()["request"]["authenticationInfo"]["iamCredentials"]["accessKey"].take();
    let mut driver = Driver::start(&json!({
        "AWS_ACCESS_KEY_ID": keys["accessKeyId"], "AWS_SECRET_ACCESS_KEY": keys["secretAccessKey"],
        "AWS_SESSION_TOKEN": null,
    }));
    assert_eq!(driver.call("connect-protobuf", &[&theirs]).unwrap_err().name, "config-glide-layout");
    let ours = driver.bytes("glide", &[&theirs]);
    driver.call("connect-protobuf", &[&ours]).unwrap();
    assert_eq!(driver.call("execute", &[b"ACL", b"WHOAMI"]), Ok(json!("iam-user-01")));
    driver.end();
}
