//! Finds the panel that a request is for.

use super::body::Body;
use super::lines;
use super::panel::{Outcome, Panel, bad};
use crate::http::{self, Answer, Call};
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};
use std::sync::Arc;

const LINES: &str = "/record.jsonl";
const CLEAR: &str = "/faults/clear";

/// The panels of all fronts of a run.
pub(crate) type Panels = Arc<[Arc<dyn Panel>]>;

/// Answers one request.
pub(super) async fn answer(panels: &Panels, call: &Call) -> Answer {
    match route(panels, call).await {
        Ok(Value::Array(events)) if call.uri().path() == LINES => {
            http::answer(StatusCode::OK, "application/x-ndjson", lines::text(&events))
        }
        Ok(value) => http::json(StatusCode::OK, &value),
        Err((status, error)) => http::json(status, &json!({ "error": error })),
    }
}

async fn route(panels: &Panels, call: &Call) -> Outcome {
    // A web page must not break things in a developer's emulator.
    if call.headers().contains_key(hyper::header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "requests from browsers are refused".into()));
    }
    let path = call.uri().path();
    let panel = panels.iter().find_map(|panel| panel.method(path).map(|method| (panel, method)));
    let wanted = match (path, &panel) {
        ("/health" | "/record" | LINES, _) => Method::GET,
        (CLEAR, _) => Method::POST,
        (_, Some((_, method))) => method.clone(),
        (_, None) => return Err((StatusCode::NOT_FOUND, format!("unknown path {path}"))),
    };
    if call.method() != wanted {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("use {wanted}")));
    }
    let body = Body::parse(call.body()).map_err(bad)?;
    match (path, panel) {
        ("/health", _) => Ok(json!({ "status": "ok" })),
        ("/record", _) => record(panels),
        (LINES, _) => lines::events(panels, call.uri().query()),
        (CLEAR, _) => {
            body.end().map_err(bad)?;
            panels.iter().for_each(|panel| panel.clear());
            Ok(json!({ "ok": true }))
        }
        (_, Some((panel, _))) => panel.act(path, body).await,
        (_, None) => Err((StatusCode::NOT_FOUND, format!("unknown path {path}"))),
    }
}

/// Sets a fault as a POST to its path would.
pub(crate) async fn set(panels: &Panels, path: &str, body: &Value) -> Result<(), String> {
    let panel = panels.iter().find(|panel| panel.method(path) == Some(Method::POST));
    let panel = panel.ok_or_else(|| format!("{path}: no front that is played has this fault"))?;
    let body = Body::parse(body.to_string().as_bytes()).map_err(|problem| format!("{path}: {problem}"))?;
    panel.act(path, body).await.map(drop).map_err(|(_, problem)| format!("{path}: {problem}"))
}

fn record(panels: &Panels) -> Outcome {
    let mut whole = Map::new();
    for panel in panels.iter() {
        let part = panel.record();
        whole.extend(part.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?);
    }
    Ok(Value::Object(whole))
}
