//! `execute GET` of 100 bytes: keyrotor's client beside the redis crate's connection alone, on one runtime.

mod support;

use std::time::Duration;

use keyrotor::{Client, Cmd, Value, cmd};
use redis::AsyncConnectionConfig;
use redis::aio::MultiplexedConnection;
use support::clients::{Place, emulator};
use support::interleave::{Contender, Pace, has_argument, median, nanoseconds};
use support::report::Report;
use support::server::Server;
use support::{Outcome, now};
use tokio::runtime::{Builder, Runtime};

const TASKS: u64 = 100;
const LENGTH: usize = 100;
/// As many commands as keyrotor queues.
const QUEUE: usize = 1024;
/// For both. Long, since a busy machine may stand still for as long as the redis crate's own half second.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Whatever answers a command.
trait Connection: Clone + Send + 'static {
    fn answer(&mut self, command: &Cmd) -> impl Future<Output = Outcome<Value>> + Send;
}

impl Connection for Client {
    async fn answer(&mut self, command: &Cmd) -> Outcome<Value> {
        Ok(self.execute(command).await?)
    }
}

impl Connection for MultiplexedConnection {
    async fn answer(&mut self, command: &Cmd) -> Outcome<Value> {
        Ok(self.send_packed_command(command).await?)
    }
}

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let server = Server::start()?;
    if has_argument("one-core") {
        let mut report = Report::new("get-one-core", pace);
        sequential(&mut report, &runtime, "one core for client and server, no TLS", &Place::plain(&server))?;
        return report.write();
    }
    let mut report = Report::new("get", pace);
    let place = Place::plain(&server);
    sequential(&mut report, &runtime, "no TLS", &place)?;
    concurrent(&mut report, &runtime, "no TLS", &place)?;
    let beside = Runtime::new()?;
    let emulator = emulator(&beside, false)?;
    let place = Place::emulated(&emulator, true)?;
    sequential(&mut report, &runtime, "TLS, through the emulator", &place)?;
    concurrent(&mut report, &runtime, "TLS, through the emulator", &place)?;
    beside.block_on(emulator.stop());
    report.write()
}

/// The two, and what keyrotor's own connection is made of: no timeout, and a queue as long as keyrotor's.
async fn connections(place: &Place) -> Outcome<(Client, MultiplexedConnection, MultiplexedConnection)> {
    let bare = AsyncConnectionConfig::new().set_response_timeout(None).set_pipeline_buffer_size(QUEUE);
    let usual = AsyncConnectionConfig::new().set_response_timeout(Some(TIMEOUT));
    let client = place.keyrotor(TIMEOUT).await?;
    let mut redis = place.redis(usual).await?;
    redis.answer(cmd("SET").arg("key").arg("x".repeat(LENGTH))).await?;
    Ok((client, redis, place.redis(bare).await?))
}

fn sequential(report: &mut Report, runtime: &Runtime, how: &str, place: &Place) -> Outcome<()> {
    let (client, redis, bare) = runtime.block_on(connections(place))?;
    report.compare(
        &format!("GET of {LENGTH} bytes, one after the other, {how}: p50 of a call"),
        &mut [
            Contender::new("keyrotor", |calls| runtime.block_on(one_by_one(client.clone(), calls))),
            Contender::new("redis crate", |calls| runtime.block_on(one_by_one(redis.clone(), calls))),
            Contender::new("redis crate, no timeout, longer queue", |calls| {
                runtime.block_on(one_by_one(bare.clone(), calls))
            }),
        ],
    )
}

fn concurrent(report: &mut Report, runtime: &Runtime, how: &str, place: &Place) -> Outcome<()> {
    let (client, redis, bare) = runtime.block_on(connections(place))?;
    report.compare(
        &format!("GET of {LENGTH} bytes, {TASKS} tasks, {how}: time a call"),
        &mut [
            Contender::new("keyrotor", |calls| runtime.block_on(all_at_once(&client, calls))),
            Contender::new("redis crate", |calls| runtime.block_on(all_at_once(&redis, calls))),
            Contender::new("redis crate, no timeout, longer queue", |calls| {
                runtime.block_on(all_at_once(&bare, calls))
            }),
        ],
    )
}

async fn one_by_one(mut connection: impl Connection, calls: u64) -> Outcome<f64> {
    let command = get();
    let mut times = Vec::with_capacity(usize::try_from(calls)?);
    for _ in 0..calls {
        let start = now();
        check(&connection.answer(&command).await?)?;
        times.push(nanoseconds(start.elapsed()));
    }
    Ok(median(&times))
}

async fn all_at_once(connection: &impl Connection, calls: u64) -> Outcome<f64> {
    let calls_each = calls.div_ceil(TASKS);
    let start = now();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let mut connection = connection.clone();
            tokio::spawn(async move {
                let command = get();
                for _ in 0..calls_each {
                    check(&connection.answer(&command).await?)?;
                }
                Outcome::Ok(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(nanoseconds(start.elapsed()) / (calls_each * TASKS) as f64)
}

fn get() -> Cmd {
    let mut get = cmd("GET");
    get.arg("key");
    get
}

fn check(reply: &Value) -> Outcome<()> {
    match reply {
        Value::BulkString(text) if text.len() == LENGTH => Ok(()),
        other => Err(format!("not the value: {other:?}").into()),
    }
}
