//! What the endpoints were asked and what they gave. Secrets and tokens do not appear.

use super::endpoint::Endpoint;
use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A client that asks in a loop must not fill the memory.
const KEPT: usize = 10_000;

/// `Verdict` is what became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was answered.
    Answered,
    /// It was not as it must be, or the caller may not.
    Refused,
    /// The fault `failing`.
    Failed,
    /// The fault `throttling`.
    Throttled,
    /// The fault `gone`: the connection was closed without an answer.
    Gone,
}

/// `Asked` is one request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// When, by the judging clock, in RFC 3339.
    pub time: String,
    /// The endpoint.
    pub endpoint: Endpoint,
    /// Method and path, or the action where it is STS.
    pub request: String,
    /// The id of the access key that signed it.
    pub caller: Option<String>,
    /// What became of it.
    pub verdict: Verdict,
    /// The status of the answer.
    pub status: Option<u16>,
    /// Why it was refused: the code of the error.
    pub reason: Option<String>,
    /// The id of the key that was handed out.
    pub access_key: Option<String>,
    /// When that key really ends.
    pub expires: Option<String>,
    /// When the answer says that it ends.
    pub stated_expiration: Option<String>,
}

/// `Log` keeps the newest requests.
#[derive(Default)]
pub(super) struct Log(Mutex<VecDeque<Asked>>);

impl Log {
    pub(super) fn push(&self, asked: Asked) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back(asked);
    }

    pub(super) fn all(&self) -> Vec<Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
