//! Finds the panel that a request is for.

use super::body::Body;
use super::panel::{Outcome, Panel, bad};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Map, Value, json};
use std::convert::Infallible;
use std::sync::Arc;

const LARGEST_BODY: usize = 64 << 10;
const CLEAR: &str = "/faults/clear";

/// The panels of all fronts of a run.
pub(crate) type Panels = Arc<[Arc<dyn Panel>]>;

/// Answers one request.
pub(super) async fn answer(
    panels: Panels,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, value) = match route(&panels, request).await {
        Ok(value) => (StatusCode::OK, value),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Full::new(Bytes::from(format!("{value}\n"))));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}

async fn route(panels: &Panels, request: Request<Incoming>) -> Outcome {
    // A web page must not break things in a developer's emulator.
    if request.headers().contains_key(hyper::header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "requests from browsers are refused".into()));
    }
    let path = request.uri().path().to_owned();
    let panel = panels.iter().find_map(|panel| panel.method(&path).map(|method| (panel, method)));
    let wanted = match (path.as_str(), &panel) {
        ("/health" | "/record", _) => Method::GET,
        (CLEAR, _) => Method::POST,
        (_, Some((_, method))) => method.clone(),
        (_, None) => return Err((StatusCode::NOT_FOUND, format!("unknown path {path}"))),
    };
    if request.method() != wanted {
        return Err((StatusCode::METHOD_NOT_ALLOWED, format!("use {wanted}")));
    }
    let limited = Limited::new(request.into_body(), LARGEST_BODY).collect().await;
    let bytes = limited.map_err(|error| bad(format!("body: {error}")))?.to_bytes();
    let body = Body::parse(&bytes).map_err(bad)?;
    match (path.as_str(), panel) {
        ("/health", _) => Ok(json!({ "status": "ok" })),
        ("/record", _) => record(panels),
        (CLEAR, _) => {
            body.end().map_err(bad)?;
            panels.iter().for_each(|panel| panel.clear());
            Ok(json!({ "ok": true }))
        }
        (_, Some((panel, _))) => panel.act(&path, body).await,
        (_, None) => Err((StatusCode::NOT_FOUND, format!("unknown path {path}"))),
    }
}

fn record(panels: &Panels) -> Outcome {
    let mut whole = Map::new();
    for panel in panels.iter() {
        let part = panel.record();
        whole.extend(part.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?);
    }
    Ok(Value::Object(whole))
}
