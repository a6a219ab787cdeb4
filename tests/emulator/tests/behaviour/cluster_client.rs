//! A cluster client that is not ours: the redis crate's, over TLS, while the cluster changes under it.

use crate::support::{Draft, SERVERS, config, start};
use keyrotor_emulator::{Config, Emulator, Reshard};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{AsyncTypedCommands, ProtocolVersion, TlsCertificates};
use std::path::Path;
use std::time::Duration;
use tokio_rustls::rustls::crypto::ring::default_provider;

const KEYS: usize = 200;

async fn connect(emulator: &Emulator, protocol: ProtocolVersion) -> ClusterConnection {
    // Another test may have been first.
    let _ = default_provider().install_default();
    let ca = std::fs::read(emulator.ca_path()).expect("a certificate");
    let url = format!("rediss://{}", emulator.address());
    let client = ClusterClient::builder([url])
        .username("app")
        .password(Draft::new(0).sign())
        .use_protocol(protocol)
        .certs(TlsCertificates { client_tls: None, root_cert: Some(ca) })
        .retries(20)
        .max_retry_wait(300)
        .connection_timeout(Duration::from_secs(10))
        .response_timeout(Duration::from_secs(10))
        .build();
    client.expect("a client").get_async_connection().await.expect("a connection")
}

fn shaped(server: &Path, replicas: usize) -> Config {
    Config { server: Some(server.to_owned()), shards: 3, replicas, ..config() }
}

async fn writes(connection: &mut ClusterConnection, value: usize) {
    for key in 0..KEYS {
        connection.set(format!("key-{key}"), value).await.expect("a write");
    }
}

async fn reads(connection: &mut ClusterConnection, value: usize) {
    for key in 0..KEYS {
        let found = connection.get_int(format!("key-{key}")).await.expect("a read");
        assert_eq!(found, Some(isize::try_from(value).expect("a number")), "key-{key}");
    }
}

#[tokio::test]
async fn it_finds_every_key_while_slots_move() {
    for server in SERVERS.iter() {
        let emulator = start(shaped(server, 0)).await;
        for (value, protocol) in [ProtocolVersion::RESP2, ProtocolVersion::RESP3].into_iter().enumerate() {
            let mut connection = connect(&emulator, protocol).await;
            writes(&mut connection, value).await;
            let faults = emulator.faults();
            let pause = Duration::from_millis(1);
            let (from, to) = if value == 0 { (0, 2) } else { (2, 0) };
            let reshard = Reshard { slots: 300, from, to, batch: 1, pause };
            let moving = tokio::spawn(async move { faults.reshard(&reshard).await });
            while !moving.is_finished() {
                reads(&mut connection, value).await;
            }
            assert!(moving.await.expect("a task").expect("a reshard") > 0);
            reads(&mut connection, value).await;
        }
        let nodes: Vec<_> = emulator.record().logins.iter().map(|login| login.node).collect();
        assert!((0..3).all(|node| nodes.contains(&node)), "{nodes:?}");
        assert_eq!(emulator.record().totals.logins_refused, 0);
    }
}

#[tokio::test]
async fn it_follows_a_failover() {
    for server in SERVERS.iter() {
        let emulator = start(shaped(server, 1)).await;
        let mut connection = connect(&emulator, ProtocolVersion::RESP3).await;
        writes(&mut connection, 1).await;
        for shard in 0..3 {
            emulator.faults().failover(shard).await.expect("a failover");
            reads(&mut connection, 1).await;
        }
        emulator.faults().on(3).expect("a node").down().await.expect("down");
        emulator.faults().failover(0).await.expect("a takeover");
        writes(&mut connection, 2).await;
        reads(&mut connection, 2).await;
    }
}
