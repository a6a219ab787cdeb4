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
mod faults;
mod leaks;
mod plan;
mod run;
mod world;

use std::time::Duration;

use plan::Stage;
use serde_json::json;

/// Of a short run, which is the same each time: one whose first steps have nearly every fault among them.
const SEED: u64 = 5013;
const SECONDS: u64 = 12;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().unwrap())
}

fn seed() -> u64 {
    number("KEYROTOR_CHAOS_SEED", SEED)
}

fn length() -> Duration {
    Duration::from_secs(number("KEYROTOR_CHAOS_SECONDS", SECONDS))
}

#[test]
fn c05_c07_c13_c17_whatever_happens_to_one_server() {
    run::stage(
        Stage::Alone,
        seed(),
        length(),
        &[json!({}), json!({"protocol": "RESP2"}), json!({"verifyIdentity": true})],
    );
}

#[test]
fn c05_c07_c14_c17_whatever_happens_to_a_cluster() {
    let cluster = json!({"clusterModeEnabled": true});
    let readers = json!({"clusterModeEnabled": true, "readFrom": "PreferReplica", "protocol": "RESP2"});
    run::stage(Stage::Cluster, seed(), length(), &[cluster, readers]);
}
