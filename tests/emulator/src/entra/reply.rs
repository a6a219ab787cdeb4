//! An answer, and what the record says of it.

use crate::date;
use crate::entra::issuer::Issued;
use crate::http::{self, Answer};
use crate::sigv4::sha256_hex;
use hyper::StatusCode;
use hyper::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use serde_json::Value;

/// `Reply` is what a request is answered with.
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    /// What `Retry-After` says, in seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) note: Note,
}

/// `Note` is what a request leaves in the record.
#[derive(Default)]
pub(super) struct Note {
    pub(super) client_id: Option<String>,
    pub(super) proof: Option<&'static str>,
    pub(super) audience: Option<String>,
    pub(super) error: Option<String>,
    pub(super) token_sha256: Option<String>,
    pub(super) expires: Option<String>,
    pub(super) repeated: bool,
}

impl Note {
    /// Adds the token that was handed out.
    pub(super) fn of(self, issued: &Issued) -> Self {
        Self {
            token_sha256: Some(sha256_hex(issued.token.as_bytes())),
            expires: Some(date::rfc3339(issued.expires)),
            ..self
        }
    }
}

impl Reply {
    pub(super) fn ok(body: Value) -> Self {
        Self { status: StatusCode::OK, body, retry_after: None, note: Note::default() }
    }

    pub(super) fn refused(status: StatusCode, body: Value, error: String) -> Self {
        let note = Note { error: Some(error), ..Note::default() };
        Self { status, body, retry_after: None, note }
    }

    /// The answer in HTTP.
    pub(super) fn answer(&self) -> Answer {
        let mut answer = http::json(self.status, &self.body);
        let headers = answer.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        answer
    }
}
