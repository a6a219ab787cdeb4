//! The cache's faults and record.

use super::body::Body;
use super::panel::{Acting, Outcome, Panel, bad, conflict};
use crate::faults::{Faults, Refuse};
use crate::gate::Gate;
use hyper::Method;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const FAULTS: [&str; 9] = [
    "refuse",
    "kill",
    "forget",
    "stall",
    "unavailable",
    "throttle",
    "iam-outage",
    "listen",
    "restart-backend",
];

const POLICIES: &str = "/policies";
const USER_ADD: &str = "/users/add";
const USER_REMOVE: &str = "/users/remove";

/// `CachePanel` breaks and shows the cache.
pub(crate) struct CachePanel {
    gate: Arc<Gate>,
    faults: Faults,
}

impl CachePanel {
    pub(crate) fn new(gate: Arc<Gate>) -> Self {
        Self { faults: Faults::new(Arc::clone(&gate)), gate }
    }
}

impl Panel for CachePanel {
    fn method(&self, path: &str) -> Option<Method> {
        let fault = path.strip_prefix("/faults/").is_some_and(|name| FAULTS.contains(&name));
        (fault || [POLICIES, USER_ADD, USER_REMOVE].contains(&path)).then_some(Method::POST)
    }

    fn act(&self, path: &str, body: Body) -> Acting<'_> {
        let path = path.to_owned();
        Box::pin(async move {
            match path.as_str() {
                POLICIES => policies(&self.faults, body),
                USER_ADD | USER_REMOVE => user(&self.faults, path == USER_ADD, body),
                _ => act(&self.faults, path.trim_start_matches("/faults/"), body).await,
            }
        })
    }

    fn record(&self) -> Result<Map<String, Value>, serde_json::Error> {
        match serde_json::to_value(self.gate.ledger.record())? {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Map::new()),
        }
    }

    fn events(&self, since: u64, connection: Option<u64>) -> Result<Vec<Value>, serde_json::Error> {
        self.gate.ledger.events(since, connection).into_iter().map(serde_json::to_value).collect()
    }

    fn clear(&self) {
        self.faults.clear();
    }
}

fn policies(faults: &Faults, mut body: Body) -> Outcome {
    let policies = body.value("policies").map_err(bad)?;
    body.end().map_err(bad)?;
    faults.policies(policies);
    Ok(json!({ "ok": true }))
}

fn user(faults: &Faults, member: bool, mut body: Body) -> Outcome {
    let user = body.text("user").map_err(bad)?;
    let user = user.ok_or_else(|| bad("user: expected a user name".into()))?;
    body.end().map_err(bad)?;
    let found = faults.user(&user, member).map_err(conflict)?;
    Ok(json!({ "ok": true, "connections": found }))
}

async fn act(faults: &Faults, name: &str, mut body: Body) -> Outcome {
    match name {
        "refuse" => {
            let count = body.number("count").map_err(bad)?;
            let token_sha256 = body.text("token_sha256").map_err(bad)?;
            let current = body.flag("current").map_err(bad)?.unwrap_or_default();
            body.end().map_err(bad)?;
            faults.refuse(Refuse { count, token_sha256, current }).map_err(conflict)?;
        }
        "kill" | "forget" => {
            let connection = body.number("connection").map_err(bad)?;
            body.end().map_err(bad)?;
            let found = if name == "kill" { faults.kill(connection) } else { faults.forget(connection) };
            return Ok(json!({ "ok": true, "connections": found }));
        }
        "listen" => {
            let open = body.flag("open").map_err(bad)?;
            let open = open.ok_or_else(|| bad("open: expected true or false".into()))?;
            body.end().map_err(bad)?;
            if open { faults.open_listener() } else { faults.close_listener() }
        }
        "restart-backend" => {
            body.end().map_err(bad)?;
            faults.restart_backend().await.map_err(conflict)?;
        }
        _ => timed(faults, name, body).map_err(bad)?,
    }
    Ok(json!({ "ok": true }))
}

fn timed(faults: &Faults, name: &str, mut body: Body) -> Result<(), String> {
    let time = body.milliseconds()?;
    body.end()?;
    match name {
        "stall" => faults.stall(time.ok_or("milliseconds: expected a whole number")?),
        "unavailable" => faults.unavailable(time),
        "throttle" => faults.throttle(time),
        _ => faults.iam_outage(time),
    }
    Ok(())
}
