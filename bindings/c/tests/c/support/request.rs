//! The requests of the scenarios: a base, and a merge patch over it.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use keyrotor::proto::{self, ConnectionRequest, Message};
use serde_json::{Value, json};

use super::emulator::Emulator;
use super::repository;

/// `tests/scenarios/base.json`.
pub(crate) fn base() -> Value {
    let text = std::fs::read_to_string(repository().join("tests/scenarios/base.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The base's request with this patch over it, for this emulator.
pub(crate) fn patched(patch: &Value, emulator: &Emulator) -> Value {
    let mut request = base()["request"].take();
    merge(&mut request, patch);
    fill_in(&mut request, emulator);
    request
}

/// The same as protobuf bytes.
pub(crate) fn protobuf(request: &Value) -> Vec<u8> {
    let message: ConnectionRequest =
        proto::decode(request.to_string().as_bytes(), keyrotor::Format::Json).unwrap();
    message.encode_to_vec()
}

/// RFC 7396.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(members) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    for (name, value) in members {
        if value.is_null() {
            target.as_object_mut().unwrap().remove(name);
        } else {
            merge(&mut target[name], value);
        }
    }
}

fn fill_in(value: &mut Value, emulator: &Emulator) {
    match value {
        Value::Object(members) => members.values_mut().for_each(|member| fill_in(member, emulator)),
        Value::Array(items) => items.iter_mut().for_each(|item| fill_in(item, emulator)),
        Value::String(text) => match text.as_str() {
            "$PORT" => *value = json!(emulator.port()),
            "$CA" => *text = BASE64_STANDARD.encode(emulator.ca()),
            "$OTHER_CA" => {
                let other = std::fs::read(repository().join("tests/scenarios/other-ca.pem")).unwrap();
                *text = BASE64_STANDARD.encode(other);
            }
            name => assert!(!name.starts_with('$'), "unknown text {name}"),
        },
        _ => {}
    }
}
