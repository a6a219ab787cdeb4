//! A thousand clients of one identity in one process, each with an idle connection: what one weighs, beside the redis
//! crate's connection, and how many threads they add. Linux only, since the kernel does the counting.

mod support;

use std::time::Duration;

use keyrotor::cmd;
use redis::AsyncConnectionConfig;
use serde_json::{Value, json};
use support::Outcome;
use support::clients::Place;
use support::get::Connection;
use support::interleave::{Pace, has_argument, median};
use support::process::{self, allow_many_sockets, resident, threads};
use support::report::Report;
use support::server::{Server, Wire};
use tokio::runtime::Builder;

const CLIENTS: usize = 1000;
const TIMEOUT: Duration = Duration::from_secs(30);
const KIB: f64 = 1024.0;
const MIB: f64 = 1024.0 * KIB;
const ROUNDS: usize = 3;

const WEIGH: &str = "weigh";
const TLS: &str = "tls";
const REDIS_CRATE: &str = "redis-crate";

#[expect(clippy::print_stdout, reason = "what the process that started this one reads")]
fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    if has_argument(WEIGH) {
        println!("{}", weighed()?);
        return Ok(());
    }
    let mut report = Report::new("idle-clients", pace);
    if !cfg!(target_os = "linux") {
        report.skip("1,000 clients", "/proc is needed");
        return report.write();
    }
    for (wire, how) in [("plain", "no TLS"), (TLS, "TLS")] {
        let ours = in_processes(&[WEIGH, wire])?;
        let theirs = in_processes(&[WEIGH, wire, REDIS_CRATE])?;
        let title = |what: &str| format!("{CLIENTS} clients of one identity, {how}: {what}");
        report.bounded(&title("memory of one, idle"), &column(&ours, "each"), "KiB", 64.0);
        report.bounded(&title("memory of the process"), &column(&ours, "all"), "MiB", 100.0);
        report.bounded(&title("threads more than with one"), &column(&ours, "threads"), "", 0.0);
        report.figures(
            &title("beside them"),
            &[("a connection of the redis crate, idle", median(&column(&theirs, "each")), "KiB")],
        );
    }
    report.write()
}

/// Each time in a process of its own, since freed memory would be used again.
fn in_processes(words: &[&str]) -> Outcome<Vec<Value>> {
    (0..ROUNDS).map(|_| Ok(serde_json::from_str(&process::again(words, &[])?)?)).collect()
}

fn column(rounds: &[Value], name: &str) -> Vec<f64> {
    rounds.iter().filter_map(|round| round.get(name)?.as_f64()).collect()
}

fn weighed() -> Outcome<Value> {
    allow_many_sockets()?;
    let wire = if has_argument(TLS) { Wire::Tls } else { Wire::Plain };
    let server = Server::start_on(wire)?;
    let place = Place::with_tokens(&server);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        if has_argument(REDIS_CRATE) {
            let config = AsyncConnectionConfig::new().set_response_timeout(Some(TIMEOUT));
            weigh(async || place.redis(config.clone()).await).await
        } else {
            weigh(async || place.keyrotor(TIMEOUT).await).await
        }
    })
}

/// What all clients add to the first.
async fn weigh<C: Connection>(connect: impl AsyncFn() -> Outcome<C>) -> Outcome<Value> {
    let mut first = connect().await?;
    first.answer(&cmd("PING")).await?;
    let scale = Scale::read()?;
    let mut further = Vec::with_capacity(CLIENTS - 1);
    for _ in 1..CLIENTS {
        let mut client = connect().await?;
        client.answer(&cmd("PING")).await?;
        further.push(client);
    }
    scale.difference()
}

/// What this process weighed, and its threads.
struct Scale {
    bytes: f64,
    threads: f64,
}

impl Scale {
    fn read() -> Outcome<Self> {
        Ok(Self { bytes: resident()?, threads: threads()? })
    }

    fn difference(&self) -> Outcome<Value> {
        let now = Self::read()?;
        Ok(json!({
            "each": (now.bytes - self.bytes) / (CLIENTS - 1) as f64 / KIB,
            "all": now.bytes / MIB,
            "threads": now.threads - self.threads,
        }))
    }
}
