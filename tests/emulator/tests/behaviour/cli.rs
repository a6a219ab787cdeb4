//! The stock client, redis-cli.

use crate::support::{Draft, NOAUTH, SERVERS, WRONGPASS, aws_token, config, start};
use keyrotor_emulator::{Config, Emulator, Service};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
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

/// One connection, command after command.
async fn piped(emulator: &Emulator, commands: &str) -> Vec<String> {
    let port = emulator.address().port().to_string();
    let mut command = Command::new("redis-cli");
    command.args(["-h", "127.0.0.1", "-p", &port, "--tls", "--cacert"]).arg(emulator.ca_path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("redis-cli");
    let mut input = child.stdin.take().expect("an input");
    input.write_all(commands.as_bytes()).await.expect("a write");
    drop(input);
    let output = child.wait_with_output().await.expect("an end");
    let text = String::from_utf8(output.stdout).expect("a text");
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[tokio::test]
async fn tokens_of_aws_sigv4_log_in_and_log_in_again() {
    for (service, name, serverless) in [
        (Service::ElastiCache, "elasticache", false),
        (Service::ElastiCache, "elasticache", true),
        (Service::MemoryDb, "memorydb", false),
    ] {
        let emulator = start(Config { service, serverless, ..config() }).await;
        let now = config().clock.expect("a clock");
        let first = aws_token(name, serverless, false, now);
        let second = aws_token(name, serverless, true, now + Duration::from_secs(1));
        let commands = format!("AUTH app {first}\nSET a 1\nAUTH app {second}\nGET a\n");
        assert_eq!(piped(&emulator, &commands).await, ["OK", "OK", "OK", "1"], "{name} {serverless}");
        let totals = emulator.record().totals;
        assert_eq!((totals.logins_accepted, totals.relogins), (2, 1));
    }
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
