//! T17: no text that C can print has a secret in it, but the two functions that hand it out.

use serde_json::{Value, json};

use crate::support::compile::{How, compile};
use crate::support::driver::Driver;
use crate::support::emulator::Emulator;
use crate::support::request;

const SECRET_KEY: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn check(what: &str, text: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!text.contains(secret.as_str()), "{what} holds a secret: {text}");
    }
}

#[test]
fn t17_status_and_errors_hold_no_secret() {
    let emulator = Emulator::start(&[]);
    let mut driver = Driver::start(&Value::Null);
    let good = request::patched(&json!({}), &emulator);
    let manager = json!({"authenticationInfo": good["authenticationInfo"]}).to_string();
    driver.call("manager", &[manager.as_bytes()]).unwrap();
    let token = driver.call("token", &[]).unwrap();
    let signature = token.as_str().unwrap().split("X-Amz-Signature=").nth(1).unwrap()[..64].to_owned();
    let secrets = [SECRET_KEY.to_owned(), signature, "X-Amz-Signature".to_owned(), "hunter2".to_owned()];
    check("the manager's status", &driver.call("manager-status", &[]).unwrap().to_string(), &secrets);
    driver.call("connect", &[good.to_string().as_bytes()]).unwrap();
    check("the client's status", &driver.call("status", &[]).unwrap().to_string(), &secrets);

    let refused = json!({"authenticationInfo": {"iamCredentials": {"username": "somebody-else"}}});
    let password = json!({"authenticationInfo": {"iamCredentials": null,
        "serverCredentials": {"username": "iam-user-01", "password": "hunter2"}}});
    let wrong_type = json!({"authenticationInfo": {"iamCredentials": {"accessKey": [SECRET_KEY]}}});
    let misplaced = json!({"authenticationInfo": {"iamCredentials": {"region": format!("{SECRET_KEY}\n")}}});
    for patch in [refused, password, wrong_type, misplaced] {
        let request = request::patched(&patch, &emulator).to_string();
        let failure = driver.call("connect", &[request.as_bytes()]).unwrap_err();
        check("an error", &format!("{failure:?}"), &secrets);
        check("the status after it", &format!("{:?}", driver.call("manager-status", &[])), &secrets);
    }
    driver.end();
}

#[test]
fn t17_a_program_that_prints_its_errors_prints_no_secret() {
    let emulator = Emulator::start(&[]);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("request.json");
    let mut request = request::patched(&json!({}), &emulator);
    request["authenticationInfo"]["iamCredentials"]["tokenLifeSeconds"] = json!(5000);
    std::fs::write(&file, json!({"authenticationInfo": request["authenticationInfo"]}).to_string()).unwrap();
    let program = compile("examples/token.c", How::Sanitized);
    let output = std::process::Command::new(program).arg(&file).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let printed = crate::support::compile::both(&output);
    assert!(printed.contains("config-"), "{printed}");
    check("what the example prints", &printed, &[SECRET_KEY.to_owned(), "X-Amz".to_owned()]);
}
