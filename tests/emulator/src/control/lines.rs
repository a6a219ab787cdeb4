//! The record as JSON lines.

use super::panel::{Outcome, bad};
use super::routes::Panels;
use hyper::StatusCode;
use serde_json::Value;

/// The events that a query such as `since=17&connection=3` asks for.
pub(super) fn events(panels: &Panels, query: Option<&str>) -> Outcome {
    let (mut since, mut connection) = (0, None);
    for pair in query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let number = || value.parse().map_err(|_| bad(format!("{name}: expected a whole number")));
        match name {
            "since" => since = number()?,
            "connection" => connection = Some(number()?),
            _ => return Err(bad(format!("{name}: unknown parameter"))),
        }
    }
    let mut events = Vec::new();
    for panel in panels.iter() {
        let part = panel.events(since, connection);
        events.extend(part.map_err(|error| (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))?);
    }
    Ok(Value::Array(events))
}

/// One event a line.
pub(super) fn text(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}
