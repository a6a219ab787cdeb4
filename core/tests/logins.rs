//! What a login has to stand: long silence, slow sources, servers that take somebody for somebody else, servers that
//! want to know the client, too.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use keyrotor::{Callback, Callbacks, Client, Code, Format, cmd};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use serde_json::{Value as Json, json};

#[tokio::test]
async fn c08_after_a_long_silence_the_first_command_succeeds() {
    let emulator = support::emulator(&["--token-life", "5", "--session-limit", "6"]).await;
    let client = support::client(&emulator, support::lives(5, 6)).await;
    client.execute(&cmd("PING")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(14)).await;
    client.execute(&cmd("PING")).await.unwrap();
    let totals = emulator.record().totals;
    assert_eq!((totals.connections, totals.session_limit_cuts), (1, 0), "nobody was cut meanwhile");

    // What is cut all the same is replaced while nobody asks for it.
    emulator.faults().kill(None);
    tokio::time::sleep(Duration::from_secs(6)).await;
    client.execute(&cmd("PING")).await.unwrap();
    assert_eq!(emulator.record().totals.logins_refused, 0);
}

#[tokio::test]
async fn c12_t16_a_source_that_is_slow_is_waited_for_within_its_own_budget_and_is_named() {
    let emulator = support::emulator(&[]).await;
    let sluggish = Callback::future(|_| {
        Box::pin(async {
            tokio::time::sleep(Duration::from_secs(30)).await;
            Err(keyrotor::SourceError::Transient(keyrotor::Error::new(Code::CredentialsFetchFailed, "late")))
        })
    });
    let callbacks = Callbacks::new().with_credentials("vault", sluggish);
    let request = support::request(
        &emulator,
        json!({
            "authenticationInfo": {"iamCredentials": null, "callbackCredentials": {"name": "vault"}},
            "connectionTimeout": 100,
            "refresh": {"sourceTimeout": "1s", "retry": {"maxAttempts": 1}},
        }),
    );
    let start = Instant::now();
    let error = Client::from_request_with(request.to_string().as_bytes(), Format::Json, &callbacks)
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.source_name()), (Code::CredentialsTimeout, Some("callback")));
    assert!((1..10).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    assert_eq!(emulator.record().totals.connections, 0, "no connection waits for a token");
}

/// Redis itself never takes one for another; a proxy in front of it may. So this server is a socket.
#[tokio::test]
async fn c01_a_login_as_somebody_else_is_closed_and_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut stream = stream;
        let mut asked = Vec::new();
        while let Some(Ok(line)) = lines.next() {
            let reply: &[u8] = match line.as_str() {
                "HELLO" => b"%1\r\n$5\r\nproto\r\n:3\r\n",
                "WHOAMI" => b"$7\r\nsomeone\r\n",
                _ => continue,
            };
            asked.push(line);
            stream.write_all(reply).unwrap();
        }
        asked
    });
    let password = json!({"username": "app", "password": "made up"});
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": port}],
        "authenticationInfo": {"serverCredentials": password},
        "verifyIdentity": true,
    });
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthIdentityMismatch);
    assert!(error.message().contains("app") && error.message().contains("someone"), "{error}");
    // It read to the end: the connection was closed.
    let asked = tokio::task::spawn_blocking(move || server.join().unwrap()).await.unwrap();
    assert_eq!(asked, ["HELLO", "WHOAMI"]);
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ca(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new([name.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes a certificate of its issuer's own name for one that signed itself.
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

#[tokio::test]
async fn c15_a_server_that_wants_a_client_certificate_gets_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let ca = ca("an authority");
    let issue = || {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["localhost".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "localhost");
        (params.signed_by(&key, &ca).unwrap().pem(), key.serialize_pem())
    };
    let ((certificate, key), (client_certificate, client_key)) = (issue(), issue());
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Command::new("redis-server")
        .args(["--port", "0", "--bind", "127.0.0.1", "--save", "", "--tls-auth-clients", "yes"])
        .args(["--tls-port", &port.to_string(), "--dir"])
        .arg(folder.path())
        .arg("--tls-cert-file")
        .arg(file("server.pem", &certificate))
        .arg("--tls-key-file")
        .arg(file("server.key", &key))
        .arg("--tls-ca-cert-file")
        .arg(file("ca.pem", &ca.pem()))
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Server(server);
    let encoded = |text: &str| BASE64_STANDARD.encode(text);
    let plain: Json = json!({
        "addresses": [{"host": "localhost", "port": port}], "tlsMode": "SecureTls", "rootCerts": [encoded(&ca.pem())],
    });
    let mut with_certificate = plain.clone();
    with_certificate["clientCert"] = json!(encoded(&client_certificate));
    with_certificate["clientKey"] = json!(encoded(&client_key));
    let deadline = Instant::now() + Duration::from_secs(30);
    let client = loop {
        match support::connect(&with_certificate).await {
            Ok(client) => break client,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    client.execute(&cmd("PING")).await.unwrap();
    let without = support::connect(&plain).await.unwrap_err();
    assert!([Code::NetworkTls, Code::NetworkDisconnected].contains(&without.code()), "{without:?}");
}
