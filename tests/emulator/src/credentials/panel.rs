//! The credential endpoints' part of the control API.

use super::desk::Desk;
use super::endpoint::Endpoint;
use super::faults::Faults;
use crate::control::{Acting, Body, Outcome, Panel, bad, conflict};
use crate::trouble::Limit;
use hyper::Method;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

const FOLDER: &str = "/credentials/faults/";
const FAULTS: [&str; 9] =
    ["slow", "failing", "throttling", "gone", "life", "lie", "rotate-keys", "rotate-token-files", "clear"];

/// `CredentialsPanel` breaks and shows the endpoints.
pub(super) struct CredentialsPanel {
    desk: Arc<Desk>,
    faults: Faults,
}

impl CredentialsPanel {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { faults: Faults::new(Arc::clone(&desk)), desk }
    }
}

impl Panel for CredentialsPanel {
    fn method(&self, path: &str) -> Option<Method> {
        path.strip_prefix(FOLDER).filter(|name| FAULTS.contains(name)).map(|_| Method::POST)
    }

    fn act(&self, path: &str, body: Body) -> Acting<'_> {
        let name = path.strip_prefix(FOLDER).unwrap_or_default().to_owned();
        Box::pin(async move { act(&self.faults, &name, body) })
    }

    fn record(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let asked = serde_json::to_value(self.desk.log.all())?;
        Ok(Map::from_iter([("credentials".to_owned(), asked)]))
    }

    fn clear(&self) {
        self.faults.clear();
    }
}

fn act(faults: &Faults, name: &str, mut body: Body) -> Outcome {
    if name == "rotate-token-files" || name == "clear" {
        body.end().map_err(bad)?;
        if name == "clear" {
            faults.clear()
        } else {
            faults.rotate_token_files().map_err(conflict)?
        }
        return Ok(json!({ "ok": true }));
    }
    let endpoint = endpoint(&mut body).map_err(bad)?;
    match name {
        "slow" => {
            let time = body.milliseconds().map_err(bad)?;
            let time = time.ok_or_else(|| bad("milliseconds: expected a whole number".into()))?;
            body.end().map_err(bad)?;
            faults.slow(endpoint, time);
        }
        "life" => {
            let life = body.number("seconds").map_err(bad)?;
            body.end().map_err(bad)?;
            faults.life(endpoint, life.map(Duration::from_secs));
        }
        "lie" => {
            let lie = body.number("seconds").map_err(bad)?;
            body.end().map_err(bad)?;
            faults.lie(endpoint, Duration::from_secs(lie.unwrap_or_default()));
        }
        "rotate-keys" => {
            body.end().map_err(bad)?;
            return Ok(json!({ "ok": true, "revoked": faults.rotate_keys(endpoint) }));
        }
        _ => outage(faults, name, endpoint, body)?,
    }
    Ok(json!({ "ok": true }))
}

/// The faults that end by themselves.
fn outage(
    faults: &Faults,
    name: &str,
    endpoint: Option<Endpoint>,
    mut body: Body,
) -> Result<(), (hyper::StatusCode, String)> {
    let status = body.number("status").map_err(bad)?;
    let limit = Limit::read(&mut body).map_err(bad)?;
    body.end().map_err(bad)?;
    match (name, status) {
        ("failing", status) => {
            let status = u16::try_from(status.unwrap_or(500)).unwrap_or(u16::MAX);
            faults.failing(endpoint, status, limit).map_err(|error| bad(error.to_string()))?;
        }
        (_, Some(_)) => return Err(bad("status: unknown field".into())),
        ("throttling", None) => faults.throttling(endpoint, limit),
        (_, None) => faults.gone(endpoint, limit),
    }
    Ok(())
}

fn endpoint(body: &mut Body) -> Result<Option<Endpoint>, String> {
    let Some(name) = body.text("endpoint")? else {
        return Ok(None);
    };
    let known = serde_json::from_value(Value::String(name));
    known.map(Some).map_err(|_| "endpoint: expected imds, ecs, pod-identity, sts, sso or null for all".into())
}
