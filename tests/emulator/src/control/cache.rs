//! The cache's faults and record.

use super::body::Body;
use super::cluster;
use super::panel::{Acting, Outcome, Panel, bad, conflict};
use crate::cache::Cache;
use crate::faults::{Certificate, Faults, Refuse};
use hyper::Method;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const FAULTS: [&str; 13] = [
    "refuse",
    "kill",
    "forget",
    "stall",
    "unavailable",
    "throttle",
    "iam-outage",
    "listen",
    "restart-backend",
    "cut",
    "certificate",
    "clock",
    "node",
];

const POLICIES: &str = "/policies";
const USER_ADD: &str = "/users/add";
const USER_REMOVE: &str = "/users/remove";

/// `CachePanel` breaks and shows the cache.
pub(crate) struct CachePanel {
    cache: Arc<Cache>,
    faults: Faults,
}

impl CachePanel {
    pub(crate) fn new(cache: Arc<Cache>) -> Self {
        Self { faults: Faults::new(Arc::clone(&cache)), cache }
    }
}

impl Panel for CachePanel {
    fn method(&self, path: &str) -> Option<Method> {
        let fault = path.strip_prefix("/faults/").is_some_and(|name| FAULTS.contains(&name));
        let here = fault || [POLICIES, USER_ADD, USER_REMOVE].contains(&path);
        cluster::method(path).or_else(|| here.then_some(Method::POST))
    }

    fn act(&self, path: &str, body: Body) -> Acting<'_> {
        let path = path.to_owned();
        Box::pin(async move {
            match path.as_str() {
                POLICIES => policies(&self.faults, body),
                USER_ADD | USER_REMOVE => user(&self.faults, path == USER_ADD, body),
                path if cluster::method(path).is_some() => {
                    cluster::act(&self.cache, &self.faults, path, body).await
                }
                _ => act(&self.faults, path.trim_start_matches("/faults/"), body).await,
            }
        })
    }

    fn record(&self) -> Result<Map<String, Value>, serde_json::Error> {
        match serde_json::to_value(self.cache.ledger.record())? {
            Value::Object(fields) => Ok(fields),
            _ => Ok(Map::new()),
        }
    }

    fn events(&self, since: u64, connection: Option<u64>) -> Result<Vec<Value>, serde_json::Error> {
        self.cache.ledger.events(since, connection).into_iter().map(serde_json::to_value).collect()
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

/// Any of them may name a node; without one they are meant for all.
async fn act(faults: &Faults, name: &str, mut body: Body) -> Outcome {
    let node = body.size("node").map_err(bad)?;
    let faults = &node.map_or_else(|| Ok(faults.clone()), |node| faults.on(node)).map_err(conflict)?;
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
        "node" => {
            let up = body.flag("up").map_err(bad)?.ok_or_else(|| bad("up: expected true or false".into()))?;
            body.end().map_err(bad)?;
            if node.is_none() {
                return Err(bad("node: expected a whole number".into()));
            }
            if up { faults.up().await } else { faults.down().await }.map_err(conflict)?;
        }
        "restart-backend" => {
            body.end().map_err(bad)?;
            faults.restart_backend().await.map_err(conflict)?;
        }
        _ => set(faults, name, body).map_err(bad)?,
    }
    Ok(json!({ "ok": true }))
}

fn set(faults: &Faults, name: &str, mut body: Body) -> Result<(), String> {
    match name {
        "listen" => {
            let open = body.flag("open")?.ok_or("open: expected true or false")?;
            body.end()?;
            if open { faults.open_listener() } else { faults.close_listener() }
        }
        "cut" => {
            let after = body.number("after_bytes")?.ok_or("after_bytes: expected a whole number")?;
            let count = body.number("count")?.unwrap_or(1);
            body.end()?;
            faults.cut(after, count);
        }
        "certificate" => {
            let kind = body.text("kind")?.unwrap_or_default();
            body.end()?;
            let kind = serde_json::from_value::<Certificate>(kind.into());
            faults.certificate(kind.map_err(|_| "kind: expected good, expired or other-name")?);
        }
        "clock" => {
            let seconds = body.signed("seconds")?.ok_or("seconds: expected a whole number")?;
            body.end()?;
            faults.clock_skew(seconds);
        }
        _ => timed(faults, name, body)?,
    }
    Ok(())
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
