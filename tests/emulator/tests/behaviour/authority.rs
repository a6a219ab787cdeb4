//! What users may do: policies, the user group, ACLs, and how many logins are taken.

use crate::support::{Client, Draft, NOAUTH, Value, WRONGPASS, config, encode, logged_in, start, until};
use keyrotor_emulator::{Closed, Config, Emulator, Error, Policy, Service, Switches, User};
use serde_json::json;

fn pong() -> Value {
    Value::Simple("PONG".into())
}

fn policies(value: serde_json::Value) -> Option<Vec<Policy>> {
    Some(serde_json::from_value(value).expect("policies"))
}

fn allow(service: &str, resources: &[&str]) -> serde_json::Value {
    let start = format!("arn:aws:{service}:us-east-1:123456789012:");
    let resources: Vec<_> = resources.iter().map(|resource| format!("{start}{resource}")).collect();
    json!({"Statement": [{"Effect": "Allow", "Action": format!("{service}:Connect"), "Resource": resources}]})
}

async fn reason(emulator: &Emulator, user: &str, draft: &Draft) -> Option<&'static str> {
    let mut client = Client::connect(emulator).await;
    let value = client.call(&["AUTH", user, &draft.sign()]).await;
    let login = emulator.record().logins.pop().expect("a login");
    let expected = if login.reason.is_none() { Value::ok() } else { Value::error(WRONGPASS) };
    assert_eq!(value, expected, "{login:?}");
    login.reason
}

#[tokio::test]
async fn e27_not_authorized() {
    let nodes = ["replicationgroup:my-cluster", "user:app"];
    let serverless = Draft { serverless: true, ..Draft::new(0) };
    let memorydb = Draft { service: "memorydb", ..Draft::new(0) };
    let refused = Some("not-authorized");
    for (service, is_serverless, draft, document, expected) in [
        (Service::ElastiCache, false, Draft::new(0), allow("elasticache", &nodes), None),
        (Service::ElastiCache, false, Draft::new(0), allow("elasticache", &nodes[..1]), refused),
        (Service::ElastiCache, false, Draft::new(0), allow("elasticache", &nodes[1..]), refused),
        (Service::ElastiCache, true, serverless.clone(), allow("elasticache", &nodes), refused),
        (
            Service::ElastiCache,
            true,
            serverless,
            allow("elasticache", &["serverlesscache:my-cluster", "user:app"]),
            None,
        ),
        (
            Service::MemoryDb,
            false,
            memorydb.clone(),
            allow("memorydb", &["cluster/my-cluster", "user/app"]),
            None,
        ),
        (Service::MemoryDb, false, memorydb, allow("memorydb", &["cluster:my-cluster", "user:app"]), refused),
    ] {
        let policies = policies(json!([document]));
        let emulator = start(Config { service, serverless: is_serverless, policies, ..config() }).await;
        assert_eq!(reason(&emulator, "app", &draft).await, expected, "{document}");
    }
}

#[tokio::test]
async fn policies_hold_for_later_logins_only() {
    let (emulator, mut client) = logged_in(config()).await;
    emulator.faults().policies(policies(json!([])));
    assert_eq!(reason(&emulator, "app", &Draft::new(1)).await, Some("not-authorized"));
    assert_eq!(client.call(&["AUTH", "app", &Draft::new(1).sign()]).await, Value::error(WRONGPASS));
    assert_eq!(client.call(&["PING"]).await, pong(), "a revocation cuts nobody");
    let temporary = Draft { temporary: true, ..Draft::new(1) };
    let all = json!({"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
    emulator.faults().policies(policies(json!([{"keys": ["ASI*"], "document": all}])));
    assert_eq!(reason(&emulator, "app", &temporary).await, None);
    assert_eq!(reason(&emulator, "app", &Draft::new(1)).await, Some("not-authorized"));
    emulator.faults().policies(None);
    assert_eq!(reason(&emulator, "app", &Draft::new(1)).await, None);
}

#[tokio::test]
async fn a_user_that_leaves_the_group_is_cut() {
    let (emulator, mut client) = logged_in(config()).await;
    let mut other = Client::connect(&emulator).await;
    let token = Draft { user: "other", ..Draft::new(0) }.sign();
    assert_eq!(other.call(&["AUTH", "other", &token]).await, Value::ok());
    assert!(matches!(emulator.faults().user("nobody", false), Err(Error::Fault { field: "user", .. })));
    assert_eq!(emulator.faults().user("App", false).expect("a user"), 1);
    assert!(client.is_closed().await);
    assert_eq!(other.call(&["PING"]).await, pong());
    let record = until(&emulator, |record| record.connections[0].why.is_some()).await;
    let connection = &record.connections[0];
    assert_eq!((connection.why, connection.user.as_deref()), (Some(Closed::UserRemoved), Some("app")));
    assert_eq!(reason(&emulator, "app", &Draft::new(1)).await, Some("unknown-user"));
    assert_eq!(emulator.faults().user("app", true).expect("a user"), 0);
    assert_eq!(reason(&emulator, "app", &Draft::new(1)).await, None);
}

#[tokio::test]
async fn acls_are_the_servers_own() {
    let reader = User { acl: "on ~app:* +@read".into(), ..User::from("app") };
    let (emulator, mut client) = logged_in(Config { users: vec![reader], ..config() }).await;
    assert_eq!(client.call(&["GET", "app:1"]).await, Value::Null);
    let Value::Error(text) = client.call(&["SET", "app:1", "x"]).await else { panic!("set") };
    assert!(text.starts_with("NOPERM"), "{text}");
    let Value::Error(text) = client.call(&["GET", "other"]).await else { panic!("read") };
    assert!(text.starts_with("NOPERM"), "{text}");
    let Value::Error(text) = client.call(&["EVAL", "return 1", "0"]).await else { panic!("run") };
    assert!(text.starts_with("NOPERM"), "{text}");
    emulator.faults().throttle(None);
    let throttled = Value::error("ERR Exceeded limit of IAM Authentication requests");
    assert_eq!(client.call(&["AUTH", "app", "x"]).await, throttled, "the gate can speak all the same");
}

#[tokio::test]
async fn too_many_logins_are_throttled() {
    let (emulator, mut client) = logged_in(Config { login_rate: Some(0.001), ..config() }).await;
    let token = Draft::new(1).sign();
    let throttled = Value::error("ERR Exceeded limit of IAM Authentication requests");
    assert_eq!(client.call(&["AUTH", "app", &token]).await, throttled);
    let mut new = Client::connect(&emulator).await;
    let unavailable = Value::error("ERR service is not available");
    assert_eq!(new.call(&["HELLO", "3", "AUTH", "app", &token]).await, unavailable);
    assert_eq!(client.call(&["PING"]).await, pong());
    let reasons: Vec<_> = emulator.record().logins.iter().map(|login| login.reason).collect();
    assert_eq!(reasons, [None, Some("throttled"), Some("throttled")]);
}

#[tokio::test]
async fn a_switch_ends_connections_that_never_log_in() {
    let switches = Switches { most_unauthenticated: Some(3), ..Switches::default() };
    let emulator = start(Config { switches, ..config() }).await;
    let mut client = Client::connect(&emulator).await;
    client.send(&[encode(&["PING"]).repeat(2), encode(&["SET", "a", "b"]), encode(&["PING"])].concat()).await;
    for _ in 0..3 {
        assert_eq!(client.reply().await, Value::error(NOAUTH));
    }
    assert!(client.is_closed().await);
    let record = until(&emulator, |record| record.connections[0].why.is_some()).await;
    assert_eq!(record.connections[0].why, Some(Closed::Unauthenticated));
}
