//! `execute GET` of 100 bytes: keyrotor's client beside the redis crate's connection alone, on one runtime, without TLS
//! and with the server's own.

mod support;

use std::time::Duration;

use keyrotor::Client;
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use support::Outcome;
use support::clients::Place;
use support::get::{Connection, LENGTH, TASKS, all_at_once, one_by_one, set};
use support::interleave::{Contender, Pace, has_argument, median};
use support::report::{Report, Wanted};
use support::server::{Server, Wire};
use tokio::runtime::{Builder, Runtime};

/// As many commands as keyrotor queues.
const QUEUE: usize = 1024;
/// For both. Long, since a busy machine may stand still for as long as the redis crate's own half second.
const TIMEOUT: Duration = Duration::from_secs(10);
const AS_FAST: Wanted = Wanted::AsFast(0.97);

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let is_one_core = has_argument("one-core");
    let mut report = Report::new(if is_one_core { "get-one-core" } else { "get" }, pace);
    let cores = if is_one_core { ", one core for client and server" } else { "" };
    for (wire, name) in [(Wire::Plain, "no TLS"), (Wire::Tls, "TLS")] {
        let server = Server::start_on(wire)?;
        let (place, how) = (Place::of(&server), format!("{name}{cores}"));
        sequential(&mut report, &runtime, &how, &place)?;
        if !is_one_core {
            concurrent(&mut report, &runtime, &how, &place)?;
        }
    }
    report.write()
}

/// The two, and what keyrotor's own connection is made of: no timeout, and a queue as long as keyrotor's.
async fn connections(place: &Place) -> Outcome<(Client, MultiplexedConnection, MultiplexedConnection)> {
    let bare = AsyncConnectionConfig::new().set_response_timeout(None).set_pipeline_buffer_size(QUEUE);
    let usual = AsyncConnectionConfig::new().set_response_timeout(Some(TIMEOUT));
    let client = place.keyrotor(TIMEOUT).await?;
    let mut redis = place.redis(usual).await?;
    set(&mut redis).await?;
    Ok((client, redis, place.redis(bare).await?))
}

fn sequential(report: &mut Report, runtime: &Runtime, how: &str, place: &Place) -> Outcome<()> {
    let (client, redis, bare) = runtime.block_on(connections(place))?;
    report.compare_wanted(
        &format!("GET of {LENGTH} bytes, one after the other, {how}: p50 of a call"),
        &mut [
            Contender::new("keyrotor", |calls| p50(runtime, client.clone(), calls)),
            Contender::new("redis crate", |calls| p50(runtime, redis.clone(), calls)),
            Contender::new("redis crate, no timeout, longer queue", |calls| {
                p50(runtime, bare.clone(), calls)
            }),
        ],
        AS_FAST,
    )
}

fn concurrent(report: &mut Report, runtime: &Runtime, how: &str, place: &Place) -> Outcome<()> {
    let (client, redis, bare) = runtime.block_on(connections(place))?;
    report.compare_wanted(
        &format!("GET of {LENGTH} bytes, {TASKS} tasks, {how}: time a call"),
        &mut [
            Contender::new("keyrotor", |calls| runtime.block_on(all_at_once(&client, calls))),
            Contender::new("redis crate", |calls| runtime.block_on(all_at_once(&redis, calls))),
            Contender::new("redis crate, no timeout, longer queue", |calls| {
                runtime.block_on(all_at_once(&bare, calls))
            }),
        ],
        AS_FAST,
    )
}

fn p50(runtime: &Runtime, connection: impl Connection, calls: u64) -> Outcome<f64> {
    Ok(median(&runtime.block_on(one_by_one(connection, calls))?))
}
