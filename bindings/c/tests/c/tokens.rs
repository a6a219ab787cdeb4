//! Tokens made through the library against the reference tokens.

use std::collections::BTreeMap;

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::support::driver::Driver;
use crate::support::repository;

#[test]
fn t01_tokens_have_the_parameters_of_the_reference() {
    let text = std::fs::read_to_string(repository().join("tests/vectors/tokens.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let mut driver = Driver::start(&Value::Null);
    let mut count = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        if vector["name_valid"] != json!(true) || vector["expires"] != json!(900) {
            continue;
        }
        let request = request(vector).to_string();
        driver.call("manager", &[request.as_bytes()]).unwrap();
        let token = driver.call("token", &[]).unwrap();
        let mut expected = parts(vector["token"].as_str().unwrap());
        if vector["service"].as_str().unwrap().starts_with("elasticache") {
            // The vectors test signing; S01 lower-cases ElastiCache's names before it.
            expected.0.make_ascii_lowercase();
            expected.1.get_mut("User").unwrap().make_ascii_lowercase();
        }
        assert_eq!(parts(token.as_str().unwrap()), expected, "{}", vector["id"]);
        count += 1;
    }
    assert!(count > 30, "only {count} vectors");
    driver.end();
}

/// The request of the vector's service, cluster, user, host and keys.
fn request(vector: &Value) -> Value {
    let region = &vector["region"];
    let mut access_key = json!({
        "accessKeyId": vector["access_key_id"],
        "secretAccessKey": vector["secret_access_key"],
    });
    if !vector["session_token"].is_null() {
        access_key["sessionToken"] = vector["session_token"].clone();
    }
    let cache = |service: &str, serverless: bool| {
        json!({"iamCredentials": {
            "clusterName": vector["cluster_name"], "username": vector["user"], "region": region,
            "serviceType": service, "serverless": serverless, "accessKey": access_key,
        }})
    };
    let dsql = |user: &str, value: Value| {
        json!({"dsqlCredentials": {
            "host": vector["hostname"], "region": region, user: value, "accessKey": access_key,
        }})
    };
    let credentials = match (vector["service"].as_str().unwrap(), vector["action"].as_str()) {
        ("elasticache", _) => cache("ELASTICACHE", false),
        ("elasticache-serverless", _) => cache("ELASTICACHE", true),
        ("memorydb", _) => cache("MEMORYDB", false),
        ("rds", _) => json!({"rdsCredentials": {
            "host": vector["hostname"], "port": vector["port"], "username": vector["user"], "region": region,
            "accessKey": access_key,
        }}),
        ("dsql", Some("DbConnectAdmin")) => dsql("admin", json!(true)),
        ("dsql", _) => dsql("username", json!("app")),
        (other, _) => panic!("unknown service {other}"),
    };
    json!({"authenticationInfo": credentials})
}

/// What stands before the query, and the parameters that the time has no part in.
fn parts(token: &str) -> (String, BTreeMap<String, String>) {
    let (target, query) = token.split_once('?').unwrap();
    let mut parameters = BTreeMap::new();
    for parameter in query.split('&') {
        let (name, value) = parameter.split_once('=').unwrap();
        let value = percent_decode_str(value).decode_utf8().unwrap().into_owned();
        let value = match name {
            "X-Amz-Date" | "X-Amz-Signature" => value.chars().map(|_| 'x').collect(),
            "X-Amz-Credential" => {
                let scope: Vec<&str> = value
                    .split('/')
                    .enumerate()
                    .map(|(i, part)| if i == 1 { "date" } else { part })
                    .collect();
                scope.join("/")
            }
            _ => value,
        };
        assert!(parameters.insert(name.to_owned(), value).is_none(), "{name} twice in a token");
    }
    (target.to_owned(), parameters)
}
