//! The scenarios that every language runs, with the calls made from C.

use std::collections::BTreeMap;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::driver::{Driver, Outcome};
use crate::support::emulator::Emulator;
use crate::support::{repository, request};

#[test]
fn every_scenario() {
    let mut failed = Vec::new();
    let mut count = 0;
    for path in files() {
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        count += 1;
        println!("scenario {name}");
        if catch_unwind(AssertUnwindSafe(|| Scenario::read(&path).run())).is_err() {
            failed.push(name);
        }
    }
    assert!(count >= 10, "only {count} scenarios were found");
    assert!(failed.is_empty(), "failed: {}", failed.join(", "));
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/scenarios")).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        path.extension().is_some_and(|extension| extension == "json") && !path.ends_with("base.json")
    });
    files.sort();
    files
}

struct Scenario {
    steps: Vec<Value>,
    request: Value,
    emulator: Emulator,
    driver: Driver,
}

impl Scenario {
    fn read(path: &PathBuf) -> Self {
        let mut scenario: BTreeMap<String, Value> =
            serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        let mut take = |name: &str| scenario.remove(name).unwrap_or_default();
        let arguments = take("emulator");
        let arguments: Vec<&str> =
            arguments.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect();
        let emulator = Emulator::start(&arguments);
        let patch =
            Some(take("request")).filter(|patch| !patch.is_null()).unwrap_or_else(|| serde_json::json!({}));
        let request = request::patched(&patch, &emulator);
        let driver = Driver::start(&take("environment"));
        let steps = take("steps").as_array().unwrap().clone();
        assert!(take("about").is_string() && take("promises").is_array());
        assert!(scenario.is_empty(), "unknown members: {:?}", scenario.keys());
        Self { steps, request, emulator, driver }
    }

    fn run(mut self) {
        for step in std::mem::take(&mut self.steps) {
            println!("  {step}");
            self.step(&step);
        }
        self.driver.end();
    }

    fn step(&mut self, step: &Value) {
        let known = ["connect", "execute", "eventually", "traffic", "fault", "status", "record", "close"];
        let name = known.into_iter().find(|name| step.get(name).is_some());
        let given = name.map_or(&Value::Null, |name| &step[name]);
        match name {
            Some("connect") => {
                let request = self.request.to_string();
                check_outcome(self.driver.call("connect", &[request.as_bytes()]), given);
            }
            Some("execute") => {
                let reply = self.execute(given);
                match step.get("reply") {
                    Some(expected) => assert_eq!(reply.as_ref(), Ok(expected)),
                    None => check_outcome(reply, step),
                }
            }
            Some("eventually") => self.eventually(given, step),
            Some("traffic") => self.traffic(given.as_str().unwrap(), step),
            Some("fault") => self.emulator.fault(given.as_str().unwrap(), &step["body"]),
            Some("status") => self.check_status(given),
            Some("record") => check_number(self.emulator.record(given.as_str().unwrap()), step),
            Some("close") => assert_eq!(self.driver.call("close", &[]), Ok(Value::Null)),
            _ => panic!("unknown step {step}"),
        }
    }

    fn execute(&mut self, command: &Value) -> Outcome {
        let arguments = command.as_array().unwrap().iter();
        let arguments: Vec<&[u8]> = arguments.map(|argument| argument.as_str().unwrap().as_bytes()).collect();
        self.driver.call("execute", &arguments)
    }

    fn eventually(&mut self, command: &Value, step: &Value) {
        let end = now() + Duration::from_secs_f64(step["seconds"].as_f64().unwrap());
        let mut reply = self.execute(command);
        while reply.is_err() && now() < end {
            sleep(Duration::from_millis(20));
            reply = self.execute(command);
        }
        assert_eq!(reply.as_ref(), Ok(&step["reply"]));
    }

    fn traffic(&mut self, key: &str, step: &Value) {
        let end = now() + Duration::from_secs_f64(step["seconds"].as_f64().unwrap());
        let mut failures = Vec::new();
        let mut before = 0;
        while now() < end {
            match self.driver.call("execute", &[b"INCR", key.as_bytes()]) {
                Ok(reply) => {
                    assert!(reply.as_i64().unwrap() > before, "{reply} after {before}");
                    before = reply.as_i64().unwrap();
                }
                Err(failure) => failures.push(failure),
            }
            sleep(Duration::from_millis(1));
        }
        assert!(before > 100, "only {before} commands");
        assert!(
            failures.len() <= usize::try_from(step["failures"].as_u64().unwrap()).unwrap(),
            "{failures:?}"
        );
    }

    fn check_status(&mut self, expected: &Value) {
        let status = self.driver.call("status", &[]).unwrap();
        let status: Value = serde_json::from_str(status.as_str().unwrap()).unwrap();
        for (name, wanted) in expected.as_object().unwrap() {
            match name.as_str() {
                "state" => {
                    // proto3 JSON leaves the zero value out.
                    let state =
                        status.get("state").map_or("IDLE", |state| state.as_str().unwrap()).to_lowercase();
                    assert!(wanted.as_array().unwrap().contains(&Value::from(state)), "{status}");
                }
                "source" => assert_eq!(&status["source"], wanted),
                "generation_at_least" => {
                    let generation: u64 = status["generation"].as_str().unwrap().parse().unwrap();
                    assert!(generation >= wanted.as_u64().unwrap(), "{status}");
                }
                _ => panic!("unknown {name}"),
            }
        }
    }
}

/// Success, or the error that `expected` describes.
fn check_outcome(outcome: Outcome, expected: &Value) {
    let Some(code) = expected.get("error") else {
        assert_eq!(outcome, Ok(Value::Null));
        return;
    };
    let failure = outcome.unwrap_err();
    assert_eq!(code, &Value::from(failure.name.clone()), "{failure:?}");
    for (name, wanted) in expected.as_object().unwrap() {
        let found = match name.as_str() {
            "error" | "execute" => continue,
            "field" => Value::from(failure.field.clone()),
            "server_text" => Value::from(failure.server_text.clone()),
            "source" => Value::from(failure.source.clone()),
            "retryable" => Value::from(failure.retryable),
            "message" => {
                for text in wanted.as_array().unwrap() {
                    assert!(failure.message.contains(text.as_str().unwrap()), "{text} is not in {failure:?}");
                }
                continue;
            }
            _ => panic!("unknown {name}"),
        };
        assert_eq!(&found, wanted, "{name} of {failure:?}");
    }
}

fn check_number(found: u64, step: &Value) {
    let mut compared = 0;
    for (name, wanted) in step.as_object().unwrap() {
        let holds = match (name.as_str(), wanted.as_u64()) {
            ("record", _) => continue,
            ("equals", Some(wanted)) => found == wanted,
            ("at_least", Some(wanted)) => found >= wanted,
            ("at_most", Some(wanted)) => found <= wanted,
            _ => panic!("unknown {name}"),
        };
        assert!(holds, "{found} in {step}");
        compared += 1;
    }
    assert!(compared > 0, "nothing to compare in {step}");
}

#[expect(clippy::disallowed_methods, reason = "traffic takes as long as the scenario says, in real time")]
fn now() -> Instant {
    Instant::now()
}
