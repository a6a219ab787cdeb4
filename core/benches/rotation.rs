//! GET of 100 bytes while new tokens are forced upon the connection, ten a second, beside the same connection left
//! alone: the 99th of 100 calls.

mod support;

use std::time::Duration;

use keyrotor::Client;
use support::Outcome;
use support::clients::Place;
use support::get::{LENGTH, TASKS, by_tasks, set};
use support::interleave::{Contender, Pace, has_argument, p99};
use support::report::{Report, Wanted};
use support::server::{Server, Wire};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval};

const ROTATIONS_A_SECOND: u32 = 10;
const TIMEOUT: Duration = Duration::from_secs(10);
/// Long enough for several rotations.
const TURN: Duration = Duration::from_millis(600);
const AS_SLOW: Wanted = Wanted::TimeAtMost(1.10);

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let pace = pace.in_long_turns(if has_argument("quick") { 1 } else { 2 }, TURN);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::new("rotation", pace);
    for (wire, how) in [(Wire::Plain, "no TLS"), (Wire::Tls, "TLS")] {
        let server = Server::start_on(wire)?;
        let place = Place::with_tokens(&server);
        let mut client = runtime.block_on(place.keyrotor(TIMEOUT))?;
        runtime.block_on(set(&mut client))?;
        for tasks in [1, TASKS] {
            compare(&mut report, &runtime, &client, tasks, how)?;
        }
        let stats = client.stats();
        report.figures(
            &format!("what became of that connection, {how}"),
            &[
                ("rotations", stats.reauths as f64, ""),
                ("commands that failed", stats.failures as f64, ""),
                ("reconnects", stats.reconnects as f64, ""),
            ],
        );
    }
    report.write()
}

fn compare(report: &mut Report, runtime: &Runtime, client: &Client, tasks: u64, how: &str) -> Outcome<()> {
    let load = |calls| by_tasks(tasks, client, calls);
    report.compare_wanted(
        &format!("GET of {LENGTH} bytes, {tasks} at once, {how}: p99 of a call"),
        &mut [
            Contender::new("10 rotations a second", |calls| {
                runtime.block_on(rotating(client, load(calls))).map(|times| p99(&times))
            }),
            Contender::new("none", |calls| runtime.block_on(load(calls)).map(|times| p99(&times))),
        ],
        AS_SLOW,
    )
}

/// Runs the load while a task of its own rotates.
async fn rotating<T>(client: &Client, load: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    let (stop, stopped) = oneshot::channel();
    let rotations = tokio::spawn(rotate(client.clone(), stopped));
    let outcome = load.await;
    drop(stop);
    rotations.await??;
    outcome
}

/// Until it is told to stop, and never halfway through a login.
async fn rotate(client: Client, mut stopped: oneshot::Receiver<()>) -> Outcome<()> {
    let mut ticks = interval(Duration::from_secs(1) / ROTATIONS_A_SECOND);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = &mut stopped => return Ok(()),
            _ = ticks.tick() => {}
        }
        client.refresh().await?;
        client.reauthenticate_now().await?;
    }
}
