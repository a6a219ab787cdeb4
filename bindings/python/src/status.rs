//! Status and counters as dictionaries that `json.dumps` takes: every key is always there.

use keyrotor::proto::{ErrorDetail, Event, EventKind, Timestamp, to_json};
use keyrotor::{ClientStats, ConnectionRole, ConnectionStats, IdentityState, Status};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// How a token manager stands.
pub(crate) fn status<'py>(py: Python<'py>, status: &Status) -> PyResult<Bound<'py, PyDict>> {
    let counts = status.counts.unwrap_or_default();
    let counted = PyDict::new(py);
    counted.set_item("attempts", counts.attempts)?;
    counted.set_item("fetched", counts.fetched)?;
    counted.set_item("failed", counts.failed)?;
    counted.set_item("rejected", counts.rejected)?;
    counted.set_item("subscribers", counts.subscribers)?;
    let dict = PyDict::new(py);
    dict.set_item("state", status.state().as_str_name().to_ascii_lowercase())?;
    dict.set_item("source", &status.source)?;
    dict.set_item("username", &status.username)?;
    dict.set_item("generation", status.generation)?;
    dict.set_item("issued_at", status.issued_at.as_ref().map(rfc3339))?;
    dict.set_item("expires_at", status.expires_at.as_ref().map(rfc3339))?;
    dict.set_item("next_refresh_at", status.next_refresh_at.as_ref().map(rfc3339))?;
    dict.set_item("last_error", status.last_error.as_ref().map(|error| detail(py, error)).transpose()?)?;
    dict.set_item("counts", counted)?;
    dict.set_item("warnings", &status.warnings)?;
    dict.set_item("fallback", status.fallback)?;
    dict.set_item("identity", identity(status.identity()))?;
    Ok(dict)
}

/// What a client did so far.
pub(crate) fn stats<'py>(py: Python<'py>, stats: &ClientStats) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("commands", stats.commands)?;
    dict.set_item("failures", stats.failures)?;
    dict.set_item("reauths", stats.reauths)?;
    dict.set_item("reconnects", stats.reconnects)?;
    dict.set_item("in_flight", stats.in_flight)?;
    let connections = stats.connections.iter().map(|one| connection(py, one));
    dict.set_item("connections", connections.collect::<PyResult<Vec<_>>>()?)?;
    Ok(dict)
}

fn connection<'py>(py: Python<'py>, stats: &ConnectionStats) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("address", &stats.address)?;
    dict.set_item("role", role(stats.role))?;
    dict.set_item("age", stats.age.as_secs_f64())?;
    dict.set_item("lease_left", stats.lease_left.map(|left| left.as_secs_f64()))?;
    dict.set_item("reauths", stats.reauths)?;
    dict.set_item("identity", identity(stats.identity))?;
    Ok(dict)
}

fn identity(identity: IdentityState) -> String {
    identity.as_str_name().to_ascii_lowercase()
}

fn role(role: ConnectionRole) -> &'static str {
    match role {
        ConnectionRole::Own => "own",
        ConnectionRole::Subscriber => "subscriber",
        _ => "shared",
    }
}

/// Something that happened.
pub(crate) fn event<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("kind", kind(event.kind()))?;
    dict.set_item("at", event.at.as_ref().map(rfc3339))?;
    dict.set_item("source", &event.source)?;
    dict.set_item("generation", event.generation)?;
    dict.set_item("expires_at", event.expires_at.as_ref().map(rfc3339))?;
    dict.set_item("error", event.error.as_ref().map(|error| detail(py, error)).transpose()?)?;
    dict.set_item("missed", event.missed)?;
    Ok(dict)
}

/// What kind of event it is, as Python knows it.
pub(crate) fn kind(kind: EventKind) -> String {
    kind.as_str_name().trim_start_matches("EVENT_").to_ascii_lowercase()
}

/// The attributes of an error.
pub(crate) fn detail<'py>(py: Python<'py>, error: &ErrorDetail) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("code", error.code)?;
    dict.set_item("name", &error.name)?;
    dict.set_item("message", &error.message)?;
    dict.set_item("retryable", error.retryable)?;
    dict.set_item("field", &error.field)?;
    dict.set_item("server_text", &error.server_text)?;
    dict.set_item("source", &error.source)?;
    Ok(dict)
}

fn rfc3339(time: &Timestamp) -> String {
    // proto3 JSON writes a timestamp as a text.
    to_json(time).trim_matches('"').to_owned()
}
