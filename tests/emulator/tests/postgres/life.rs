//! A front's start and end, and what it breaks on command.

use crate::support::{Client, cloud, config, front, rds, token, until, wait};
use keyrotor_emulator::rds::{End, RdsConfig};
use keyrotor_emulator::{Cloud, CloudConfig, Error};
use std::path::PathBuf;
use std::time::Duration;

/// The server's own process: the parent of the one that serves this client.
async fn server_of(client: &mut Client) -> PathBuf {
    let process = client.value("SELECT pg_backend_pid()").await;
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let parent = status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("a parent").trim();
    PathBuf::from("/proc").join(parent)
}

#[tokio::test]
async fn dropped_it_leaves_nothing_behind() {
    let cloud = rds().await;
    let mut client = Client::app(&cloud).await;
    let server = server_of(&mut client).await;
    let folder = std::fs::read_link(server.join("cwd")).expect("its folder");
    assert!(folder.exists());
    let status = std::fs::read_to_string(server.join("status")).expect("a process");
    let user = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("a user");
    assert!(!user.split_whitespace().any(|id| id == "0"), "it runs as root: {user}");
    let ca = cloud.ca_path().to_owned();
    drop(cloud);
    assert!(!server.exists() && !folder.exists() && !ca.exists());
    while client.message().await.is_some() {}
}

#[tokio::test]
async fn a_restart_drops_sessions_and_keeps_data() {
    let cloud = rds().await;
    let mut client = Client::app(&cloud).await;
    let server = server_of(&mut client).await;
    client.value("CREATE TABLE kept AS SELECT 7 AS n; SELECT n FROM kept").await;
    front(&cloud).faults().restart_backend().await.expect("a restart");
    while client.message().await.is_some() {}
    assert!(!server.exists());
    let record = until(&cloud, |record| record.connections[0].closed.is_some()).await;
    assert_eq!(record.connections[0].why, Some(End::Backend));
    assert_eq!(Client::app(&cloud).await.value("SELECT n FROM kept").await, "7");
}

#[tokio::test]
async fn connections_are_broken_off_on_command() {
    let cloud = rds().await;
    let faults = front(&cloud).faults();
    let (mut one, mut two) = (Client::app(&cloud).await, Client::app(&cloud).await);
    assert_eq!(faults.kill(Some(1)), 1);
    assert!(one.is_closed().await);
    assert_eq!(two.value("SELECT 1").await, "1");
    faults.cut(1);
    let (mut client, _) = Client::begin(&cloud, "app").await;
    client.send(&crate::support::password(&token("app"))).await;
    assert!(client.is_closed().await);
    let record = until(&cloud, |record| record.connections.iter().any(|one| one.why == Some(End::Cut))).await;
    assert_eq!(record.logins.last().and_then(|login| login.reason), Some("fault-cut"));
    Client::app(&cloud).await;
}

#[tokio::test]
async fn what_the_server_says_can_be_held_back() {
    let cloud = rds().await;
    let faults = front(&cloud).faults();
    let mut client = Client::app(&cloud).await;
    faults.stall(Duration::from_secs(3600));
    let held = client.value("SELECT 1");
    let early = tokio::select! {
        _ = held => true,
        () = wait(200) => false,
    };
    assert!(!early);
    faults.clear();
    assert_eq!(client.until_ready().await.last().map(|message| message.kind), Some('C'));
}

#[tokio::test]
async fn a_stop_is_written_down_and_ends_sessions() {
    let cloud = rds().await;
    let mut client = Client::app(&cloud).await;
    let faults = front(&cloud).faults();
    cloud.stop().await;
    assert!(client.is_closed().await);
    assert_eq!(faults.kill(None), 0);
    assert!(matches!(faults.restart_backend().await, Err(Error::Backend(_))), "stopped for good");
}

#[tokio::test]
async fn names_may_be_odd() {
    let odd = r#"o'dd "näme" %41"#;
    let config = RdsConfig {
        users: vec!["app".into(), odd.into()],
        database: r#"my "db""#.into(),
        sql: vec!["CREATE TABLE made (n int)".into()],
        ..config()
    };
    let cloud = cloud(Some(config), None).await;
    let url = front(&cloud).url(odd);
    assert!(url.starts_with("postgres://o%27dd%20%22n%C3%A4me%22%20%2541@localhost:"), "{url}");
    assert!(url.contains("/my%20%22db%22?sslmode=verify-full&sslrootcert="), "{url}");
    assert_eq!(front(&cloud).endpoint(), "db.example.com:5432");
    let (_, asked) = Client::begin(&cloud, odd).await;
    assert_eq!(asked.body, [0, 0, 0, 3]);
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_named() {
    let hush = "SELECT hush FROM nowhere";
    for (config, word) in [
        (RdsConfig { sql: vec!["SELECT 1".into(), hush.into()], ..config() }, "statement 2 of `sql`"),
        (RdsConfig { region: String::new(), ..config() }, "region"),
        (RdsConfig { users: vec!["app".into(), "pg_odd".into()], ..config() }, "pg_odd"),
    ] {
        let config = CloudConfig { rds: Some(config), ..CloudConfig::default() };
        let error = Cloud::start(config).await.expect_err(word).to_string();
        assert!(error.contains(word) && !error.contains("SELECT"), "{error}");
    }
}
