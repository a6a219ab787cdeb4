//! What a front saw: logins, connections and totals. Tokens appear by their hash only, passwords not at all.

use crate::record::Outcome;
use serde::Serialize;

/// `Record` is a snapshot; the newest entries stand last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Record {
    /// Counts since the start.
    pub totals: Totals,
    /// The newest logins that were judged or turned away, at most 10,000.
    pub logins: Vec<Login>,
    /// The newest closed connections, at most 10,000, then all open ones.
    pub connections: Vec<Connection>,
}

/// `Totals` counts everything since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Connections that were taken, those that cancel a query included.
    pub connections: u64,
    /// Logins that were accepted.
    pub logins_accepted: u64,
    /// Logins that were refused.
    pub logins_refused: u64,
    /// Sessions that were cut at the session limit.
    pub session_limit_cuts: u64,
    /// Requests to cancel a query.
    pub cancels: u64,
}

/// `Method` is how a role proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// By a token of AWS's.
    Iam,
    /// By a token of Entra's.
    Entra,
    /// By its password, which PostgreSQL checks.
    Password,
    /// It was turned away before that was settled.
    None,
}

/// `Login` is one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Login {
    /// When, by the judging clock, in RFC 3339.
    pub time: String,
    /// The connection's id.
    pub connection: u64,
    /// The client's port.
    pub peer_port: u16,
    /// The role.
    pub user: String,
    /// The database; the role's name where the client names none.
    pub database: String,
    /// The name the client gives itself.
    pub application_name: Option<String>,
    /// The version of TLS, such as `TLSv1.3`.
    pub tls: Option<&'static str>,
    /// How the role was to prove who it is.
    pub method: Method,
    /// SHA-256 of the token, in hex.
    pub token_sha256: Option<String>,
    /// The access key id, or the application of Entra, that the token names.
    pub access_key: Option<String>,
    /// The token's `X-Amz-Date`, or its `iat` in RFC 3339.
    pub date: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused: a [reason](crate::verify) ([Azure's](crate::azure)), or `throttled`, `iam-outage`, `fault-refuse`, `fault-cut`,
    /// `no-tls`, `replication`, `reserved`, `connection-limit`, `no-password`, `backend` (PostgreSQL's refusal).
    pub reason: Option<&'static str>,
    /// The check behind the reason, such as `E24`.
    pub check: Option<&'static str>,
    /// What the client was told.
    pub sqlstate: Option<String>,
    /// The line of RDS' log `iam-db-auth-error`.
    pub log: Option<String>,
}

/// `End` says what ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The client left or broke the protocol.
    Client,
    /// Its login was refused.
    Refused,
    /// It did not log in within 60 s.
    LoginTimeout,
    /// It was there to cancel a query.
    Cancel,
    /// The session limit was reached.
    SessionLimit,
    /// The kill fault.
    Killed,
    /// The cut fault.
    Cut,
    /// PostgreSQL closed its side or was not there.
    Backend,
    /// The emulator was stopped.
    Stopped,
}

/// `Connection` is one client connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// Its id, counted from 1.
    pub id: u64,
    /// The client's port.
    pub peer_port: u16,
    /// When it was opened, by the judging clock, in RFC 3339.
    pub opened: String,
    /// When it was closed.
    pub closed: Option<String>,
    /// What closed it.
    pub why: Option<End>,
    /// The role that logged in.
    pub user: Option<String>,
}
