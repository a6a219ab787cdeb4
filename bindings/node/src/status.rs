//! Credentials, events and status as plain objects; times are milliseconds since 1970.

use std::time::{SystemTime, UNIX_EPOCH};

use keyrotor::Credential;
use keyrotor::proto::{Counts, Event, Status, Timestamp};
use napi_derive::napi;

use crate::error::ErrorInfo;

/// A credential, secret and all.
#[napi(object)]
pub struct CredentialInfo {
    /// The name to log in with.
    pub user: String,
    /// The token or password.
    pub secret: String,
    /// When it was made.
    pub issued_at: f64,
    /// When it ends, if it does.
    pub expires_at: Option<f64>,
    /// 1 for a manager's first.
    pub generation: i64,
}

impl From<&Credential> for CredentialInfo {
    fn from(credential: &Credential) -> Self {
        Self {
            user: credential.user.to_string(),
            secret: credential.secret.expose().to_owned(),
            issued_at: since_epoch(credential.issued_at),
            expires_at: credential.expires_at.map(since_epoch),
            generation: signed(credential.generation),
        }
    }
}

/// What happened to a token.
#[napi(object)]
pub struct EventInfo {
    /// `EVENT_FETCHED`
    pub kind: String,
    /// When.
    pub at: Option<f64>,
    /// The source's name.
    pub source: String,
    /// Of the token that was current then.
    pub generation: i64,
    /// Of the same.
    pub expires_at: Option<f64>,
    /// Why, where something failed.
    pub error: Option<ErrorInfo>,
}

impl From<Event> for EventInfo {
    fn from(event: Event) -> Self {
        Self {
            kind: event.kind().as_str_name().to_owned(),
            at: event.at.map(milliseconds),
            source: event.source,
            generation: signed(event.generation),
            expires_at: event.expires_at.map(milliseconds),
            error: event.error.map(ErrorInfo::from),
        }
    }
}

/// How a manager stands.
#[napi(object)]
pub struct StatusInfo {
    /// `FRESH`
    pub state: String,
    /// The source's name.
    pub source: String,
    /// Of the current token.
    pub username: String,
    /// 0 before the first token.
    pub generation: i64,
    /// When the token was made.
    pub issued_at: Option<f64>,
    /// When it ends.
    pub expires_at: Option<f64>,
    /// When the next is fetched.
    pub next_refresh_at: Option<f64>,
    /// Why the last fetch failed.
    pub last_error: Option<ErrorInfo>,
    /// What was counted.
    pub counts: CountsInfo,
    /// For people.
    pub warnings: Vec<String>,
    /// Whether the client is logged in with the fallback password.
    pub fallback: bool,
    /// `UNCHECKED`
    pub identity: String,
}

impl From<Status> for StatusInfo {
    fn from(status: Status) -> Self {
        Self {
            state: status.state().as_str_name().to_owned(),
            identity: status.identity().as_str_name().to_owned(),
            source: status.source,
            username: status.username,
            generation: signed(status.generation),
            issued_at: status.issued_at.map(milliseconds),
            expires_at: status.expires_at.map(milliseconds),
            next_refresh_at: status.next_refresh_at.map(milliseconds),
            last_error: status.last_error.map(ErrorInfo::from),
            counts: status.counts.unwrap_or_default().into(),
            warnings: status.warnings,
            fallback: status.fallback,
        }
    }
}

/// What a manager counted.
#[napi(object)]
pub struct CountsInfo {
    /// Calls of the source.
    pub attempts: i64,
    /// That gave a token.
    pub fetched: i64,
    /// That did not.
    pub failed: i64,
    /// Refusals of servers.
    pub rejected: i64,
    /// Who is told of new tokens.
    pub subscribers: i64,
}

impl From<Counts> for CountsInfo {
    fn from(counts: Counts) -> Self {
        Self {
            attempts: signed(counts.attempts),
            fetched: signed(counts.fetched),
            failed: signed(counts.failed),
            rejected: signed(counts.rejected),
            subscribers: signed(counts.subscribers),
        }
    }
}

fn milliseconds(time: Timestamp) -> f64 {
    time.seconds as f64 * 1e3 + f64::from(time.nanos) / 1e6
}

fn since_epoch(time: SystemTime) -> f64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64() * 1e3
}

/// A count as JavaScript sees it.
pub(crate) fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
