//! A client that counts for so many seconds while its tokens rotate: `demo REQUEST_FILE SECONDS`, where the file
//! holds the protobuf bytes of a `ConnectionRequest`. Prints what it did as one line of JSON.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program, in real time")]

use std::error::Error;
use std::time::{Duration, Instant};

use keyrotor::{Client, Format, Value, cmd};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().ok_or("usage: demo REQUEST_FILE SECONDS")?;
    let seconds: u64 = arguments.next().ok_or("usage: demo REQUEST_FILE SECONDS")?.parse()?;

    let client = Client::from_request(&std::fs::read(file)?, Format::Protobuf).await?;
    client.execute(cmd("CLIENT").arg("SETNAME").arg("demo-rust")).await?;
    let end = Instant::now() + Duration::from_secs(seconds);
    let (mut commands, mut failures, mut last) = (0, 0, 0);
    while Instant::now() < end {
        commands += 1;
        match client.execute(cmd("INCR").arg("demo:rust")).await {
            Ok(Value::Int(reply)) => {
                failures += u64::from(reply != last + 1);
                last = reply;
            }
            _ => failures += 1,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let stats = client.stats();
    let rotations = client.status().map_or(0, |status| status.generation.saturating_sub(1));
    client.close();
    println!(
        r#"{{"host": "rust", "commands": {commands}, "failures": {failures}, "rotations": {rotations}, "reauths": {}, "reconnects": {}}}"#,
        stats.reauths, stats.reconnects
    );
    Ok(())
}
