//! A front's part of the control API.

use super::config::Kind;
use super::faults::Faults;
use super::gate::Gate;
use crate::Refuse;
use crate::control::{Acting, Body, Outcome, Panel, bad, conflict};
use hyper::Method;
use serde_json::{Map, Value, json};
use std::sync::Arc;

const FAULTS: [&str; 8] =
    ["refuse", "kill", "cut", "stall", "throttle", "iam-outage", "listen", "restart-backend"];

const POLICIES: &str = "policies";

/// What there is nothing to be known of at Azure: how it throttles, and its policies.
const OF_AWS: [&str; 3] = ["throttle", "iam-outage", POLICIES];

/// `RdsPanel` breaks and shows one front.
pub(super) struct RdsPanel {
    gate: Arc<Gate>,
    faults: Faults,
}

impl RdsPanel {
    pub(super) fn new(gate: Arc<Gate>) -> Self {
        Self { faults: Faults::new(Arc::clone(&gate)), gate }
    }

    fn section(&self) -> &'static str {
        self.gate.settings.kind.section()
    }

    /// What a path stands for.
    fn deed(&self, path: &str) -> Option<&'static str> {
        let name = path.strip_prefix('/')?.strip_prefix(self.section())?.strip_prefix('/')?;
        let deed = match name.strip_prefix("faults/") {
            Some(name) => FAULTS.into_iter().find(|known| *known == name),
            None => Some(POLICIES).filter(|known| *known == name),
        };
        deed.filter(|deed| self.gate.settings.kind != Kind::Azure || !OF_AWS.contains(deed))
    }
}

impl Panel for RdsPanel {
    fn method(&self, path: &str) -> Option<Method> {
        self.deed(path).map(|_| Method::POST)
    }

    fn act(&self, path: &str, body: Body) -> Acting<'_> {
        let name = self.deed(path).unwrap_or_default();
        Box::pin(async move { act(&self.faults, name, body).await })
    }

    fn record(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let record = serde_json::to_value(self.gate.ledger.record())?;
        Ok(Map::from_iter([(self.section().to_owned(), record)]))
    }

    fn clear(&self) {
        self.faults.clear();
    }
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
        "kill" => {
            let connection = body.number("connection").map_err(bad)?;
            body.end().map_err(bad)?;
            return Ok(json!({ "ok": true, "connections": faults.kill(connection) }));
        }
        "cut" => {
            let count = body.number("count").map_err(bad)?;
            body.end().map_err(bad)?;
            faults.cut(count.unwrap_or(1));
        }
        "listen" => {
            let open = body.flag("open").map_err(bad)?;
            let open = open.ok_or_else(|| bad("open: expected true or false".into()))?;
            body.end().map_err(bad)?;
            if open { faults.open_listener() } else { faults.close_listener() }
        }
        POLICIES => {
            let policies = body.value(POLICIES).map_err(bad)?;
            body.end().map_err(bad)?;
            faults.policies(policies);
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
        "throttle" => faults.throttle(time),
        _ => faults.iam_outage(time),
    }
    Ok(())
}
