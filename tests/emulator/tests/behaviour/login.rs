//! First logins: who gets in, and what the others hear.

use crate::support::{Client, Draft, NOAUTH, Value, WRONGPASS, config, encode, start};
use keyrotor_emulator::{Config, Service};

async fn answer(config: Config, user: &str, token: &str) -> (Value, Option<&'static str>) {
    let emulator = start(config).await;
    let mut client = Client::connect(&emulator).await;
    let value = client.call(&["AUTH", user, token]).await;
    let reason = emulator.record().logins[0].reason;
    emulator.stop().await;
    (value, reason)
}

#[tokio::test]
async fn good_tokens_let_in() {
    let temporary = Draft { temporary: true, ..Draft::new(0) };
    let serverless = Draft { serverless: true, ..Draft::new(0) };
    let memorydb = Draft { service: "memorydb", ..Draft::new(0) };
    for (config, draft) in [
        (config(), Draft::new(0)),
        (config(), temporary),
        (Config { serverless: true, ..config() }, serverless),
        (Config { service: Service::MemoryDb, ..config() }, memorydb),
    ] {
        assert_eq!(answer(config, "app", &draft.sign()).await, (Value::ok(), None));
    }
}

fn refused() -> [(&'static str, Draft); 7] {
    let draft = || Draft::new(0);
    [
        ("wrong-user", Draft { user: "other", ..draft() }),
        ("wrong-cluster", Draft { cluster: "my-cluster2", ..draft() }),
        ("wrong-region", Draft { region: "us-west-2", ..draft() }),
        ("wrong-service", Draft { service: "memorydb", ..draft() }),
        ("resource-type", Draft { serverless: true, ..draft() }),
        ("expired", Draft { date: "20250615T121900Z".into(), ..draft() }),
        ("future", Draft { date: "20250615T124500Z".into(), ..draft() }),
    ]
}

#[tokio::test]
async fn bad_tokens_all_sound_the_same() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    for (_, draft) in refused() {
        assert_eq!(client.call(&["AUTH", "app", &draft.sign()]).await, Value::error(WRONGPASS));
        assert_eq!(client.call(&["PING"]).await, Value::error(NOAUTH));
    }
    let record = emulator.record();
    let reasons: Vec<_> = record.logins.iter().map(|login| login.reason.expect("a reason")).collect();
    assert_eq!(reasons, refused().map(|(reason, _)| reason));
    client.login(0).await;
}

#[tokio::test]
async fn e25_unknown_user() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    let token = Draft::new(0).sign();
    let nobody = Draft { user: "nobody", ..Draft::new(0) }.sign();
    for args in [&["AUTH", "nobody", &nobody][..], &["AUTH", "App", &token], &["AUTH", &token]] {
        assert_eq!(client.call(args).await, Value::error(WRONGPASS));
    }
    for login in emulator.record().logins {
        assert_eq!((login.reason, login.check), (Some("unknown-user"), Some("E25")));
    }
}

#[tokio::test]
async fn hello_logs_in_and_chooses_the_protocol() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    let token = Draft::new(0).sign();
    let Value::Error(text) = client.call(&["HELLO", "3"]).await else { panic!("let in") };
    assert!(text.starts_with("NOAUTH HELLO must be called"), "{text}");
    let no_version = client.call(&["HELLO", "9", "AUTH", "app", &token]).await;
    assert_eq!(no_version, Value::error("NOPROTO unsupported protocol version"));
    assert_eq!(client.call(&["HELLO", "3", "AUTH", "app", "x"]).await, Value::error(WRONGPASS));
    let map = client.call(&["HELLO", "3", "AUTH", "app", &token, "SETNAME", "me"]).await;
    assert!(matches!(map, Value::Map(_)), "{map:?}");
    assert_eq!(client.call(&["ACL", "WHOAMI"]).await, Value::bulk("app"));
    assert_eq!(client.call(&["CLIENT", "GETNAME"]).await, Value::bulk("me"));
    let connection = &emulator.record().connections[0];
    assert_eq!((connection.client_name.as_deref(), connection.commands_refused), (Some("me"), 1));
}

#[tokio::test]
async fn before_a_login_nothing_passes() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    let mut pipeline = Vec::new();
    for args in
        [&["SET", "a", "b"][..], &["CLIENT", "SETNAME", "x"], &["MULTI"], &["AUTH"], &["AUTH", "a", "b", "c"]]
    {
        pipeline.extend(encode(args));
    }
    pipeline.extend(b"PING\r\n\r\nget \"a\"\r\n");
    pipeline.extend(encode(&["RESET"]));
    pipeline.extend(encode(&["AUTH", "app", &Draft::new(0).sign()]));
    pipeline.extend(encode(&["GET", "a"]));
    let replies = client.pipeline(&pipeline, 10).await;
    let noauth = || Value::error(NOAUTH);
    let expected = [
        noauth(),
        noauth(),
        noauth(),
        Value::error("ERR wrong number of arguments for 'auth' command"),
        Value::error("ERR syntax error"),
        noauth(),
        noauth(),
        Value::Simple("RESET".into()),
        Value::ok(),
        Value::Null,
    ];
    assert_eq!(replies, expected);
    assert_eq!(emulator.record().connections[0].commands_refused, 5);
}

#[tokio::test]
async fn strangers_may_not_send_much() {
    let emulator = start(config()).await;
    let mut client = Client::connect(&emulator).await;
    client.send(b"*3\r\n$3\r\nSET\r\n$1\r\na\r\n$20000\r\n").await;
    assert_eq!(client.reply().await, Value::error(NOAUTH));
    assert_eq!(client.reply().await, Value::error("ERR Protocol error: unauthenticated bulk length"));
    assert!(client.is_closed().await);
    let mut client = Client::connect(&emulator).await;
    assert_eq!(client.call(&["QUIT"]).await, Value::ok());
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn plaintext_is_for_tools_without_tls() {
    let emulator = start(Config { plaintext: true, ..config() }).await;
    let mut client = Client::plain(&emulator).await;
    client.login(0).await;
    client.send(b"ECHO \"a b\"\r\n").await;
    assert_eq!(client.reply().await, Value::bulk("a b"));
}
