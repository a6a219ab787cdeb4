//! What a front brings to the control API.

use super::body::Body;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value};
use std::pin::Pin;

/// What a call ends with: the answer's JSON, or a status and the text of the error.
pub(crate) type Outcome = Result<Value, (StatusCode, String)>;
/// A call under way.
pub(crate) type Acting<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// `Panel` is one front's part of the control API: its faults and its share of the record.
pub(crate) trait Panel: Send + Sync {
    /// The method that `path` wants, if the path is one of this front's.
    fn method(&self, path: &str) -> Option<Method>;

    /// Does what a path of its own stands for.
    fn act(&self, path: &str, body: Body) -> Acting<'_>;

    /// What it adds to `GET /record`.
    fn record(&self) -> Result<Map<String, Value>, serde_json::Error>;

    /// What it adds to `GET /record.jsonl`: the events after the one of this number, on this connection or on all.
    fn events(&self, _since: u64, _connection: Option<u64>) -> Result<Vec<Value>, serde_json::Error> {
        Ok(Vec::new())
    }

    /// Ends its faults: a part of `POST /faults/clear`.
    fn clear(&self);
}

/// 400 with the field that is wrong.
pub(crate) fn bad(problem: String) -> (StatusCode, String) {
    (StatusCode::BAD_REQUEST, problem)
}

/// 409: it makes no sense as things are.
pub(crate) fn conflict(error: impl ToString) -> (StatusCode, String) {
    (StatusCode::CONFLICT, error.to_string())
}
