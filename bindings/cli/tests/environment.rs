//! `keyrotor emulate` for those who test their own application: what it prints, and what it runs.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use support::{Emulator, keyrotor, stderr, stdout};

/// Logs in with nothing but the environment.
const PING: &str = r#""$KEYROTOR" ping --host "$VALKEY_HOST" --port "$VALKEY_PORT" --cluster "$VALKEY_CLUSTER_ID" --user "$VALKEY_USER""#;

/// The command in a developer's shell, with settings for real work in it.
fn emulate(arguments: &[&str]) -> Command {
    let mut command = keyrotor(&["emulate"]);
    command.args(arguments).env("KEYROTOR", env!("CARGO_BIN_EXE_keyrotor"));
    command.env("AWS_ACCESS_KEY_ID", "AKIDREAL").env("AWS_PROFILE", "real").env("AWS_SESSION_TOKEN", "real");
    command
}

fn run(arguments: &[&str]) -> Output {
    emulate(arguments).output().unwrap()
}

/// Starts it and reads what it prints up to the line that begins like this.
fn start(arguments: &[&str], last: &str) -> (Child, String) {
    let mut child = emulate(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stdout.as_mut().unwrap()).lines() {
        said += &format!("{}\n", line.unwrap());
        if said.lines().last().is_some_and(|line| line.starts_with(last)) {
            return (child, said);
        }
    }
    panic!("it ended with {:?} after {said}", child.wait());
}

fn stop(mut child: Child) {
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_command_needs_nothing_but_the_environment() {
    let output = run(&["--", "sh", "-c", &format!("{PING} && exit 7")]);
    assert_eq!(output.status.code(), Some(7), "{}", stderr(&output));
    assert!(stdout(&output).contains("user: app"), "{}", stdout(&output));
    assert!(!stdout(&output).contains("export"), "standard output is the command's: {}", stdout(&output));
}

#[test]
fn a_command_takes_the_options_along() {
    let more = ["--service", "memorydb", "--cluster", "Mine", "--user", "Worker", "--region", "eu-west-1"];
    let key = ["--access-key", "ASIDEXAMPLE", "--secret-key", "made-up", "--session-token", "made up/+="];
    let script = format!(
        r#"{PING} --memorydb && echo "$VALKEY_CLUSTER_ID $AWS_REGION $AWS_SESSION_TOKEN $KEYROTOR_SERVICE""#
    );
    let output = run(&[&more[..], &key, &["--", "sh", "-c", &script]].concat());
    assert!(output.status.success(), "{}", stderr(&output));
    let said = stdout(&output);
    assert!(said.contains("user: worker") && said.ends_with("mine eu-west-1 made up/+= memorydb"), "{said}");
}

#[test]
fn a_command_that_cannot_be_run_ends_as_in_a_shell() {
    let missing = run(&["--", "no-such-command"]);
    assert_eq!(missing.status.code(), Some(127));
    assert!(stderr(&missing).contains("no-such-command"), "{}", stderr(&missing));
    assert_eq!(run(&["--", "/"]).status.code(), Some(126));
    assert_eq!(run(&["--", "sh", "-c", "kill -9 $$"]).status.code(), Some(128 + 9));
}

#[test]
fn a_signal_is_passed_on_to_the_command() {
    let script = "trap 'echo told; exit 5' TERM; echo ready; while :; do sleep 0.02; done";
    let (mut child, _) = start(&["--", "sh", "-c", script], "ready");
    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(5), "the command's own status");
}

#[test]
fn a_refused_login_is_explained_once_a_line() {
    let wrong = PING.replace("$VALKEY_CLUSTER_ID", "other");
    let output = run(&["--", "sh", "-c", &wrong]);
    let said = stderr(&output);
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("refused cache:")).collect();
    assert!(!lines.is_empty(), "{said}");
    for line in lines {
        for part in ["`app`", "wrong-cluster (E09)", "says `other`", "sign for `my-cluster`"] {
            assert!(line.contains(part), "{line} lacks {part}");
        }
    }
    assert!(!said.contains("X-Amz-Signature"), "{said}");
    let quiet = run(&["--quiet", "--", "sh", "-c", &wrong]);
    assert!(!stderr(&quiet).contains("refused cache:"), "{}", stderr(&quiet));
}

#[test]
fn what_is_printed_can_be_pasted_into_a_shell() {
    let (child, said) = start(&[], "export KEYROTOR_CONTROL");
    assert!(said.contains("127.0.0.1:"), "{said}");
    let output = shell(&format!("export AWS_PROFILE=real\n{said}\n{PING}"));
    assert!(output.status.success(), "{said}{}", stderr(&output));
    stop(child);
}

#[test]
fn the_environment_goes_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cache.env");
    let (child, said) = start(&["--json", "--env", file.to_str().unwrap()], "{");
    let ready: Value = serde_json::from_str(&said).unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    for (name, value) in ready["environment"].as_object().unwrap() {
        let line = format!("{name}={}", value.as_str().unwrap());
        assert!(text.lines().any(|other| other == line), "{text} lacks {line}");
    }
    assert_eq!(ready["unset"], serde_json::json!(["AWS_PROFILE"]));
    let output = shell(&format!("set -a; . {}; {PING}", file.display()));
    assert!(output.status.success(), "{text}{}", stderr(&output));
    stop(child);
    let (child, said) = start(&["--env", "-"], "KEYROTOR_CONTROL");
    assert!(said.lines().all(|line| line.contains('=') && !line.contains(' ')), "{said}");
    stop(child);
}

fn shell(script: &str) -> Output {
    Command::new("sh").env("KEYROTOR", env!("CARGO_BIN_EXE_keyrotor")).args(["-ec", script]).output().unwrap()
}

#[test]
fn a_kept_authority_is_the_same_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("ca");
    let ca = kept.join("ca.pem");
    let arguments = ["--ca-dir", kept.to_str().unwrap(), "--", "sh", "-c"];
    let ping = format!("{PING} --ca {}", ca.display());
    let mut seen = Vec::new();
    for _ in 0..2 {
        let output = run(&[&arguments[..], &[&ping]].concat());
        assert!(output.status.success(), "{}", stderr(&output));
        seen.push(std::fs::read_to_string(&ca).unwrap());
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn the_end_of_its_input_is_its_own() {
    let (mut child, _) = start(&["--until-eof"], "export KEYROTOR_CONTROL");
    assert!(child.try_wait().unwrap().is_none());
    child.stdin.as_mut().unwrap().write_all(b"some\n").unwrap();
    drop(child.stdin.take());
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_configuration_may_stand_on_the_command_line() {
    let emulator = Emulator::start(&["--config", r#" {"cache": {"users": ["second"]}}"#]);
    assert!(Path::new(&emulator.ca).exists());
    let output = run(&["--config", r#"{"cache": {}}"#, "--", "sh", "-c", PING]);
    assert!(output.status.success(), "what it leaves out has defaults: {}", stderr(&output));
}

#[test]
fn what_is_wrong_has_a_code_of_its_own() {
    for (arguments, code, part) in [
        (&["--config", "{\"cache\": {\"cluter\": \"c\"}}"][..], "[config-invalid]", "cluter"),
        (&["--config", "/nonexistent/file"], "[argument-invalid]", "/nonexistent/file"),
        (&["--time-scale", "0"], "[config-invalid]", "time_scale"),
        (&["--control", "0.0.0.0:0"], "[config-invalid]", "loopback"),
        (&["--listen", "192.0.2.1:1"], "[argument-invalid]", "clients"),
        (&["--ca-dir", "/dev/null/ca"], "[argument-invalid]", "/dev/null/ca"),
        (&["--backend", "redis://127.0.0.1:1"], "[network-connect]", "backend"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let said = stderr(&output);
        assert!(said.contains(part) && said.trim_end().ends_with(code), "{arguments:?}: {said}");
    }
    for arguments in [&["--json", "--", "true"][..], &["--control", "127.0.0.1:0", "--no-control"]] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

/// The keys come from an endpoint, whatever keys and profiles the developer has.
#[test]
fn s02_an_application_gets_its_keys_from_an_endpoint() {
    for way in ["imds", "ecs", "pod-identity", "web-identity"] {
        let option = format!("--credentials={way}");
        let output = run(&[&option, "--region", "eu-west-1", "--", "sh", "-c", PING]);
        assert!(output.status.success(), "{way}: {}", stderr(&output));
        assert!(stdout(&output).contains("user: app"), "{way}: {}", stdout(&output));
    }
    let script = format!("{PING} && env");
    let output = run(&["--credentials", "--credentials-life", "20", "--", "sh", "-c", &script]);
    let said = stdout(&output);
    assert!(
        said.contains("AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"),
        "{said}{}",
        stderr(&output)
    );
    assert!(!said.contains("AWS_ACCESS_KEY_ID") && !said.contains("AWS_PROFILE"), "{said}");
}

#[test]
fn a_database_is_in_the_environment_too() {
    let token =
        r#"PGPASSWORD=$("$KEYROTOR" token rds --host "$DB_HOST" --port "$DB_PORT" --user "$DB_USERNAME")"#;
    let query = "psql -Atc 'SELECT current_user'";
    let output = run(&["--no-cache", "--rds", "--", "sh", "-ec", &format!("export {token}; {query}")]);
    assert_eq!(stdout(&output), "app", "{}", stderr(&output));
    let wrong = token.replace("$DB_PORT", "1");
    let output = run(&["--no-cache", "--rds", "--", "sh", "-c", &format!("export {wrong}; {query}")]);
    let said = stderr(&output);
    // psql writes there too, and in pieces.
    let line = said.lines().find(|line| line.contains("refused rds: login of `app`"));
    assert!(
        line.is_some_and(|line| line.contains("localhost:1") && line.contains("sign for `localhost:")),
        "{said}"
    );
    let admin = r#"PGPASSWORD=$("$KEYROTOR" token dsql --host "$DB_HOST" --admin)"#;
    let output = run(&["--no-cache", "--dsql", "--", "sh", "-ec", &format!("export {admin}; {query}")]);
    assert_eq!(stdout(&output), "admin", "{}", stderr(&output));
}

/// redis-cli with a token that curl gets from the authority, as Azure's SDKs do.
#[test]
fn an_application_of_azure_gets_its_token_from_entra() {
    let ask = r#"token=$(curl -sf "$AZURE_AUTHORITY_HOST/$AZURE_TENANT_ID/oauth2/v2.0/token" --cacert "$SSL_CERT_FILE" \
        -d grant_type=client_credentials -d "client_id=$AZURE_CLIENT_ID" -d "client_secret=$AZURE_CLIENT_SECRET" \
        -d "scope=https://redis.azure.com/.default" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')"#;
    let machine = r#"token=$(curl -sf "$IDENTITY_ENDPOINT?api-version=2019-08-01&resource=https://redis.azure.com" \
        -H "X-IDENTITY-HEADER: $IDENTITY_HEADER" | sed 's/.*"access_token": *"\([^"]*\)".*/\1/')"#;
    let redis_cli = r#"redis-cli --no-auth-warning --tls --cacert "$KEYROTOR_CA" -h "$VALKEY_HOST" -p "$VALKEY_PORT" \
        --user "$VALKEY_USER" -a "$token" ACL WHOAMI"#;
    for (options, ask) in
        [(&["--service", "azure"][..], ask), (&["--service", "azure", "--entra=app-service"], machine)]
    {
        let script = format!("{ask}\n{redis_cli} | grep -qx \"$VALKEY_USER\" && echo same");
        let output = run(&[options, &["--", "sh", "-c", &script]].concat());
        assert_eq!(stdout(&output), "same", "{options:?}: {}", stderr(&output));
    }
    let output = run(&["--service", "azure", "--", "sh", "-c", &format!("token=password\n{redis_cli}")]);
    let said = stderr(&output);
    assert!(said.contains("malformed (A01): send an access token of Entra as the password"), "{said}");
}
