//! Servers that say nothing, too much or something odd: sockets that no Redis stands behind.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::Duration;

use keyrotor::{Client, Code, cmd};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support;

/// Accepts, answers each with what it is told, and counts.
async fn raw_server(answer: &'static [u8], stays: bool) -> (u16, Arc<AtomicUsize>) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&count);
    tokio::spawn(async move {
        let mut kept = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            counter.fetch_add(1, SeqCst);
            let mut buffer = [0; 4096];
            // The login, then the two commands that name the library.
            for reply in [answer, b"+OK\r\n", b"+OK\r\n"] {
                if stream.read(&mut buffer).await.is_err() || stream.write_all(reply).await.is_err() {
                    break;
                }
            }
            if stays {
                kept.push(stream);
            }
        }
    });
    (port, count)
}

#[tokio::test]
async fn c12_a_server_that_says_nothing_is_a_timeout_of_its_own_kind() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let attempt = |tls: &str| {
        let request = json!({
            "addresses": [{"host": "127.0.0.1", "port": port}],
            "tlsMode": tls,
            "connectionTimeout": 200,
            "authenticationInfo": {"serverCredentials": {"username": "u", "password": "p"}}
        });
        async move { support::connect(&request).await.unwrap_err().code() }
    };
    assert_eq!(attempt("InsecureTls").await, Code::NetworkTlsTimeout);
    assert_eq!(attempt("NoTls").await, Code::AuthTimeout);
    drop(listener);
    assert_eq!(attempt("NoTls").await, Code::NetworkConnect);
}

#[tokio::test]
async fn t17_a_server_that_repeats_the_login_leaks_nothing() {
    let answer =
        b"-ERR unknown command `HELLO`, with args beginning with: `3`, `AUTH`, `app`, `hunter2`, \r\n";
    let (port, _) = raw_server(answer, true).await;
    let password = json!({"serverCredentials": {"username": "app", "password": "hunter2"}});
    let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}], "authenticationInfo": password});
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.server_text(), Some("ERR unknown command `HELLO`"));
    assert!(!format!("{error:?} {:?}", error.detail()).contains("hunter2"));
}

/// Takes every login of `app`, and forgets it before so many of these commands are answered.
async fn forgetful_server(command: &'static str, answer: &'static str, times: std::ops::Range<usize>) -> u16 {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut seen = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = stream.read(&mut buffer).await {
                let text = String::from_utf8_lossy(&buffer[..length]);
                let reply = if text.contains(command) {
                    seen += 1;
                    match times.contains(&(seen - 1)) {
                        true => "-NOAUTH Authentication required.\r\n".to_owned(),
                        false => answer.to_owned(),
                    }
                } else {
                    "+OK\r\n".repeat(text.matches("\r\n*").count() + 1)
                };
                stream.write_all(reply.as_bytes()).await.unwrap();
            }
        }
    });
    port
}

async fn client_at(port: u16, verify_identity: bool) -> Client {
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": port}],
        "authenticationInfo": {"serverCredentials": {"username": "app", "password": "hunter2"}},
        "protocol": "RESP2",
        "verifyIdentity": verify_identity,
    });
    support::connect(&request).await.unwrap()
}

#[tokio::test]
async fn c07_a_login_that_is_forgotten_as_soon_as_it_is_made_is_made_again() {
    let healed = client_at(forgetful_server("PING", "+PONG\r\n", 0..3).await, false).await;
    healed.execute(&cmd("PING")).await.unwrap();
    assert_eq!(healed.stats().reauths, 3);
    // A server that never remembers is no reason to log in for ever.
    let lost = client_at(forgetful_server("PING", "+PONG\r\n", 0..1000).await, false).await;
    let error = lost.execute(&cmd("PING")).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRequired);
}

#[tokio::test]
async fn c07_a_login_that_is_forgotten_before_it_is_verified_is_made_again() {
    client_at(forgetful_server("WHOAMI", "$3\r\napp\r\n", 0..1).await, true).await.close();
    // The first is that of the connect.
    let client = client_at(forgetful_server("WHOAMI", "$3\r\napp\r\n", 1..3).await, true).await;
    client.update_password("another".to_owned(), true).await.unwrap();
    let lost = client_at(forgetful_server("WHOAMI", "$3\r\napp\r\n", 1..1000).await, true).await;
    let error = lost.update_password("another".to_owned(), true).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthRequired);
}

#[tokio::test]
async fn c12_a_server_that_reads_nothing_more_keeps_nobody_waiting() {
    let (port, _) = raw_server(b"+OK\r\n", true).await;
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": port}],
        "requestTimeout": 300,
        "protocol": "RESP2",
        "authenticationInfo": {"serverCredentials": {"username": "app", "password": "hunter2"}},
    });
    let client = support::connect(&request).await.unwrap();
    let set = cmd("SET").arg("key").arg(vec![b'x'; 1 << 20]).to_owned();
    // More than the socket's buffers take.
    for _ in 0..12 {
        let waited = tokio::time::timeout(Duration::from_secs(5), client.execute(&set)).await;
        assert_eq!(waited.expect("an end").unwrap_err().code(), Code::RequestTimeout);
    }
}

#[tokio::test]
async fn c12_a_server_that_drops_every_login_is_not_hammered() {
    let (port, count) = raw_server(b"+OK\r\n", false).await;
    let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}]});
    let _client = support::connect(&request).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let connections = count.load(SeqCst);
    assert!((2..40).contains(&connections), "{connections} connections in 2 s");
}

#[tokio::test]
async fn c04_a_connection_whose_server_fell_silent_is_replaced() {
    let (port, count) = raw_server(b"+OK\r\n", true).await;
    let mut request = support::request(&support::emulator(&[]).await, support::lives(900, 5));
    request["addresses"] = json!([{"host": "127.0.0.1", "port": port}]);
    request["tlsMode"] = json!("NoTls");
    request["allowPlaintext"] = json!(true);
    request["connectionTimeout"] = json!(300);
    request.as_object_mut().unwrap().remove("rootCerts");
    let _client = support::connect(&request).await.unwrap();
    tokio::time::sleep(Duration::from_secs(8)).await;
    assert!(count.load(SeqCst) >= 2, "{}", count.load(SeqCst));
}

/// Redis itself cuts its errors at a NUL; a proxy in front of it may not. So this server is a socket.
#[tokio::test]
async fn b01_a_nul_in_a_server_error_is_just_a_byte() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"-ODD a\0b\r\n").await.unwrap();
        stream
    });
    let request = json!({"addresses": [{"host": "127.0.0.1", "port": port}]});
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.server_text(), Some("ODD a\0b"), "{error:?}");
    server.await.unwrap();
}
