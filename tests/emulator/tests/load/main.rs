//! A thousand connections and twenty thousand commands a second through one emulator, every reply compared, with logins
//! among them. For five seconds, or for as many as `KEYROTOR_SOAK_SECONDS` says (at most 600: then its tokens expire).
//!
//! It always asserts that nothing is lost, changed or cut and what a connection costs in memory; that the pace was
//! held only where the length is given, for a machine that has nothing else to do and a release build.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "a test, and its report")]

mod client;
mod process;
#[path = "../behaviour/support/sign.rs"]
#[allow(dead_code, reason = "shared with the other tests, which use more of it")]
mod sign;

use client::{Client, Trust};
use process::Emulator;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const CONNECTIONS: usize = 1000;
/// Commands that a connection sends at once, and how often.
const BATCH: usize = client::COMMANDS;
const PERIOD: Duration = Duration::from_millis(200);
const SECONDS: u64 = 5;
/// More would open more handshakes at once than a slow machine finishes in time.
const DIALS: usize = 50;
/// What the documentation states, in KiB, with some room.
const USUAL_MEMORY: u64 = 100;
const MOST_MEMORY: u64 = 400;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some(process::SERVE) => process::serve(),
        Some(process::DRIVE) => drive(),
        // `cargo test -- --list` and the like ask for tests by name: there is one.
        Some("--list") => println!("load: test"),
        _ => process::with_many_files(),
    }
}

#[expect(clippy::disallowed_methods, reason = "a load is measured in real time")]
fn now() -> Instant {
    Instant::now()
}

fn drive() {
    let asked = std::env::var("KEYROTOR_SOAK_SECONDS").ok().map(|text| text.parse().expect("seconds"));
    let seconds: u64 = asked.unwrap_or(SECONDS);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let taken = runtime.block_on(run(seconds));
    if asked.is_some() {
        let most = Duration::from_secs(seconds).mul_f64(1.02) + PERIOD;
        assert!(taken <= most, "{seconds} s of load took {taken:.1?}");
    }
    println!("\ntest result: ok. 1 passed; 0 failed");
}

/// How long the load took.
async fn run(seconds: u64) -> Duration {
    let emulator = Emulator::start();
    let trust = Trust::of(&emulator);
    let empty = emulator.memory();
    let mut clients = Vec::new();
    while clients.len() < CONNECTIONS {
        let mut dials = JoinSet::new();
        for number in clients.len()..clients.len() + DIALS {
            dials.spawn(Client::dial(trust.clone(), number));
        }
        clients.extend(dials.join_all().await);
    }
    let per_connection =
        |memory: u64| memory.saturating_sub(empty) / u64::try_from(CONNECTIONS).expect("a number");
    let idle = per_connection(emulator.memory());
    let (start, used) = (now(), emulator.processor_time());
    let batches = seconds * 1000 / u64::try_from(PERIOD.as_millis()).expect("a number");
    let mut running = JoinSet::new();
    for mut client in clients {
        running.spawn(async move { (client.work(start, batches).await, client) });
    }
    let (slowest, clients): (Vec<_>, Vec<_>) = running.join_all().await.into_iter().unzip();
    let taken = start.elapsed();
    let used = emulator.processor_time() - used;
    let commands = u64::try_from(CONNECTIONS * BATCH).expect("a number") * batches;
    let busy = per_connection(emulator.memory());
    let mut running = JoinSet::new();
    for client in clients {
        running.spawn(client.large());
    }
    // Kept until the memory is known.
    let clients = running.join_all().await;
    let full = per_connection(emulator.memory());
    drop(clients);
    let slowest = slowest.into_iter().max().expect("clients");
    println!(
        "{CONNECTIONS} connections, {commands} commands in {taken:.1?}: {:.0} a second",
        rate(commands, taken)
    );
    println!("slowest batch of {BATCH}: {slowest:.1?}");
    println!(
        "memory of a connection: {idle} KiB idle, {busy} KiB after the load, {full} KiB after large values"
    );
    println!("processor time: {:.1} µs a command", used.as_secs_f64() * 1e6 / commands as f64);
    assert!(busy <= USUAL_MEMORY && full <= MOST_MEMORY, "{busy} or {full} KiB a connection");
    emulator.stop();
    taken
}

fn rate(commands: u64, taken: Duration) -> f64 {
    commands as f64 / taken.as_secs_f64()
}
