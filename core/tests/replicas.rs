//! One primary and its replicas without cluster mode: real servers, each behind an emulator of its own.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

mod support;

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine};
use keyrotor::host::{Hosting, attend};
use keyrotor::{Batch, Callbacks, Client, Cmd, Code, Error, Format, Routing, Script, Value, cmd};
use keyrotor_emulator::{Backend, Emulator};
use serde_json::{Value as Json, json};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(30);

struct Server {
    process: Child,
    /// Where it keeps what its primary sends.
    _folder: TempDir,
    port: u16,
    emulator: Emulator,
    secret: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    /// Alone, behind an emulator that signs as `secret` says.
    async fn start(secret: &mut Option<String>) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = tempfile::tempdir().unwrap();
        let process = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""])
            .args(["--repl-diskless-sync-delay", "0", "--dir"])
            .arg(folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let end = Instant::now() + LONG;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "redis-server does not start");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let emulator = support::emulator_with(&[], |config| {
            config.backend = Backend::Url(format!("redis://127.0.0.1:{port}"));
            config.keys[0].secret = secret.get_or_insert_with(|| config.keys[0].secret.clone()).clone();
        });
        let emulator = emulator.await;
        Self { process, _folder: folder, port, emulator, secret: secret.clone().unwrap() }
    }

    /// Past the emulator.
    fn ask(&self, command: &Cmd) -> redis::Value {
        let client = redis::Client::open(format!("redis://127.0.0.1:{}", self.port)).unwrap();
        command.query(&mut client.get_connection().unwrap()).unwrap()
    }

    fn info(&self, section: &str, name: &str) -> Option<String> {
        let redis::Value::BulkString(text) = self.ask(cmd("INFO").arg(section)) else { panic!() };
        let text = String::from_utf8(text).unwrap();
        text.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.to_owned()))
    }

    /// How many GETs it has answered.
    fn reads(&self) -> u64 {
        let Some(stats) = self.info("commandstats", "cmdstat_get") else { return 0 };
        stats.strip_prefix("calls=").unwrap().split(',').next().unwrap().parse().unwrap()
    }

    fn follow(&self, other: Option<u16>) {
        let mut command = cmd("REPLICAOF");
        match other {
            Some(port) => command.arg("127.0.0.1").arg(port),
            None => command.arg("NO").arg("ONE"),
        };
        self.ask(&command);
    }

    /// Nobody reaches it any more.
    fn vanish(&self) {
        self.emulator.faults().close_listener();
        self.emulator.faults().kill(None);
    }

    fn name(&self) -> String {
        format!("localhost:{}", self.emulator.address().port())
    }
}

/// The first is the primary, the others follow it and are in sync.
async fn servers(count: usize) -> Vec<Server> {
    let mut secret = None;
    let mut servers = Vec::new();
    for _ in 0..count {
        servers.push(Server::start(&mut secret).await);
    }
    for replica in &servers[1..] {
        replica.follow(Some(servers[0].port));
    }
    for replica in &servers[1..] {
        in_sync(replica).await;
    }
    servers
}

async fn in_sync(replica: &Server) {
    let is_up = async || replica.info("replication", "master_link_status").as_deref() == Some("up");
    until("the replica is in sync", is_up).await;
}

async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + LONG;
    while !is_so().await {
        assert!(Instant::now() < end, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// With the replicas before the primary.
fn request(servers: &[Server], patch: Json) -> Json {
    let address = |server: &Server| json!({"host": "localhost", "port": server.emulator.address().port()});
    let ca =
        |server: &Server| json!(BASE64_STANDARD.encode(std::fs::read(server.emulator.ca_path()).unwrap()));
    let mut request = support::request(
        &servers[0].emulator,
        json!({
            "addresses": servers.iter().rev().map(address).collect::<Vec<_>>(),
            "rootCerts": servers.iter().map(ca).collect::<Vec<_>>(),
            "readFrom": "PreferReplica",
            "requestTimeout": 10_000,
            "authenticationInfo": {"iamCredentials": {"accessKey": {"secretAccessKey": servers[0].secret}}},
        }),
    );
    support::merge(&mut request, patch);
    request
}

async fn client(servers: &[Server], patch: Json) -> Client {
    support::connect(&request(servers, patch)).await.unwrap()
}

async fn refused(servers: &[Server], patch: Json) -> Error {
    support::connect(&request(servers, patch)).await.unwrap_err()
}

fn command(text: &str) -> Cmd {
    let mut words = text.split(' ');
    let mut command = cmd(words.next().unwrap());
    command.arg(words.collect::<Vec<_>>());
    command
}

async fn run(client: &Client, text: &str) -> Value {
    client.execute(&command(text)).await.unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn text(text: &str) -> Value {
    Value::BulkString(text.into())
}

/// What was written has reached the replicas.
async fn replicated(servers: &[Server], key: &str) {
    for server in servers {
        until("the replicas have it", async || server.ask(cmd("EXISTS").arg(key)) == redis::Value::Int(1))
            .await;
    }
}

async fn answers_from(client: &Client, servers: &[&Server]) {
    let answered = async || {
        let before: Vec<_> = servers.iter().map(|server| server.reads()).collect();
        for _ in 0..servers.len() * 2 {
            run(client, "GET key").await;
        }
        servers.iter().zip(before).all(|(server, before)| server.reads() > before)
    };
    until("these servers answer", answered).await;
}

#[tokio::test]
async fn c14_reads_go_to_the_replicas_in_turn_and_the_rest_to_the_primary() {
    let servers = servers(3).await;
    let client = client(&servers, json!({"verifyIdentity": true})).await;
    run(&client, "SET key value").await;
    replicated(&servers, "key").await;
    answers_from(&client, &[&servers[1], &servers[2]]).await;
    let before: Vec<_> = servers.iter().map(Server::reads).collect();
    for _ in 0..20 {
        assert_eq!(run(&client, "GET key").await, text("value"));
    }
    let after: Vec<_> = servers.iter().zip(before).map(|(server, before)| server.reads() - before).collect();
    assert_eq!(after, [0, 10, 10]);

    // As with one server: any keys, cursors, plain replies; what is done in one piece is done in one place.
    assert_eq!(run(&client, "MGET key other").await, Value::Array(vec![text("value"), Value::Nil]));
    assert_eq!(run(&client, "DBSIZE").await, Value::Int(1));
    assert!(matches!(run(&client, "SCAN 0").await, Value::Array(_)));
    let mut batch = Batch::new();
    for text in ["SET another x", "GET another", "INCR counter"] {
        batch.add(command(text)).unwrap();
    }
    let replies: Vec<_> =
        client.execute_batch(&batch).await.unwrap().into_iter().map(Result::unwrap).collect();
    assert_eq!(replies, [Value::Okay, text("x"), Value::Int(1)]);
    let mut batch = Batch::new();
    for _ in 0..4 {
        batch.add(command("GET key")).unwrap();
    }
    let before = servers[0].reads();
    assert!(
        client
            .execute_batch(&batch)
            .await
            .unwrap()
            .iter()
            .all(|reply| *reply.as_ref().unwrap() == text("value"))
    );
    assert_eq!(servers[0].reads(), before, "a replica answers what only reads");
    let mut batch = Batch::atomic();
    (batch.add(command("SET one 1")).unwrap()).add(command("SET two 2")).unwrap();
    assert_eq!(client.execute_batch(&batch).await.unwrap().len(), 2);
    let watch = client.watch(&["one"]).await.unwrap();
    assert_eq!(watch.execute(&command("GET one")).await.unwrap(), text("1"));
    watch.discard().await.unwrap();
    let script = Script::new("return redis.call('SET', KEYS[1], 'x')");
    assert_eq!(client.execute_script(&script, &["scripted"], &["x"; 0]).await.unwrap(), Value::Okay);
    run(&client, "SCRIPT LOAD return(1)").await;
    let on = |server: &Server| Routing::Address {
        host: "localhost".to_owned(),
        port: server.emulator.address().port(),
    };
    let error = client.execute_on(&command("SET key x"), &on(&servers[1])).await.unwrap_err();
    assert!(error.server_text().unwrap().starts_with("READONLY"), "{error}");
    let elsewhere = Routing::Address { host: "elsewhere".to_owned(), port: 1 };
    let error = client.execute_on(&command("PING"), &elsewhere).await.unwrap_err();
    assert_eq!(error.code(), Code::ArgumentInvalid);
    let roles = client.execute_on(&command("ROLE"), &Routing::AllNodes).await.unwrap();
    assert!(matches!(roles, Value::Map(roles) if roles.len() == 3));
    assert_eq!(client.stats().failures, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn c14_the_primary_answers_while_no_replica_does_and_a_dead_one_is_not_waited_for() {
    let servers = servers(2).await;
    let request = request(&servers, json!({"lazyConnect": true, "databaseId": 2})).to_string();
    let (request, callbacks) = (request.as_bytes(), Callbacks::new());
    let client = Client::hosted(request, Format::Json, &callbacks, Hosting::Callers).await.unwrap();
    run(&client, "SET key value").await;
    until("the replica has it", async || servers[1].info("keyspace", "db2").is_some()).await;
    answers_from(&client, &[&servers[1]]).await;
    let reader = client.clone();
    let read =
        std::thread::spawn(move || attend(reader.execute(&command("GET key")), || Ok::<(), Error>(())));
    assert_eq!(read.join().unwrap().unwrap().unwrap(), text("value"));

    servers[1].vanish();
    let start = Instant::now();
    let refused = async || {
        let outcome = client.execute(&command("SCRIPT LOAD return(2)")).await;
        outcome.is_err_and(|error| {
            let is_away = matches!(error.code(), Code::NetworkConnect | Code::NetworkTls);
            is_away && error.message().contains(&servers[1].name())
        })
    };
    until("the dead replica is named", refused).await;
    assert!(start.elapsed() < Duration::from_secs(8), "{:?}", start.elapsed());
    let before = servers[0].reads();
    for _ in 0..5 {
        assert_eq!(run(&client, "GET key").await, text("value"));
    }
    assert_eq!(servers[0].reads() - before, 5);

    servers[1].emulator.faults().open_listener();
    answers_from(&client, &[&servers[1]]).await;
    run(&client, "SCRIPT LOAD return(2)").await;
}

#[tokio::test]
async fn c14_a_replica_that_is_behind_is_not_read_from_until_it_has_caught_up() {
    let servers = servers(2).await;
    let client = client(&servers, json!({"periodicChecksManualInterval": {"durationInSec": 1}})).await;
    run(&client, "SET key old").await;
    replicated(&servers, "key").await;
    answers_from(&client, &[&servers[1]]).await;
    // It serves what it had, and nobody is there to follow.
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    servers[1].follow(Some(nobody));
    run(&client, "SET key new").await;
    until("the primary is read from", async || run(&client, "GET key").await == text("new")).await;
    let before = servers[1].reads();
    for _ in 0..10 {
        assert_eq!(run(&client, "GET key").await, text("new"));
    }
    assert_eq!(servers[1].reads(), before);
    servers[1].follow(Some(servers[0].port));
    answers_from(&client, &[&servers[1]]).await;
    assert_eq!(run(&client, "GET key").await, text("new"));
}

#[tokio::test]
async fn c14_c17_after_a_failover_the_new_primary_is_found_and_what_did_not_run_is_sent_again() {
    let servers = servers(3).await;
    let client = client(&servers, json!({})).await;
    for round in 1..=3 {
        let (old, new) = (&servers[(round - 1) % 3], &servers[round % 3]);
        new.follow(None);
        for other in servers.iter().filter(|other| other.port != new.port) {
            other.follow(Some(new.port));
        }
        // The one that was primary refuses it.
        assert_eq!(run(&client, "INCR counter").await, Value::Int(round as i64));
        assert_eq!(old.info("replication", "role").as_deref(), Some("slave"));
        in_sync(old).await;
    }
    assert_eq!(client.stats().failures, 0);

    let dead = &servers[0];
    dead.vanish();
    servers[1].follow(None);
    servers[2].follow(Some(servers[1].port));
    let written = async || client.execute(&command("SET key value")).await.is_ok();
    until("the new primary is found", written).await;
    assert_eq!(servers[1].ask(cmd("GET").arg("key")), redis::Value::BulkString(b"value".to_vec()));
    replicated(&servers[2..], "key").await;
    answers_from(&client, &[&servers[2]]).await;
    assert_eq!(servers[1].ask(cmd("GET").arg("counter")), redis::Value::BulkString(b"3".to_vec()));
}

#[tokio::test]
async fn addresses_that_are_no_primary_and_its_replicas_are_refused() {
    let mut servers = servers(2).await;
    let error = refused(&servers, json!({"readFrom": "AZAffinity"})).await;
    assert_eq!((error.code(), error.field()), (Code::ConfigUnsupported, Some("read_from")));
    let error = refused(&servers[1..], json!({})).await;
    assert!(matches!(error.code(), Code::NetworkConnect), "{error:?}");
    assert!(error.message().contains("primary"), "{error}");
    // The primary alone is enough, and a replica that is away no hindrance.
    run(&client(&servers[..1], json!({})).await, "PING").await;
    servers[1].vanish();
    run(&client(&servers, json!({})).await, "GET key").await;
    servers[1].emulator.faults().open_listener();
    servers[1].follow(None);
    let error = refused(&servers, json!({})).await;
    assert_eq!((error.code(), error.field()), (Code::ConfigConflict, Some("addresses")));
    assert!(
        error.message().contains(&servers[0].name()) && error.message().contains(&servers[1].name()),
        "{error}"
    );
    servers.truncate(1);
    servers[0].ask(cmd("ACL").arg("SETUSER").arg("iam-user-01").arg("-info"));
    let error = refused(&servers, json!({})).await;
    assert!(
        error.server_text().unwrap().starts_with("NOPERM") && error.message().contains("+info"),
        "{error}"
    );
}
