//! `keyrotor emulate` and `keyrotor ping`, with redis-cli beside them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::process::{Command, Output};

use support::{Emulator, run, stderr, stdout};

fn ping(emulator: &Emulator, more: &[&str]) -> Output {
    let base = ["ping", "--host", "localhost", "--port", &emulator.port, "--ca", &emulator.ca];
    run(&[&base[..], more].concat())
}

const LOGIN: [&str; 6] = ["--cluster", "my-cluster", "--user", "iam-user-01", "--region", "eu-west-1"];

fn token() -> String {
    stdout(&run(&[&["token", "elasticache"], &LOGIN[..]].concat()))
}

fn redis_cli(emulator: &Emulator, user: &str, password: &str, command: &[&str]) -> String {
    let output = Command::new("redis-cli")
        .args(["--tls", "--cacert", &emulator.ca, "-h", "localhost", "-p", &emulator.port])
        .args(["--user", user, "--no-auth-warning", "-a", password])
        .args(command)
        .output()
        .unwrap();
    format!("{}{}", stdout(&output), stderr(&output))
}

#[test]
fn c01_ping_logs_in_and_says_as_whom() {
    let emulator = Emulator::start(&[]);
    let output = ping(&emulator, &[&LOGIN[..], &["--count", "3"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let text = stdout(&output);
    assert_eq!(text.matches("PONG").count(), 3, "{text}");
    assert!(text.contains("user: iam-user-01") && text.contains("source: elasticache-iam"), "{text}");
}

#[test]
fn ping_takes_a_request_as_json_and_as_protobuf() {
    let emulator = Emulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let json = serde_json::json!({
        "tlsMode": "SecureTls",
        "authenticationInfo": {"iamCredentials":
            {"clusterName": "my-cluster", "username": "iam-user-01", "region": "eu-west-1"}}
    })
    .to_string();
    let message: keyrotor::ConnectionRequest =
        keyrotor::proto::decode(json.as_bytes(), keyrotor::Format::Json).unwrap();
    let bytes = keyrotor::proto::Message::encode_to_vec(&message);
    for (format, content) in [("json", json.as_bytes()), ("protobuf", &bytes)] {
        let path = folder.path().join(format);
        std::fs::write(&path, content).unwrap();
        let output = ping(&emulator, &["--request", path.to_str().unwrap(), "--format", format]);
        assert!(output.status.success(), "{format}: {}", stderr(&output));
    }
}

#[test]
fn b02_ping_fails_with_the_code_of_every_other_host() {
    let emulator = Emulator::start(&[]);
    for (more, code) in [
        (&["--cluster", "another", "--user", "iam-user-01", "--region", "eu-west-1"][..], "[auth-refused]"),
        (&["--cluster", "my-cluster", "--user", "nobody", "--region", "eu-west-1"], "[auth-refused]"),
        (&["--cluster", "", "--user", "iam-user-01", "--region", "eu-west-1"], "[config-missing]"),
    ] {
        let output = ping(&emulator, more);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr(&output).trim_end().ends_with(code), "{}", stderr(&output));
    }
    let output = run(&[&["ping", "--host", "localhost", "--port", &emulator.port], &LOGIN[..]].concat());
    assert!(stderr(&output).contains("root_certs"), "{}", stderr(&output));
}

#[test]
fn c02_ping_sends_a_token_in_the_clear_only_when_told_to() {
    let emulator = Emulator::start(&["--plaintext"]);
    let base = ["ping", "--host", "localhost", "--port", &emulator.port];
    let output = run(&[&base[..], &LOGIN, &["--plaintext"]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains("user: iam-user-01"), "{}", stdout(&output));
    assert!(!run(&[&base[..], &LOGIN].concat()).status.success(), "TLS is the default");
}

#[test]
fn redis_cli_logs_in_with_a_token_as_its_password() {
    let emulator = Emulator::start(&[]);
    assert_eq!(redis_cli(&emulator, "iam-user-01", &token(), &["ACL", "WHOAMI"]), "iam-user-01");
    assert_eq!(redis_cli(&emulator, "iam-user-01", &token(), &["-3", "PING"]), "PONG");
    let refused = redis_cli(&emulator, "iam-user-01", "password", &["PING"]);
    assert!(refused.contains("WRONGPASS invalid username-password pair or user is disabled."), "{refused}");
    let other_user = redis_cli(&emulator, "default", &token(), &["PING"]);
    assert!(other_user.contains("WRONGPASS"), "{other_user}");
}

#[test]
fn a_config_file_and_options_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("emulator.json");
    std::fs::write(&path, r#"{"cache": {"users": ["second"]}}"#).unwrap();
    let emulator = Emulator::start(&["--config", path.to_str().unwrap(), "--service", "memorydb"]);
    let memorydb = |user| ["--memorydb", "--cluster", "my-cluster", "--user", user, "--region", "eu-west-1"];
    for user in ["second", "iam-user-01"] {
        let output = ping(&emulator, &memorydb(user));
        assert!(output.status.success(), "{}", stderr(&output));
    }
    assert!(!ping(&emulator, &LOGIN).status.success(), "an ElastiCache token is none for MemoryDB");
}

#[test]
fn faults_may_be_set_from_the_start() {
    let emulator =
        Emulator::start(&["--fault", r#"refuse={"count": 1}"#, "--fault", r#"stall={"milliseconds": 1}"#]);
    assert!(redis_cli(&emulator, "iam-user-01", &token(), &["PING"]).contains("WRONGPASS"));
    assert_eq!(redis_cli(&emulator, "iam-user-01", &token(), &["PING"]), "PONG");
    for (fault, said) in
        [("nonsense", "/faults/nonsense"), ("refuse={", "not JSON"), ("refuse={\"x\": 1}", "x: unknown")]
    {
        let output = run(&["emulate", "--fault", fault]);
        assert!(!output.status.success());
        assert!(stderr(&output).contains(said), "{fault}: {}", stderr(&output));
    }
}

#[test]
fn a_cluster_is_played_on_command() {
    let emulator = Emulator::start(&["--shards", "3", "--replicas", "1"]);
    let follow =
        |command: &[&str]| redis_cli(&emulator, "iam-user-01", &token(), &[&["-c"], command].concat());
    assert_eq!(follow(&["SET", "foo", "1"]), "OK");
    assert_eq!(follow(&["GET", "foo"]), "1");
    assert!(follow(&["CLUSTER", "INFO"]).contains("cluster_known_nodes:6"));
}

#[test]
fn it_stops_when_told_to_and_takes_its_server_along() {
    let mut emulator = Emulator::start(&[]);
    let children = children(emulator.id());
    assert!(!children.is_empty());
    assert!(std::path::Path::new(&emulator.ca).exists());
    assert!(emulator.stop(), "exit status 0");
    assert!(!std::path::Path::new(&emulator.ca).exists(), "its files are gone");
    for child in children {
        assert!(!std::path::Path::new(&format!("/proc/{child}/exe")).exists(), "process {child} is left");
    }
}

/// The processes whose parent this is.
fn children(parent: u32) -> Vec<String> {
    std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.chars().all(|c| c.is_ascii_digit()))
        .filter(|id| {
            let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
            status.lines().any(|line| line == format!("PPid:\t{parent}"))
        })
        .collect()
}
