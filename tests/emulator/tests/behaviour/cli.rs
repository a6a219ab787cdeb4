//! The stock client, redis-cli.

use crate::support::{Draft, NOAUTH, WRONGPASS, config, start};
use keyrotor_emulator::Emulator;
use tokio::process::Command;

async fn cli(emulator: &Emulator, args: &[&str]) -> String {
    let port = emulator.address().port().to_string();
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &port, "--tls", "--cacert"]).arg(emulator.ca_path());
    let output = command.args(["--no-auth-warning"]).args(args).output().await.expect("redis-cli");
    String::from_utf8_lossy(&output.stdout).trim().to_owned() + String::from_utf8_lossy(&output.stderr).trim()
}

#[tokio::test]
async fn redis_cli_logs_in() {
    let emulator = start(config()).await;
    let token = Draft::new(0).sign();
    for protocol in ["-2", "-3"] {
        assert_eq!(cli(&emulator, &[protocol, "--user", "app", "-a", &token, "ACL", "WHOAMI"]).await, "app");
    }
    assert_eq!(cli(&emulator, &["PING"]).await, NOAUTH);
    let refused = cli(&emulator, &["--user", "app", "-a", "x", "PING"]).await;
    assert!(refused.contains(WRONGPASS) && refused.contains(NOAUTH), "{refused}");
    let other = cli(&emulator, &["--user", "other", "-a", &token, "PING"]).await;
    assert!(other.contains(WRONGPASS), "{other}");
}
