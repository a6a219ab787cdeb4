//! The shell's part of tests/scenarios: each one's connect step with `keyrotor ping`, which has no other; and where
//! nothing else happens in between, what the emulator recorded.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};
use support::{Emulator, keyrotor, stderr};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios")
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn t15_b02_c01_c02_every_scenario_connects_or_fails_as_it_says() {
    let mut checked = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|end| end != "json") || path.ends_with("base.json") {
            continue;
        }
        let scenario = read(&path);
        let texts = |name: &str| -> Vec<String> {
            scenario[name]
                .as_array()
                .into_iter()
                .flatten()
                .map(|text| text.as_str().unwrap().to_owned())
                .collect()
        };
        let more = texts("emulator");
        let emulator = Emulator::start(&more.iter().map(String::as_str).collect::<Vec<_>>());
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let steps = scenario["steps"].as_array().unwrap();
        check_connect(&name, &scenario, &steps[0]["connect"], &emulator);
        let only_records = steps[1..].iter().all(|step| step.get("record").is_some());
        if only_records {
            steps[1..].iter().for_each(|step| check_record(&name, step, &emulator));
        }
        checked += 1;
    }
    assert!(checked >= 10);
}

fn check_connect(name: &str, scenario: &Value, expected: &Value, emulator: &Emulator) {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), request(scenario, emulator).to_string()).unwrap();
    let mut ping = keyrotor(&["ping", "--request", file.path().to_str().unwrap()]);
    for (variable, value) in scenario["environment"].as_object().into_iter().flatten() {
        match value.as_str() {
            Some(value) => ping.env(variable, value),
            None => ping.env_remove(variable),
        };
    }
    let output = ping.output().unwrap();
    let said = stderr(&output);
    let Some(code) = expected["error"].as_str() else {
        assert!(output.status.success(), "{name}: {said}");
        return;
    };
    assert_eq!(output.status.code(), Some(1), "{name}");
    assert!(said.trim_end().ends_with(&format!("[{code}]")), "{name}: {said}");
    let server_text = expected.get("server_text").into_iter();
    let texts = expected["message"].as_array().into_iter().flatten();
    for text in server_text.chain(texts) {
        assert!(said.contains(text.as_str().unwrap()), "{name}: {said} lacks {text}");
    }
}

fn check_record(name: &str, step: &Value, emulator: &Emulator) {
    let mut stream = TcpStream::connect(&emulator.control).unwrap();
    write!(stream, "GET /record HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let record: Value = serde_json::from_str(body).unwrap();
    let path = step["record"].as_str().unwrap();
    let number = path.split('.').fold(&record, |value, part| &value[part]).as_u64().unwrap();
    assert!(number == step["equals"].as_u64().unwrap_or(number), "{name}: {path} is {number}");
    assert!(number >= step["at_least"].as_u64().unwrap_or(number), "{name}: {path} is {number}");
    assert!(number <= step["at_most"].as_u64().unwrap_or(number), "{name}: {path} is {number}");
}

fn request(scenario: &Value, emulator: &Emulator) -> Value {
    let mut request = read(&folder().join("base.json"))["request"].clone();
    if let Some(patch) = scenario.get("request") {
        merge(&mut request, patch);
    }
    fill(&mut request, emulator);
    request
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

fn fill(value: &mut Value, emulator: &Emulator) {
    let pem = |path: &Path| json!(BASE64_STANDARD.encode(std::fs::read(path).unwrap()));
    match value {
        Value::String(text) if text == "$PORT" => *value = emulator.port.parse::<u16>().unwrap().into(),
        Value::String(text) if text == "$CA" => *value = pem(Path::new(&emulator.ca)),
        Value::String(text) if text == "$OTHER_CA" => *value = pem(&folder().join("other-ca.pem")),
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, emulator)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, emulator)),
        _ => {}
    }
}
