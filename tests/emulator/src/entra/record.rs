//! What the front saw, request by request. Tokens appear by their hash only.

use serde::Serialize;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// A client that asks without a pause must not fill the memory.
const KEPT: usize = 10_000;

/// `EntraRequest` is one request and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EntraRequest {
    /// When it was answered, by the judging clock, in RFC 3339.
    pub time: String,
    /// `token`, `app-service`, `imds`, `discovery`, `workload` or `unknown`.
    pub endpoint: &'static str,
    /// The application or identity, once it is known.
    pub client_id: Option<String>,
    /// How an application proved itself: `secret`, `certificate` or `federated`.
    pub proof: Option<&'static str>,
    /// What the token is for.
    pub audience: Option<String>,
    /// The answer's HTTP status.
    pub status: u16,
    /// Why there was no token: an `AADSTS` number, the platform's sentence, or `fault-failing`,
    /// `fault-throttling`, `fault-gone`.
    pub error: Option<String>,
    /// SHA-256 of the token that was handed out, in hex.
    pub token_sha256: Option<String>,
    /// When that token ends, whatever the answer said, in RFC 3339.
    pub expires: Option<String>,
    /// Whether the platform handed the same token out before.
    pub repeated: bool,
}

/// `Book` keeps the newest requests.
#[derive(Default)]
pub(super) struct Book(Mutex<VecDeque<EntraRequest>>);

impl Book {
    pub(super) fn enter(&self, request: EntraRequest) {
        let mut requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if requests.len() == KEPT {
            requests.pop_front();
        }
        requests.push_back(request);
    }

    /// The newest requests, at most 10,000, the newest last.
    pub(super) fn requests(&self) -> Vec<EntraRequest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
