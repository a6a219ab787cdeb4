//! GET of one key, by whatever answers commands: one call after the other, and many tasks at once.

use keyrotor::{Client, Cmd, Value, cmd};
use redis::aio::MultiplexedConnection;

use super::interleave::nanoseconds;
use super::{Outcome, now};

pub(crate) const LENGTH: usize = 100;
pub(crate) const TASKS: u64 = 100;

/// Whatever answers a command.
pub(crate) trait Connection: Clone + Send + 'static {
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

/// Puts the value there.
pub(crate) async fn set(connection: &mut impl Connection) -> Outcome<()> {
    connection.answer(cmd("SET").arg("key").arg("x".repeat(LENGTH))).await?;
    Ok(())
}

/// Nanoseconds of each call.
pub(crate) async fn one_by_one(mut connection: impl Connection, calls: u64) -> Outcome<Vec<f64>> {
    let command = get();
    let mut times = Vec::with_capacity(usize::try_from(calls)?);
    for _ in 0..calls {
        let start = now();
        check(&connection.answer(&command).await?)?;
        times.push(nanoseconds(start.elapsed()));
    }
    Ok(times)
}

/// Nanoseconds of all calls together, for one.
pub(crate) async fn all_at_once(connection: &impl Connection, calls: u64) -> Outcome<f64> {
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

/// Nanoseconds of each call of so many tasks.
pub(crate) async fn by_tasks(tasks: u64, connection: &impl Connection, calls: u64) -> Outcome<Vec<f64>> {
    let calls_each = calls.div_ceil(tasks);
    let tasks: Vec<_> =
        (0..tasks).map(|_| tokio::spawn(one_by_one(connection.clone(), calls_each))).collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await??);
    }
    Ok(times)
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
