//! The stock client, redis-cli.

use crate::support::{Draft, NOAUTH, SERVERS, WRONGPASS, config, start};
use keyrotor_emulator::{Config, Emulator};
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

#[tokio::test]
async fn redis_cli_follows_a_cluster() {
    for server in SERVERS.iter() {
        let shape = Config { server: Some(server.clone()), shards: 3, replicas: 1, ..config() };
        let emulator = start(shape).await;
        let token = Draft::new(0).sign();
        // Slot 12182: two nodes away from the first.
        let login = ["-c", "--user", "app", "-a", &token];
        assert_eq!(cli(&emulator, &[&login[..], &["SET", "foo", "1"]].concat()).await, "OK");
        assert_eq!(cli(&emulator, &[&login[..], &["GET", "foo"]].concat()).await, "1");
        let nodes: Vec<_> = emulator.record().logins.iter().map(|login| login.node).collect();
        assert_eq!(nodes, [0, 2, 0, 2]);
    }
}
