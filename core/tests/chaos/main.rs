//! Random faults over clients under load, one server and a cluster. What happens follows from a seed alone, which is
//! printed and can be set: `KEYROTOR_CHAOS_SEED`. `KEYROTOR_CHAOS_SECONDS` makes it longer.
//!
//! What is held to, at each command: none runs twice, none fails while nothing is broken, no login fails to a caller
//! unless a fault hits logins, everybody is who he should be. After each fault: all heal. At the end: nothing is left.
#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "tests, against real servers and real time"
)]

#[path = "../support/memory.rs"]
mod memory;
#[path = "../support/mod.rs"]
mod support;

mod actors;
mod caller;
mod faults;
mod leaks;
mod narrows;
mod plan;
mod run;
mod world;

use std::time::Duration;

use caller::Host;
use plan::Stage;
use run::Setting;
use serde_json::json;

/// Of short runs, which are the same each time: such whose first steps have nearly every fault among them.
const SEED: u64 = 5013;
const SEED_OF_THREADS: u64 = 12852;
const SECONDS: u64 = 12;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn play(stage: Stage, host: Host, is_plain: bool) {
    let clients = match stage {
        Stage::Alone => vec![json!({}), json!({"protocol": "RESP2"}), json!({"verifyIdentity": true})],
        Stage::Cluster => vec![
            json!({"clusterModeEnabled": true}),
            json!({"clusterModeEnabled": true, "readFrom": "PreferReplica", "protocol": "RESP2"}),
        ],
    };
    let length = Duration::from_secs(number("KEYROTOR_CHAOS_SECONDS", SECONDS));
    // Threads play with TLS and without, for a third as long each.
    let (seed, length) = match host {
        Host::Runtime => (SEED, length),
        Host::Threads => (SEED_OF_THREADS, length / 3),
    };
    let seed = number("KEYROTOR_CHAOS_SEED", seed);
    run::stage(Setting { stage, host, is_plain }, seed, length, &clients);
}

#[test]
fn c05_c07_c13_c17_whatever_happens_to_one_server() {
    play(Stage::Alone, Host::Runtime, false);
}

#[test]
fn c05_c07_c14_c17_whatever_happens_to_a_cluster() {
    play(Stage::Cluster, Host::Runtime, false);
}

#[test]
fn b05_b09_c05_c07_c13_c17_whatever_happens_to_one_server_of_a_hosts_threads() {
    play(Stage::Alone, Host::Threads, false);
}

#[test]
fn b05_b09_c05_c07_c14_c17_whatever_happens_to_a_cluster_of_a_hosts_threads() {
    play(Stage::Cluster, Host::Threads, false);
}

#[test]
fn b05_b09_c05_c07_c13_c17_whatever_happens_without_tls_to_one_server_of_a_hosts_threads() {
    play(Stage::Alone, Host::Threads, true);
}

#[test]
fn b05_b09_c05_c07_c14_c17_whatever_happens_without_tls_to_a_cluster_of_a_hosts_threads() {
    play(Stage::Cluster, Host::Threads, true);
}
