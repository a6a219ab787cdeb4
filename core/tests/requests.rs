//! B02: each refused request of tests/vectors/requests.json, as JSON and as bytes, has the outcome stated there.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use base64::prelude::{BASE64_STANDARD, Engine};
use keyrotor::{Client, Error, Format, TokenManager};
use serde_json::Value;

const REQUESTS: &str = include_str!("../../tests/vectors/requests.json");

async fn outcome(message: &str, request: &[u8], format: Format) -> Result<(), Error> {
    match message {
        "ConnectionRequest" => Client::from_request(request, format).await.map(|_| ()),
        "TokenManagerRequest" => TokenManager::from_request(request, format).map(|_| ()),
        other => panic!("no message {other}"),
    }
}

fn check(name: &str, expected: &Value, error: &Error) {
    assert_eq!(error.name(), expected["code"].as_str().unwrap(), "{name}: {error}");
    assert_eq!(error.field(), expected["field"].as_str(), "{name}: {error}");
    assert_eq!(error.retryable(), expected["retryable"].as_bool().unwrap(), "{name}");
    for text in expected["message"].as_array().unwrap() {
        assert!(error.message().contains(text.as_str().unwrap()), "{name}: {error} lacks {text}");
    }
}

#[tokio::test]
async fn b02_the_same_failure_has_the_same_code_in_bytes_and_json() {
    let file: Value = serde_json::from_str(REQUESTS).unwrap();
    let cases = file["cases"].as_array().unwrap();
    assert!(cases.len() > 50);
    for case in cases {
        let name = case["name"].as_str().unwrap();
        let message = case["message"].as_str().unwrap();
        let json = case["json"].as_str().map(|text| (text.as_bytes().to_vec(), Format::Json));
        let bytes =
            case["protobuf"].as_str().map(|text| (BASE64_STANDARD.decode(text).unwrap(), Format::Protobuf));
        assert!(json.is_some() || bytes.is_some(), "{name}");
        for (request, format) in json.into_iter().chain(bytes) {
            let error = outcome(message, &request, format).await.expect_err(name);
            check(&format!("{name} ({format:?})"), &case["expect"], &error);
        }
    }
}
