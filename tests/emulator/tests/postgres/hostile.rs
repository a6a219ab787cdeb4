//! What no client should send: it is closed, and the next one is served.

use crate::support::{Client, Message, password, rds, startup, token, until};
use keyrotor_emulator::Cloud;
use keyrotor_emulator::rds::End;

const GSS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 48];
const TLS_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

async fn still_serves(cloud: &Cloud) {
    assert_eq!(Client::app(cloud).await.value("SELECT 1").await, "1");
}

#[tokio::test]
async fn lengths_that_cannot_be_are_not_waited_for() {
    let cloud = rds().await;
    for length in [0_u32, 3, 7, 10_001, 0x7fff_ffff, u32::MAX] {
        for mut client in [Client::plain(&cloud).await, Client::tls(&cloud).await] {
            client.send(&length.to_be_bytes()).await;
            assert!(client.is_closed().await, "{length}");
        }
    }
    for length in [0_u32, 3, 65_540, u32::MAX] {
        let (mut client, _) = Client::begin(&cloud, "app").await;
        client.send(&[&b"p"[..], &length.to_be_bytes()].concat()).await;
        assert!(client.is_closed().await, "{length}");
    }
    still_serves(&cloud).await;
}

#[tokio::test]
async fn noise_is_closed() {
    let cloud = rds().await;
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut noise = |size: usize| -> Vec<u8> {
        let next = || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed.to_le_bytes()[0]
        };
        std::iter::repeat_with(next).take(size).collect()
    };
    for round in 0..40 {
        let mut bytes = noise(16 + round * 7);
        for mut client in [Client::plain(&cloud).await, Client::tls(&cloud).await] {
            // Not a length that would be waited for.
            bytes[0] |= 1;
            client.try_send(&bytes).await;
            assert!(client.is_closed().await, "{bytes:?}");
        }
        let (mut client, _) = Client::begin(&cloud, "app").await;
        bytes[1] |= 1;
        client.try_send(&bytes).await;
        // It may look like another kind of message, or like a password that is too long.
        while client.message().await.is_some() {}
    }
    for text in
        ["GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "*1\r\n$4\r\nPING\r\n", "SSH-2.0-OpenSSH_9.2\r\n"]
    {
        let mut client = Client::plain(&cloud).await;
        client.try_send(text.as_bytes()).await;
        assert!(client.is_closed().await, "{text}");
    }
    still_serves(&cloud).await;
}

#[tokio::test]
async fn what_postgresql_does_not_take_it_says_itself() {
    let cloud = rds().await;
    let whole = startup(&[("user", "app"), ("database", "postgres")]);
    let mut old = whole.clone();
    old[4..8].copy_from_slice(&0x0002_0000_u32.to_be_bytes());
    let mut cut = whole.clone();
    cut.truncate(cut.len() - 1);
    cut[3] -= 1;
    for (bytes, expected) in [(old, "unsupported frontend protocol"), (cut, "invalid startup packet layout")]
    {
        let mut client = Client::tls(&cloud).await;
        client.send(&bytes).await;
        let mut said = Vec::new();
        while let Some(byte) = client.byte().await {
            said.push(byte);
        }
        let said = String::from_utf8_lossy(&said).into_owned();
        assert!(said.contains(expected), "{said}");
    }
    let nobody = startup(&[("database", "postgres")]);
    let mut client = Client::tls(&cloud).await;
    client.send(&nobody).await;
    let answer = client.message().await.expect("an answer");
    assert_eq!(answer.error().1, "no PostgreSQL user name specified in startup packet");
    still_serves(&cloud).await;
}

#[tokio::test]
async fn another_message_is_no_password() {
    let cloud = rds().await;
    let (mut client, _) = Client::begin(&cloud, "app").await;
    let mut query = password("SELECT 1");
    query[0] = b'Q';
    client.send(&query).await;
    let answer = client.message().await.expect("an answer");
    let text = "expected password response, got message type 81";
    assert_eq!(answer.error(), ("08P01".into(), text.into()));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn nothing_in_the_clear_is_taken_for_something_encrypted() {
    let cloud = rds().await;
    let mut client = Client::plain(&cloud).await;
    let first = startup(&[("user", "app"), ("database", "postgres")]);
    client.send(&[&TLS_REQUEST[..], &first, &password(&token("app"))].concat()).await;
    assert_eq!(client.byte().await, Some(b'S'));
    // A TLS alert may follow, an answer to the login may not.
    let mut said = Vec::new();
    while let Some(byte) = client.byte().await {
        said.push(byte);
    }
    assert!(said.first().is_none_or(|kind| *kind == 0x15), "{said:?}");
    until(&cloud, |record| record.connections[0].closed.is_some() && record.logins.is_empty()).await;
}

#[tokio::test]
async fn gss_encryption_is_declined_once() {
    let cloud = rds().await;
    let mut client = Client::plain(&cloud).await;
    client.send(&GSS_REQUEST).await;
    assert_eq!(client.byte().await, Some(b'N'));
    client.send(&TLS_REQUEST).await;
    assert_eq!(client.byte().await, Some(b'S'));
    let mut client = client.handshake(&cloud, &[]).await.expect("TLS");
    client.send(&TLS_REQUEST).await;
    assert!(client.is_closed().await, "TLS in TLS");
    let mut client = Client::plain(&cloud).await;
    client.send(&[GSS_REQUEST, GSS_REQUEST].concat()).await;
    assert_eq!(client.byte().await, Some(b'N'));
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn who_begins_with_tls_must_name_the_protocol() {
    let cloud = rds().await;
    let begun = Client::plain(&cloud).await.handshake(&cloud, &[b"postgresql"]).await;
    let mut client = begun.expect("TLS at once");
    client.send(&startup(&[("user", "app"), ("database", "postgres")])).await;
    assert_eq!(client.message().await, Some(Message { kind: 'R', body: vec![0, 0, 0, 3] }));
    let mut unnamed = Client::plain(&cloud).await.handshake(&cloud, &[]).await.expect("TLS");
    unnamed.try_send(&startup(&[("user", "app")])).await;
    assert!(unnamed.is_closed().await);
    assert!(Client::plain(&cloud).await.handshake(&cloud, &[b"h2"]).await.is_err());
}

#[tokio::test]
async fn who_leaves_in_the_middle_leaves_nothing() {
    let cloud = rds().await;
    drop(Client::plain(&cloud).await);
    drop(Client::tls(&cloud).await);
    drop(Client::begin(&cloud, "app").await);
    drop(Client::begin(&cloud, "legacy").await);
    let gone = |record: &keyrotor_emulator::rds::Record| {
        record.connections.iter().filter(|connection| connection.why == Some(End::Client)).count()
    };
    let record = until(&cloud, |record| gone(record) == 4).await;
    assert!(record.logins.is_empty(), "{record:?}");
    let mut client = Client::app(&cloud).await;
    let others = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";
    for _ in 0..1000 {
        if client.value(others).await == "1" {
            return;
        }
        crate::support::wait(20).await;
    }
    panic!("sessions were left behind");
}
