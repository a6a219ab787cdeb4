//! One stage: an emulator, clients and their actors, and step after step of the plan.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use keyrotor::{Callbacks, Client, Format, Routing, Value, cmd};
use keyrotor_emulator::{Closed, Emulator};
use serde_json::json;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::caller::{Caller, Host};
use crate::narrows::Narrows;
use crate::plan::{Plan, Stage, Step};
use crate::world::World;
use crate::{actors, faults, leaks, support};

const USER: &str = "iam-user-01";
/// Of tokens and logins, in seconds: both are renewed all the time.
const LIFE: u32 = 8;
/// No pause after a failed login is longer, and a primary that hands over may hold its clients up for 10 s.
const HEALS_WITHIN: Duration = Duration::from_secs(30);

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// On what the faults fall.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    pub(crate) stage: Stage,
    pub(crate) host: Host,
    pub(crate) is_plain: bool,
}

impl Setting {
    /// A cluster's nodes tell their own addresses.
    fn is_narrow(self) -> bool {
        self.stage == Stage::Alone && self.host == Host::Threads
    }
}

impl fmt::Display for Setting {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let transport = if self.is_plain { "plain" } else { "TLS" };
        write!(formatter, "{:?}, {:?}, {transport}", self.stage, self.host)
    }
}

/// Plays for so long. The clients have a runtime of their own, whose tasks can be counted.
pub(crate) fn stage(setting: Setting, seed: u64, length: Duration, clients: &[serde_json::Value]) {
    leaks::enter();
    println!("{setting}: the seed is {seed}; KEYROTOR_CHAOS_SEED={seed} plays the same again");
    let (theirs, ours) = (runtime(), runtime());
    theirs.block_on(play(setting, Plan::new(setting.stage, seed), length, clients, ours.handle()));
    drop(ours);
    drop(theirs);
    leaks::leave();
}

async fn start(Setting { stage, is_plain, .. }: Setting) -> Emulator {
    let life = LIFE.to_string();
    support::emulator_with(&["--token-life", &life, "--session-limit", &life], |config| {
        config.plaintext = is_plain;
        // Who asks for anything before a login is thrown out, which the record tells. Replicas ask once, and look like
        // clients where nobody speaks TLS.
        let is_replicated = is_plain && stage == Stage::Cluster;
        config.switches.most_unauthenticated = Some(if is_replicated { 2 } else { 1 });
        if stage == Stage::Cluster {
            (config.shards, config.replicas) = (3, 1);
            config.node_timeout = Some(Duration::from_secs(1));
        }
    })
    .await
}

async fn play(setting: Setting, plan: Plan, length: Duration, patches: &[serde_json::Value], ours: &Handle) {
    let emulator = start(setting).await;
    let narrows = setting.is_narrow().then(|| Narrows::before(emulator.address()));
    let world = Arc::new(World::of(setting.stage));
    let mut callers = Vec::new();
    for patch in patches {
        let mut request = request(setting, &emulator, patch);
        if let Some(narrows) = &narrows {
            request["addresses"][0]["port"] = json!(narrows.port);
        }
        let connecting = connect(request.to_string(), setting.host);
        let client = ours.spawn(connecting).await.unwrap();
        let reads_replicas = patch.get("readFrom").is_some();
        callers.push(Caller { client, host: setting.host, reads_replicas });
    }
    let actors = actors::all(&callers, &world, ours);
    let clients: Vec<_> = callers.into_iter().map(|caller| caller.client).collect();
    world.all_go_on(HEALS_WITHIN).await;
    let start = Instant::now();
    let (mut steps, mut slowest) = (0, Duration::ZERO);
    for step in plan.take_while(|_| start.elapsed() < length) {
        slowest = slowest.max(go_through(&step, &emulator, &world, &clients, ours).await);
        steps += 1;
        if world.has_complaints() {
            tell_trouble(&emulator);
        }
        world.check();
    }
    world.end();
    for actor in actors {
        actor.end().await;
    }
    world.check();
    tell_all(setting, &world, &clients, steps, slowest);
    let open = leaks::connections(&emulator);
    clients.iter().for_each(Client::close);
    drop(clients);
    leaks::nothing(&emulator, &open, ours).await;
    emulator.stop().await;
}

/// The request of a client, which has time even on a machine that is busy.
fn request(setting: Setting, emulator: &Emulator, patch: &serde_json::Value) -> serde_json::Value {
    let mut request = support::request(emulator, support::lives(LIFE, LIFE));
    support::merge(&mut request, json!({"requestTimeout": 10_000, "connectionTimeout": 10_000}));
    if setting.is_plain {
        support::merge(&mut request, json!({"tlsMode": "NoTls", "allowPlaintext": true, "rootCerts": null}));
    }
    support::merge(&mut request, patch.clone());
    request
}

async fn connect(request: String, host: Host) -> Client {
    Client::hosted(request.as_bytes(), Format::Json, &Callbacks::new(), host.hosting()).await.unwrap()
}

fn tell_all(setting: Setting, world: &World, clients: &[Client], steps: usize, slowest: Duration) {
    let stats: Vec<_> = clients.iter().map(Client::stats).collect();
    let sum = |count: fn(&keyrotor::ClientStats) -> u64| stats.iter().map(count).sum::<u64>();
    println!(
        "{setting}: {steps} steps, {} commands, {} failed, {} of them in doubt, {} given up, {} writes lost with their \
         server, {} reconnects, {} re-AUTHs; the slowest healing took {} ms",
        sum(|it| it.commands),
        world.failures.load(SeqCst),
        world.in_doubt.load(SeqCst),
        world.given_up.load(SeqCst),
        world.lost.load(SeqCst),
        sum(|it| it.reconnects),
        sum(|it| it.reauths),
        slowest.as_millis()
    );
}

/// Why logins were refused lately, and connections closed, for whoever looks into a complaint.
fn tell_trouble(emulator: &Emulator) {
    let record = emulator.record();
    for login in record.logins.iter().rev().filter(|login| login.reason.is_some()).take(20) {
        println!("  {} at node {}: {:?}", login.time, login.node, login.reason);
    }
    let mut closed: Vec<_> = record.connections.iter().filter(|it| it.closed.is_some()).collect();
    closed.sort_by_key(|it| &it.closed);
    closed.iter().rev().take(20).for_each(|it| println!("  {it:?}"));
}

/// One step, and what must hold after it. Returns how long the healing took.
async fn go_through(
    step: &Step,
    emulator: &Emulator,
    world: &World,
    clients: &[Client],
    ours: &Handle,
) -> Duration {
    tokio::time::sleep(step.calm).await;
    println!("{step}");
    world.break_it(step.hits_logins(), step.loses_writes());
    faults::play(emulator, step).await;
    let took = world.all_go_on(HEALS_WITHIN).await;
    let start = Instant::now();
    for client in clients {
        let client = client.clone();
        let asked = ours.spawn(async move {
            logs_in(&client).await;
            who_is(&client).await
        });
        let who = asked.await.unwrap();
        if who.iter().any(|name| name != USER) {
            world.complain(format!("{step}: somebody is {who:?}"));
        }
    }
    let settled = Instant::now();
    println!(
        "  all go on after {} ms, and may log in {} ms later",
        took.as_millis(),
        start.elapsed().as_millis()
    );
    strangers(emulator, world);
    // What somebody asked for before all logins went on has failed by then, or not.
    world.all_go_on(HEALS_WITHIN).await;
    if settled.elapsed() > Duration::from_secs(3) {
        println!("  somebody needed {} ms more", settled.elapsed().as_millis());
    }
    world.is_healed();
    took
}

/// Whoever asks for a login is held back no more: after refusals there may be pauses that nobody else notices, since
/// their connections are logged in.
async fn logs_in(client: &Client) {
    let start = Instant::now();
    while let Err(error) = client.reauthenticate_now().await {
        assert!(start.elapsed() < HEALS_WITHIN, "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// What each server says of the client, once none of them is in trouble any more.
async fn who_is(client: &Client) -> Vec<String> {
    let start = Instant::now();
    loop {
        match client.execute_on(cmd("ACL").arg("WHOAMI"), &Routing::AllNodes).await {
            Ok(Value::Map(names)) => return names.into_iter().map(|(_, name)| text(name)).collect(),
            Ok(name) => return vec![text(name)],
            Err(error) => assert!(start.elapsed() < HEALS_WITHIN, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn text(value: Value) -> String {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).unwrap(),
        other => format!("{other:?}"),
    }
}

/// Nobody is anybody else, and nobody sends commands before a login.
fn strangers(emulator: &Emulator, world: &World) {
    for connection in emulator.record().connections {
        let is_someone_else = connection.user.as_ref().is_some_and(|user| user != USER);
        let is_too_early = connection.why == Some(Closed::Unauthenticated);
        if is_someone_else || is_too_early {
            world.complain(format!("{connection:?}"));
        }
    }
}
