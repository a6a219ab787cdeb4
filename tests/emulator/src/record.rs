//! What the emulator saw: logins, connections and totals. Tokens appear by their hash only.

use serde::Serialize;

/// `Record` is a snapshot; the newest entries stand last.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
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
    /// Connections that were taken.
    pub connections: u64,
    /// Logins that were accepted, first ones and later ones.
    pub logins_accepted: u64,
    /// Logins that were refused.
    pub logins_refused: u64,
    /// Accepted logins on connections that had one before.
    pub relogins: u64,
    /// Connections cut at the session limit, or when their Entra token ended.
    pub session_limit_cuts: u64,
    /// Commands passed to the backend, logins included.
    pub commands: u64,
    /// Commands refused for want of a login.
    pub commands_refused: u64,
}

/// `LoginCommand` is the command that carried a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LoginCommand {
    /// AUTH.
    Auth,
    /// HELLO … AUTH.
    Hello,
}

/// `Outcome` is what became of a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The token was good.
    Accepted,
    /// It was not, or a fault was set.
    Refused,
}

/// `Login` is one AUTH or HELLO … AUTH.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Login {
    /// When, by the judging clock, in RFC 3339.
    pub time: String,
    /// The node's number, counted from 0.
    pub node: usize,
    /// The connection's id.
    pub connection: u64,
    /// The client's port.
    pub peer_port: u16,
    /// The name the client had given itself by then.
    pub client_name: Option<String>,
    /// The command.
    pub command: LoginCommand,
    /// The user of the command; `default` where it names none.
    pub user: String,
    /// SHA-256 of the token, in hex.
    pub token_sha256: String,
    /// The access key id that the token names; for Entra the application's id.
    pub access_key: Option<String>,
    /// The token's `X-Amz-Date`; for Entra its `iat`, in RFC 3339.
    pub date: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it was refused: a [reason](crate::verify) ([Azure's](crate::azure)), or `fault-refuse`, `unavailable`, `throttled`, `iam-outage`,
    /// `in-multi`, `subscriber` (RESP2, where the backend refuses every login).
    pub reason: Option<&'static str>,
    /// The check behind the reason, such as `E24` or `A10`.
    pub check: Option<&'static str>,
    /// What the token says where the check failed, as far as that is a plain name.
    pub found: Option<String>,
    /// Whether this connection had logged in before.
    pub relogin: bool,
    /// What the session has left after this login, in seconds.
    pub lease_left_seconds: Option<f64>,
}

/// `Closed` says what ended a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Closed {
    /// The client left or broke the protocol.
    Client,
    /// The session limit was reached; for Azure, the token ended.
    SessionLimit,
    /// The kill fault.
    Killed,
    /// The cut fault.
    Cut,
    /// Its user was taken out of the user group.
    UserRemoved,
    /// Too many commands without a login.
    Unauthenticated,
    /// The backend closed its side or was not there.
    Backend,
    /// The emulator was stopped.
    Stopped,
}

/// `Connection` is one client connection.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Connection {
    /// Its id, counted from 1.
    pub id: u64,
    /// The node's number, counted from 0.
    pub node: usize,
    /// The client's port.
    pub peer_port: u16,
    /// When it was opened, by the judging clock, in RFC 3339.
    pub opened: String,
    /// When it was closed.
    pub closed: Option<String>,
    /// What closed it.
    pub why: Option<Closed>,
    /// The name the client gave itself.
    pub client_name: Option<String>,
    /// The user of its last login that took effect.
    pub user: Option<String>,
    /// What its session has left, in seconds, while it is open.
    pub lease_left_seconds: Option<f64>,
    /// Commands passed to the backend, logins included.
    pub commands_forwarded: u64,
    /// Commands refused for want of a login.
    pub commands_refused: u64,
    /// Logins that were accepted, later ones included.
    pub logins: u64,
    /// Accepted logins after the first.
    pub relogins: u64,
    /// Whether its TLS session is one of before, which spares a full handshake.
    pub tls_resumed: bool,
}
