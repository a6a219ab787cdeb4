//! 100 clients of one identity over a scaled hour: how often STS is asked, and how often it would have to be.

#[path = "../tests/support/cloud.rs"]
#[allow(dead_code, clippy::unwrap_used, reason = "what tests share")]
mod cloud;
mod support;

use std::time::Duration;

use cloud::{KEY, Keys, ROLE};
use keyrotor::{Format, TokenManager};
use keyrotor_emulator::credentials::Endpoint;
use serde_json::json;
use support::interleave::{Pace, has_argument};
use support::report::Report;
use support::{Outcome, now};

const CLIENTS: usize = 100;
/// An hour is this long.
const HOUR: f64 = 60.0;
const TOKEN_LIFE: f64 = HOUR / 4.0;
const ASK_EVERY: Duration = Duration::from_millis(50);

#[tokio::main]
async fn main() -> Outcome<()> {
    let Some(pace) = Pace::asked() else {
        return Ok(());
    };
    let hours = if has_argument("quick") { 0.5 } else { 2.0 };
    let keys = Keys::start("eu-west-1").await;
    keys.faults().life(None, Some(Duration::from_secs_f64(HOUR)));
    let request = json!({"authenticationInfo": {"iamCredentials": {
        "clusterName": "my-cluster", "username": "iam-user-01", "region": "eu-west-1",
        "tokenLifeSeconds": TOKEN_LIFE as u32, "roleArn": ROLE, "endpoint": keys.url(),
        "accessKey": {"accessKeyId": KEY.0, "secretAccessKey": KEY.1},
    }}});
    let request = request.to_string();
    let managers: Vec<TokenManager> = (0..CLIENTS)
        .map(|_| TokenManager::from_request(request.as_bytes(), Format::Json))
        .collect::<Result<_, _>>()?;
    let start = now();
    while start.elapsed().as_secs_f64() < hours * HOUR {
        for manager in &managers {
            manager.token_async().await?;
        }
        pause().await;
    }
    let Some(first) = managers.first() else { return Err("there is no client".into()) };
    let tokens = first.status().generation as f64;
    // Keys are renewed once they are too short for a whole token.
    let useful = hours * HOUR / (HOUR - TOKEN_LIFE);
    let fetches = keys.asked(Endpoint::Sts).len() as f64;
    let mut report = Report::new("sharing", pace);
    report.figures(
        &format!("{CLIENTS} clients of one identity, {hours} scaled hours, keys of one such hour"),
        &[
            ("questions to STS", fetches, ""),
            ("spans in which keys are good for a whole token", useful.ceil(), ""),
            ("questions a span", fetches / useful.ceil(), ""),
            ("tokens signed, by all clients together", tokens, ""),
        ],
    );
    report.write()
}

#[expect(clippy::disallowed_methods, reason = "a client that asks now and then")]
async fn pause() {
    tokio::time::sleep(ASK_EVERY).await;
}
