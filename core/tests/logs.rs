//! T17: the log of a whole run, at its most talkative, holds no secret.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests, against a real server")]

mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyrotor::cmd;
use keyrotor_emulator::Refuse;
use serde_json::json;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn t17_no_log_line_of_a_whole_run_holds_a_secret() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_writer(move || writer.clone())
        .init();
    let emulator = support::emulator(&["--session-limit", "6"]).await;
    let client = support::client(&emulator, support::lives(6, 6)).await;
    let mut secrets = vec!["wJalrXUtnFEMI".to_owned()];
    let manager = client.token_manager().unwrap().clone();
    for round in 0..8 {
        let token = manager.token_async().await.unwrap();
        let signature = token.expose().split("X-Amz-Signature=").nth(1).unwrap().to_owned();
        secrets.push(signature);
        match round {
            2 => emulator.faults().forget(None),
            4 => {
                emulator.faults().refuse(Refuse { count: Some(1), ..Refuse::default() }).unwrap();
                emulator.faults().kill(None)
            }
            _ => 0,
        };
        let _ = client.execute(cmd("SET").arg("key").arg("value")).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    client.close();
    let _ = support::connect(&json!({"addresses": [], "clientKey": "c2VjcmV0"})).await;
    let text = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    assert!(text.contains("IAM token refreshed successfully"), "the log is there: {text}");
    for secret in secrets {
        let line = text.lines().find(|line| line.contains(&secret));
        assert!(line.is_none(), "{line:?}");
    }
}
