//! C01: whose login the server says it is, and what becomes of one that it says nothing of.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "tests, against real servers"
)]

mod support;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use keyrotor::proto::EventKind;
use keyrotor::{Client, Code, IdentityState, cmd};
use keyrotor_emulator::{Emulator, User};
use serde_json::{Value as Json, json};

/// Whose user may not ask who it is.
async fn mute() -> Emulator {
    support::emulator_with(&[], |config| {
        config.users = vec![User { acl: "~* &* +@all -acl|whoami".to_owned(), ..User::from("iam-user-01") }];
    })
    .await
}

fn identities(client: &Client) -> Vec<IdentityState> {
    client.stats().connections.iter().map(|connection| connection.identity).collect()
}

async fn connected(request: &Json) -> Client {
    support::connect(request).await.unwrap()
}

#[tokio::test]
async fn c01_the_server_says_whose_login_it_is_where_it_is_asked() {
    let emulator = support::emulator(&[]).await;
    for (patch, expected) in [
        (json!({}), IdentityState::Unchecked),
        (json!({"verifyIdentity": true}), IdentityState::Verified),
        (json!({"requireIdentity": true, "protocol": "RESP2"}), IdentityState::Verified),
    ] {
        let client = connected(&support::request(&emulator, patch)).await;
        assert_eq!(identities(&client), [expected]);
        assert_eq!(client.status().unwrap().identity(), expected);
        client.reauthenticate_now().await.unwrap();
        assert_eq!(identities(&client), [expected]);
    }
}

#[tokio::test]
async fn c01_a_user_who_may_not_ask_goes_on_as_unknown_which_is_said_once() {
    let emulator = mute().await;
    for protocol in ["RESP3", "RESP2"] {
        let patch = json!({"verifyIdentity": true, "lazyConnect": true, "protocol": protocol});
        let client = connected(&support::request(&emulator, patch)).await;
        let mut events = client.token_manager().unwrap().events();
        client.execute(cmd("SET").arg("key").arg("value")).await.unwrap();
        client.watch(&["key"]).await.unwrap().discard().await.unwrap();
        let _subscriber = client.subscriber().await.unwrap();
        client.reauthenticate_now().await.unwrap();
        assert_eq!(identities(&client), [IdentityState::Unknown; 3]);
        assert_eq!(client.status().unwrap().identity(), IdentityState::Unknown);
        client.close();
        let mut said = 0;
        while let Some(event) = events.next().await {
            said += usize::from(event.kind() == EventKind::EventIdentityUnknown);
        }
        assert_eq!(said, 1, "{protocol}");
    }
    assert_eq!(emulator.record().totals.logins_refused, 0);
}

#[tokio::test]
async fn c01_a_user_who_may_not_ask_is_an_error_where_the_request_requires_it() {
    let emulator = mute().await;
    for protocol in ["RESP3", "RESP2"] {
        let request = support::request(&emulator, json!({"requireIdentity": true, "protocol": protocol}));
        let error = support::connect(&request).await.unwrap_err();
        assert_eq!((error.code(), error.retryable()), (Code::AuthIdentityUnknown, false));
        assert!(error.server_text().unwrap().starts_with("NOPERM"), "{error}");
        assert!(
            error.message().contains("iam-user-01") && error.message().contains("+acl|whoami"),
            "{error}"
        );
    }
    // Nothing but logins and questions reached the server, and the connections are closed.
    let mut open = usize::MAX;
    for _ in 0..100 {
        open = emulator.record().connections.iter().filter(|one| one.closed.is_none()).count();
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(open, 0);
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// As servers before 6, and some proxies, are.
async fn server_without_acl() -> (Server, Json) {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Command::new("redis-server")
        .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--requirepass", "made up"])
        .args(["--rename-command", "ACL", ""])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let server = Server(server);
    for _ in 0..200 {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": port}],
        "authenticationInfo": {"serverCredentials": {"password": "made up"}},
    });
    (server, request)
}

#[tokio::test]
async fn c01_a_server_that_does_not_know_the_question_leaves_the_identity_unknown() {
    let (_server, mut request) = server_without_acl().await;
    request["verifyIdentity"] = json!(true);
    let client = connected(&request).await;
    client.execute(&cmd("PING")).await.unwrap();
    assert_eq!(identities(&client), [IdentityState::Unknown]);
    request["requireIdentity"] = json!(true);
    let error = support::connect(&request).await.unwrap_err();
    assert_eq!(error.code(), Code::AuthIdentityUnknown);
    assert!(error.server_text().unwrap().starts_with("ERR unknown command"), "{error}");
}
