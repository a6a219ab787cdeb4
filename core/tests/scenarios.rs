//! Runs every file of tests/scenarios with the Rust client. Each runs in a process of its own, since some change
//! the environment.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use keyrotor::{Client, Cmd, Error};
use keyrotor_emulator::{Emulator, Refuse};
use serde_json::{Value, json};

/// Names the scenario to the process that runs it.
const CHILD: &str = "KEYROTOR_TEST_SCENARIO";

fn main() -> ExitCode {
    if let Some(path) = std::env::var_os(CHILD) {
        run_here(Path::new(&path));
        return ExitCode::SUCCESS;
    }
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let scenarios: Vec<PathBuf> =
        scenarios().into_iter().filter(|path| name(path).contains(&filter)).collect();
    println!("\nrunning {} tests", scenarios.len());
    let failed = scenarios.iter().filter(|path| !passes(path)).count();
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {verdict}. {} passed; {failed} failed; 0 ignored\n", scenarios.len() - failed);
    ExitCode::from(u8::from(failed > 0))
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|end| end == "json") && !path.ends_with("base.json"));
    paths.sort();
    assert!(paths.len() >= 8);
    paths
}

fn name(path: &Path) -> String {
    path.file_stem().unwrap().to_string_lossy().into_owned()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn passes(path: &Path) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.env(CHILD, path);
    for (variable, value) in read(path)["environment"].as_object().into_iter().flatten() {
        match value.as_str() {
            Some(value) => child.env(variable, value),
            None => child.env_remove(variable),
        };
    }
    let output = child.output().unwrap();
    let passed = output.status.success();
    println!("test {} ... {}", name(path), if passed { "ok" } else { "FAILED" });
    if !passed {
        println!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    }
    passed
}

fn run_here(path: &Path) {
    let scenario = read(path);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let more: Vec<&str> = scenario["emulator"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|text| text.as_str().unwrap())
            .collect();
        let emulator = support::emulator(&more).await;
        let patch = scenario.get("request").cloned().unwrap_or_else(|| json!({}));
        let mut run = Run { request: support::request(&emulator, patch), emulator, client: None };
        for step in scenario["steps"].as_array().unwrap() {
            run.step(step).await;
        }
        run.emulator.stop().await;
    });
}

struct Run {
    emulator: Emulator,
    request: Value,
    client: Option<Client>,
}

impl Run {
    async fn step(&mut self, step: &Value) {
        let verb = step.as_object().unwrap().keys().find(|key| VERBS.contains(&key.as_str()));
        match verb.map(String::as_str) {
            Some("connect") => self.connect(&step["connect"]).await,
            Some("execute") => self.execute(step).await,
            Some("eventually") => self.eventually(step).await,
            Some("traffic") => self.traffic(step).await,
            Some("fault") => self.fault(step).await,
            Some("status") => self.status(&step["status"]),
            Some("record") => self.record(step),
            Some("close") => self.client().close(),
            _ => panic!("the runner does not know the step {step}"),
        }
    }

    fn client(&self) -> &Client {
        self.client.as_ref().unwrap()
    }

    async fn connect(&mut self, expected: &Value) {
        match support::connect(&self.request).await {
            Ok(client) => {
                assert!(expected.get("error").is_none(), "connected, where {expected} was expected");
                self.client = Some(client);
            }
            Err(error) => check_error(&error, expected),
        }
    }

    async fn execute(&self, step: &Value) {
        match self.client().execute(&command(&step["execute"])).await {
            Ok(reply) => assert_eq!(as_json(&reply), step["reply"], "{step}"),
            Err(error) => check_error(&error, step),
        }
    }

    async fn eventually(&self, step: &Value) {
        let deadline = Instant::now() + Duration::from_secs_f64(step["seconds"].as_f64().unwrap());
        loop {
            match self.client().execute(&command(&step["eventually"])).await {
                Ok(reply) => return assert_eq!(as_json(&reply), step["reply"], "{step}"),
                Err(error) => assert!(Instant::now() < deadline, "{step}: {error}"),
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn traffic(&self, step: &Value) {
        let deadline = Instant::now() + Duration::from_secs_f64(step["seconds"].as_f64().unwrap());
        let increment = command(&json!(["INCR", step["traffic"]]));
        let (mut last, mut failures) = (0, Vec::new());
        while Instant::now() < deadline {
            match self.client().execute(&increment).await {
                Ok(keyrotor::Value::Int(reply)) => {
                    assert!(reply > last, "{reply} after {last}");
                    last = reply;
                }
                Ok(other) => panic!("INCR answered {other:?}"),
                Err(error) => failures.push(error),
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        assert!(last > 0);
        assert!(failures.len() as u64 <= step["failures"].as_u64().unwrap(), "{failures:?}");
    }

    async fn fault(&self, step: &Value) {
        let faults = self.emulator.faults();
        let body = &step["body"];
        match step["fault"].as_str().unwrap() {
            "kill" => assert!(faults.kill(body["connection"].as_u64()) > 0),
            "forget" => assert!(faults.forget(body["connection"].as_u64()) > 0),
            "restart-backend" => faults.restart_backend().await.unwrap(),
            "refuse" => faults
                .refuse(Refuse {
                    count: body["count"].as_u64(),
                    current: body["current"] == true,
                    ..Refuse::default()
                })
                .unwrap(),
            other => panic!("the runner does not know the fault {other}"),
        }
    }

    fn status(&self, expected: &Value) {
        let status = self.client().status().unwrap();
        for (name, value) in expected.as_object().unwrap() {
            match name.as_str() {
                "state" => {
                    let state = json!(status.state().as_str_name().to_lowercase());
                    assert!(value.as_array().unwrap().contains(&state), "{state} is none of {value}");
                }
                "source" => assert_eq!(json!(status.source), *value),
                "generation_at_least" => assert!(status.generation >= value.as_u64().unwrap(), "{status:?}"),
                other => panic!("the runner does not know {other}"),
            }
        }
    }

    fn record(&self, step: &Value) {
        let record = serde_json::to_value(self.emulator.record()).unwrap();
        let path = step["record"].as_str().unwrap();
        let value = path.split('.').fold(&record, |value, part| &value[part]);
        let number = value.as_u64().unwrap_or_else(|| panic!("the record has no number {path}"));
        for (comparison, holds) in [
            ("equals", number == step["equals"].as_u64().unwrap_or(number)),
            ("at_least", number >= step["at_least"].as_u64().unwrap_or(number)),
            ("at_most", number <= step["at_most"].as_u64().unwrap_or(number)),
        ] {
            assert!(holds, "{path} is {number}, not {comparison} as in {step}");
        }
    }
}

const VERBS: [&str; 8] =
    ["connect", "execute", "eventually", "traffic", "fault", "status", "record", "close"];

fn command(arguments: &Value) -> Cmd {
    let mut command = Cmd::new();
    for argument in arguments.as_array().unwrap() {
        match argument {
            Value::String(text) => command.arg(text),
            other => command.arg(other.to_string()),
        };
    }
    command
}

fn check_error(error: &Error, expected: &Value) {
    assert_eq!(Some(error.name().as_str()), expected["error"].as_str(), "{error}");
    for (name, actual) in [
        ("field", json!(error.field())),
        ("server_text", json!(error.server_text())),
        ("source", json!(error.source_name())),
        ("retryable", json!(error.retryable())),
    ] {
        assert!(expected.get(name).is_none_or(|value| *value == actual), "{name} is {actual}: {error}");
    }
    for text in expected["message"].as_array().into_iter().flatten() {
        assert!(error.message().contains(text.as_str().unwrap()), "{error} lacks {text}");
    }
}

fn as_json(reply: &keyrotor::Value) -> Value {
    use keyrotor::Value as Reply;
    match reply {
        Reply::Nil => Value::Null,
        Reply::Int(number) => json!(number),
        Reply::Okay => json!("OK"),
        Reply::SimpleString(text) => json!(text),
        Reply::BulkString(bytes) => json!(String::from_utf8_lossy(bytes)),
        Reply::Array(items) => items.iter().map(as_json).collect(),
        other => panic!("no scenario has a reply like {other:?}"),
    }
}
