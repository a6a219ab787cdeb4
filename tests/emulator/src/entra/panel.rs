//! The front's part of the control API.

use crate::control::{Acting, Body, Outcome, Panel, bad, conflict};
use crate::entra::faults::{EntraEndpoint, EntraFaults};
use crate::entra::service::Service;
use crate::trouble::Limit;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::time::Duration;

const FOLDER: &str = "/entra/faults/";
const FAULTS: [&str; 9] =
    ["slow", "failing", "throttling", "gone", "life", "lie", "rotate-keys", "rotate-token-files", "clear"];

/// `EntraPanel` breaks and shows the front.
pub(super) struct EntraPanel {
    service: Arc<Service>,
    faults: EntraFaults,
}

impl EntraPanel {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { faults: EntraFaults::new(Arc::clone(&service)), service }
    }
}

impl Panel for EntraPanel {
    fn method(&self, path: &str) -> Option<Method> {
        path.strip_prefix(FOLDER).filter(|name| FAULTS.contains(name)).map(|_| Method::POST)
    }

    fn act(&self, path: &str, body: Body) -> Acting<'_> {
        let name = path.strip_prefix(FOLDER).unwrap_or_default().to_owned();
        Box::pin(async move { act(&self.faults, &name, body) })
    }

    fn record(&self) -> Result<Map<String, Value>, serde_json::Error> {
        let requests = serde_json::to_value(self.service.book.requests())?;
        Ok(Map::from_iter([("entra".to_owned(), requests)]))
    }

    fn clear(&self) {
        self.faults.clear();
    }
}

type Refused = (StatusCode, String);

fn act(faults: &EntraFaults, name: &str, mut body: Body) -> Outcome {
    match name {
        "rotate-keys" => {
            let revoke = body.flag("revoke").map_err(bad)?.unwrap_or_default();
            body.end().map_err(bad)?;
            faults.rotate_keys(revoke);
        }
        "rotate-token-files" => {
            body.end().map_err(bad)?;
            faults.rotate_token_files().map_err(conflict)?;
        }
        "clear" => {
            body.end().map_err(bad)?;
            faults.clear();
        }
        "slow" | "life" | "lie" => lasting(faults, name, body)?,
        _ => outage(faults, name, body)?,
    }
    Ok(json!({ "ok": true }))
}

/// The faults that last until they are cleared.
fn lasting(faults: &EntraFaults, name: &str, mut body: Body) -> Result<(), Refused> {
    let endpoint = endpoint(&mut body).map_err(bad)?;
    if name == "slow" {
        let time = body.milliseconds().map_err(bad)?;
        let time = time.ok_or_else(|| bad("milliseconds: expected a whole number".into()))?;
        body.end().map_err(bad)?;
        faults.slow(endpoint, time);
        return Ok(());
    }
    let time = body.number("seconds").map_err(bad)?.map(Duration::from_secs);
    body.end().map_err(bad)?;
    match name {
        "life" => faults.life(endpoint, time),
        _ => faults.lie(endpoint, time.unwrap_or_default()),
    }
    Ok(())
}

/// The faults that end by themselves.
fn outage(faults: &EntraFaults, name: &str, mut body: Body) -> Result<(), Refused> {
    let endpoint = endpoint(&mut body).map_err(bad)?;
    let status = if name == "failing" { body.number("status").map_err(bad)? } else { None };
    let retry_after = if name == "throttling" { body.number("retry_after").map_err(bad)? } else { None };
    let limit = Limit::read(&mut body).map_err(bad)?;
    body.end().map_err(bad)?;
    match name {
        "failing" => {
            let status = u16::try_from(status.unwrap_or(500)).unwrap_or(u16::MAX);
            faults.failing(endpoint, status, limit).map_err(|error| bad(error.to_string()))?;
        }
        "throttling" => {
            faults.throttling(endpoint, Duration::from_secs(retry_after.unwrap_or_default()), limit);
        }
        _ => faults.gone(endpoint, limit),
    }
    Ok(())
}

fn endpoint(body: &mut Body) -> Result<Option<EntraEndpoint>, String> {
    let Some(name) = body.text("endpoint")? else {
        return Ok(None);
    };
    let known = serde_json::from_value(Value::String(name));
    known
        .map(Some)
        .map_err(|_| "endpoint: expected token, app-service, imds, discovery or null for all".into())
}
