//! The examples do what they say.
#![allow(clippy::unwrap_used, reason = "tests, of real programs")]

mod support;

use std::path::PathBuf;
use std::process::{Command, Output};

/// Cargo builds a package's examples before it runs its tests, beside them.
fn example(name: &str) -> Command {
    let test = std::env::current_exe().unwrap();
    let path: PathBuf = test.parent().unwrap().parent().unwrap().join("examples").join(name);
    assert!(path.exists(), "{} is not built: run all tests of the package once", path.display());
    Command::new(path)
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn s04_a_custom_source_is_a_source_like_any_other() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let text = r#"{"user": "app", "password": "made-up", "lives_for_seconds": 3600}"#;
    std::fs::write(file.path(), text).unwrap();
    let out = printed(example("custom_source").arg(file.path()).output().unwrap());
    assert!(out.starts_with("app logs in with 7 characters\n") && out.contains("FRESH"), "{out}");
    assert!(!out.contains("made-up"));
    std::fs::write(file.path(), r#"{"user": "app"}"#).unwrap();
    let failed = example("custom_source").arg(file.path()).output().unwrap();
    assert!(String::from_utf8_lossy(&failed.stderr).contains("does not hold a user and a password"));
}

#[cfg(feature = "redis-provider")]
#[tokio::test]
async fn c18_redis_rs_goes_on_with_each_new_token() {
    let emulator = support::emulator(&[]).await;
    let request = support::request(&emulator, serde_json::json!({}));
    let text = |name: &str| {
        request["authenticationInfo"]["iamCredentials"][name].as_str().unwrap_or_default().to_owned()
    };
    let key = &request["authenticationInfo"]["iamCredentials"]["accessKey"];
    let mut program = example("redis_rs");
    program
        .arg(format!("rediss://localhost:{}", emulator.address().port()))
        .args([text("clusterName"), text("username"), text("region")])
        .arg(emulator.ca_path())
        .env("AWS_ACCESS_KEY_ID", key["accessKeyId"].as_str().unwrap())
        .env("AWS_SECRET_ACCESS_KEY", key["secretAccessKey"].as_str().unwrap());
    let output = tokio::task::spawn_blocking(move || program.output().unwrap()).await.unwrap();
    let out = printed(output);
    assert_eq!(out, format!("logged in as {}\nkey holds value\n", text("username")));
    assert_eq!(emulator.record().totals.logins_refused, 0);
}
