//! An emulator with the scenarios' base settings, and a client's request for it.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use base64::prelude::{BASE64_STANDARD, Engine};
use keyrotor::{Client, Error, Format};
use keyrotor_emulator::{AccessKey, Config, Emulator};
use serde_json::{Value, json};

const BASE: &str = include_str!("../../../tests/scenarios/base.json");
const OTHER_CA: &str = include_str!("../../../tests/scenarios/other-ca.pem");

/// Of each emulator, by its port. Tests that run side by side must not have one identity, which would share tokens
/// and refusals.
static SECRETS: Mutex<BTreeMap<u16, String>> = Mutex::new(BTreeMap::new());

/// Starts an emulator with the base's arguments and these, and with a secret key of its own.
pub(crate) async fn emulator(more: &[&str]) -> Emulator {
    emulator_with(more, |_| ()).await
}

/// [`emulator`] with more of its settings changed.
pub(crate) async fn emulator_with(more: &[&str], change: impl FnOnce(&mut Config)) -> Emulator {
    static LAST: AtomicU32 = AtomicU32::new(0);
    let base: Value = serde_json::from_str(BASE).unwrap();
    let arguments = base["emulator"].as_array().unwrap().iter().map(|text| text.as_str().unwrap());
    let mut config = config(arguments.chain(more.iter().copied()));
    config.keys[0].secret += &format!("/{}", LAST.fetch_add(1, Relaxed));
    let secret = config.keys[0].secret.clone();
    change(&mut config);
    let emulator = Emulator::start(config).await.unwrap();
    SECRETS.lock().unwrap().insert(emulator.address().port(), secret);
    emulator
}

/// The command line's arguments as the library's settings.
fn config<'a>(arguments: impl IntoIterator<Item = &'a str>) -> Config {
    let mut config = Config::default();
    let mut key = AccessKey::default();
    let mut arguments = arguments.into_iter();
    while let Some(name) = arguments.next() {
        if name == "--serverless" {
            config.serverless = true;
            continue;
        }
        let value = arguments.next().unwrap_or_else(|| panic!("{name} has no value"));
        let seconds = || Duration::from_secs_f64(value.parse().unwrap());
        match name {
            "--user" => config.users.push(value.into()),
            "--cluster" => config.cluster = value.to_owned(),
            "--region" => config.region = value.to_owned(),
            "--access-key" => key.id = value.to_owned(),
            "--secret-key" => key.secret = value.to_owned(),
            "--service" => config.service = serde_json::from_value(json!(value)).unwrap(),
            "--token-life" => config.token_life = Some(seconds()),
            "--session-limit" => config.session_limit = Some(seconds()),
            other => panic!("the runner does not know {other}"),
        }
    }
    config.keys.push(key);
    config
}

/// The base's request for this emulator, changed by a JSON merge patch.
pub(crate) fn request(emulator: &Emulator, patch: Value) -> Value {
    let base: Value = serde_json::from_str(BASE).unwrap();
    let mut request = base["request"].clone();
    if let Some(secret) = SECRETS.lock().unwrap().get(&emulator.address().port()) {
        request["authenticationInfo"]["iamCredentials"]["accessKey"]["secretAccessKey"] = json!(secret);
    }
    merge(&mut request, patch);
    let ca = std::fs::read(emulator.ca_path()).unwrap();
    fill(&mut request, emulator.address().port(), &BASE64_STANDARD.encode(&ca));
    request
}

pub(crate) async fn connect(request: &Value) -> Result<Client, Error> {
    Client::from_request(request.to_string().as_bytes(), Format::Json).await
}

/// A client of this emulator, with the request changed by a JSON merge patch.
pub(crate) async fn client(emulator: &Emulator, patch: Value) -> Client {
    connect(&request(emulator, patch)).await.unwrap()
}

/// The patch that shortens token life and lease.
pub(crate) fn lives(token: u32, lease: u32) -> Value {
    json!({"authenticationInfo": {"iamCredentials": {"tokenLifeSeconds": token, "leaseSeconds": lease}}})
}

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in patch {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(&name);
        } else {
            merge(&mut target[&name], value);
        }
    }
}

fn fill(value: &mut Value, port: u16, ca: &str) {
    match value {
        Value::String(text) if text == "$PORT" => *value = json!(port),
        Value::String(text) if text == "$CA" => *value = json!(ca),
        Value::String(text) if text == "$OTHER_CA" => *value = json!(BASE64_STANDARD.encode(OTHER_CA)),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, port, ca)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, port, ca)),
        _ => {}
    }
}
