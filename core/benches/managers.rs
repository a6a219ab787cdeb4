//! Ten thousand managers of distinct identities in one process: what one weighs, what a refresh costs beside few and
//! beside many, and what they cost while nobody asks, before and while their refreshes are due. Linux only, since the
//! kernel does the counting.

mod support;

use std::time::Duration;

use keyrotor::{Format, TokenManager};
use serde_json::json;
use support::interleave::{Pace, has_argument};
use support::process::resident;
use support::report::Report;
use support::{Outcome, now};
use tokio::runtime::{Builder, Runtime};

const FEW: usize = 100;
const MANY: usize = 10_000;
/// The default; of the first round nothing is due before this share of it.
const EIGHT_MINUTES: Duration = Duration::from_secs(480);
const NOTHING_BEFORE: f64 = 0.3;
/// Of the process's times in /proc, on every Linux that there is.
const TICKS_A_SECOND: f64 = 100.0;

fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let mut report = Report::new("managers", pace);
    if !cfg!(target_os = "linux") {
        report.skip("10,000 managers", "/proc is needed");
        return report.write();
    }
    let is_quick = has_argument("quick");
    let idle = Duration::from_secs(if is_quick { 10 } else { 60 });
    let interval = if is_quick { EIGHT_MINUTES / 8 } else { EIGHT_MINUTES };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    // Threads, tables and the allocator's own memory are there before anything is weighed.
    let few = made(&runtime, "few", FEW, EIGHT_MINUTES)?;
    let beside_few = cost_of_a_refresh(&runtime, &few, MANY / FEW)?;
    let before = resident()?;
    let start = now();
    let many = made(&runtime, "many", MANY, interval)?;
    let bytes = (resident()? - before) / MANY as f64;
    let of_tokens = tokens(&many)? / MANY as f64;
    let at_rest = Duration::from_secs(if is_quick { 3 } else { 60 });
    let share_at_rest = share_of_a_core(at_rest)?;
    let due = interval.mul_f64(NOTHING_BEFORE);
    if start.elapsed() > due {
        return Err("refreshes were due before they were measured: this machine is too slow".into());
    }
    std::thread::sleep(due.saturating_sub(start.elapsed()) + Duration::from_secs(5));
    let before = refreshes(&many);
    let share_while_due = share_of_a_core(idle)?;
    let a_second = (refreshes(&many) - before) / idle.as_secs_f64();
    let beside_many = cost_of_a_refresh(&runtime, &many, 1)?;
    let every_interval = format!("refreshes a second, an interval being {} s", interval.as_secs());
    report.figures(
        "10,000 managers of distinct identities",
        &[
            ("bytes a manager, with its token", bytes, "B"),
            ("bytes of its token", of_tokens, "B"),
            ("bytes beyond its token", bytes - of_tokens, "B"),
            ("CPU time of a refresh beside 100", beside_few * 1e6, "µs"),
            ("CPU time of a refresh beside 10,000", beside_many * 1e6, "µs"),
            ("share of a core, nobody asking, refreshes not yet due", share_at_rest * 100.0, "%"),
            ("share of a core, nobody asking, refreshes due", share_while_due * 100.0, "%"),
            (&every_interval, a_second, ""),
        ],
    );
    drop((few, many));
    report.write()
}

/// Managers whose tokens have been signed once.
fn made(runtime: &Runtime, kind: &str, count: usize, interval: Duration) -> Outcome<Vec<TokenManager>> {
    (0..count)
        .map(|number| {
            let request = json!({"authenticationInfo": {"iamCredentials": {
                "clusterName": "my-cluster", "username": format!("{kind}-{number}"), "region": "eu-west-1",
                "refreshInterval": format!("{}s", interval.as_secs()),
                "accessKey": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": "secret"},
            }}});
            let manager = TokenManager::from_request(request.to_string().as_bytes(), Format::Json)?;
            runtime.block_on(manager.token_async())?;
            Ok(manager)
        })
        .collect()
}

/// A token signed anew on the spot, kept and told. The alarm has the same done on keyrotor's own thread.
fn cost_of_a_refresh(runtime: &Runtime, managers: &[TokenManager], times: usize) -> Outcome<f64> {
    let before = processor_time()?;
    for _ in 0..times {
        for manager in managers {
            runtime.block_on(manager.refresh())?;
        }
    }
    Ok((processor_time()? - before) / (managers.len() * times) as f64)
}

/// How often all of them got a new token so far.
fn refreshes(managers: &[TokenManager]) -> f64 {
    managers.iter().map(|manager| manager.status().generation as f64).sum()
}

fn tokens(managers: &[TokenManager]) -> Outcome<f64> {
    let mut bytes = 0;
    for manager in managers {
        bytes += manager.token()?.expose().len();
    }
    Ok(bytes as f64)
}

fn share_of_a_core(idle: Duration) -> Outcome<f64> {
    let (start, before) = (now(), processor_time()?);
    std::thread::sleep(idle);
    Ok((processor_time()? - before) / start.elapsed().as_secs_f64())
}

/// Of all threads, in user and kernel, in seconds.
fn processor_time() -> Outcome<f64> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = text.rsplit_once(") ").ok_or("stat has no name")?;
    let mut ticks = fields.split(' ').skip(11).map(str::parse::<f64>);
    let (user, kernel) = (ticks.next().ok_or("no user time")??, ticks.next().ok_or("no kernel time")??);
    Ok((user + kernel) / TICKS_A_SECOND)
}
