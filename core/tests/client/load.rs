//! What many tests ask of a client under load, and of the record afterwards.

use std::time::{Duration, Instant};

use keyrotor::{Client, Error, Value, cmd};
use keyrotor_emulator::{Emulator, Outcome};

/// Runs INCR without a pause for so long, on a counter of its own; the failures are returned.
pub(crate) async fn traffic(client: &Client, number: u32, duration: Duration) -> Vec<Error> {
    let end = Instant::now() + duration;
    let mut failures = Vec::new();
    let mut last = 0;
    while Instant::now() < end {
        match client.execute(cmd("INCR").arg(format!("counter:{number}"))).await {
            Ok(Value::Int(reply)) => {
                assert!(reply > last);
                last = reply;
            }
            Ok(other) => panic!("{other:?}"),
            // A few say enough.
            Err(error) if failures.len() < 3 => failures.push(error),
            Err(_) => {}
        }
    }
    failures
}

/// How long it takes until a command succeeds again.
pub(crate) async fn recovery(client: &Client) -> Duration {
    let start = Instant::now();
    while let Err(error) = client.execute(&cmd("PING")).await {
        assert!(start.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    start.elapsed()
}

pub(crate) fn refused(emulator: &Emulator) -> usize {
    emulator.record().logins.iter().filter(|login| login.outcome == Outcome::Refused).count()
}

pub(crate) fn hashes(emulator: &Emulator) -> Vec<String> {
    emulator.record().logins.into_iter().map(|login| login.token_sha256).collect()
}
