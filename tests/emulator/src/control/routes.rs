//! What each path does.

use super::body::Body;
use crate::Error;
use crate::faults::{Faults, Refuse};
use crate::gate::Gate;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;

const LARGEST_BODY: usize = 64 << 10;

type Outcome = Result<Value, (StatusCode, String)>;

/// Answers one request.
pub(super) async fn answer(
    gate: Arc<Gate>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (status, value) = match route(gate, request).await {
        Ok(value) => (StatusCode::OK, value),
        Err((status, error)) => (status, json!({ "error": error })),
    };
    let mut response = Response::new(Full::new(Bytes::from(format!("{value}\n"))));
    *response.status_mut() = status;
    let json = hyper::header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(hyper::header::CONTENT_TYPE, json);
    Ok(response)
}

async fn route(gate: Arc<Gate>, request: Request<Incoming>) -> Outcome {
    // A web page must not break things in a developer's emulator.
    if request.headers().contains_key(hyper::header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "requests from browsers are refused".into()));
    }
    let path = request.uri().path().to_owned();
    let fault = path.strip_prefix("/faults/").filter(|name| FAULTS.contains(name));
    match (path.as_str(), fault, request.method()) {
        ("/health", _, &Method::GET) => Ok(json!({ "status": "ok" })),
        ("/record", _, &Method::GET) => serde_json::to_value(gate.ledger.record())
            .map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string())),
        (_, Some(fault), &Method::POST) => {
            let limited = Limited::new(request.into_body(), LARGEST_BODY).collect().await;
            let bytes = limited.map_err(|error| bad(format!("body: {error}")))?.to_bytes();
            act(&Faults::new(gate), fault, Body::parse(&bytes).map_err(bad)?).await
        }
        ("/health" | "/record", ..) => Err((StatusCode::METHOD_NOT_ALLOWED, "use GET".into())),
        (_, Some(_), _) => Err((StatusCode::METHOD_NOT_ALLOWED, "use POST".into())),
        _ => Err((StatusCode::NOT_FOUND, format!("unknown path {path}"))),
    }
}

const FAULTS: [&str; 10] = [
    "refuse",
    "kill",
    "forget",
    "stall",
    "unavailable",
    "throttle",
    "iam-outage",
    "listen",
    "restart-backend",
    "clear",
];

fn bad(problem: String) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, problem)
}

fn conflict(error: Error) -> (StatusCode, String) {
    (StatusCode::CONFLICT, error.to_string())
}

async fn act(faults: &Faults, name: &str, mut body: Body) -> Outcome {
    let done = Ok(json!({ "ok": true }));
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
        "clear" => {
            body.end().map_err(bad)?;
            faults.clear();
        }
        _ => timed(faults, name, body).map_err(bad)?,
    }
    done
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
