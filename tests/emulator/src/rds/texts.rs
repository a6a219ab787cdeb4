//! What clients and the log are told, as the table of the module's page has it.

use super::config::Kind;
use super::judge::Flaw;
use super::wire::{Fatal, Startup};
use crate::{azure, verify};
use std::net::IpAddr;

const REFUSED: &str = "28000";

/// The answer to a login with a token that came to nothing.
pub(super) fn no(kind: Kind, user: &str, why: Trouble) -> Fatal {
    match (kind, why) {
        (Kind::Azure, Trouble::Token(Flaw::Entra(reason))) => not_entras(user, reason),
        (_, Trouble::Throttled) => throttled(kind, user),
        _ => refused(kind, user),
    }
}

fn not_entras(user: &str, reason: azure::Reason) -> Fatal {
    let text = match reason {
        azure::Reason::Malformed => "The access token has invalid format".to_owned(),
        azure::Reason::Expired => {
            "The access token has expired. Acquire a new token and try again.".to_owned()
        }
        azure::Reason::Audience => {
            "The access token does not have a valid audience claim. Please acquire a new token for the resource \
             \"https://ossrdbms-aad.database.windows.net\"."
                .to_owned()
        }
        _ => return refused(Kind::Azure, user),
    };
    Fatal::new(REFUSED, text)
}

/// A token was not good enough.
fn refused(kind: Kind, user: &str) -> Fatal {
    match kind {
        Kind::Azure => Fatal::new(REFUSED, format!("Azure AD access token not valid for role {user}")),
        Kind::Rds => Fatal::new(REFUSED, format!("PAM authentication failed for user \"{user}\"")),
        Kind::Proxy => Fatal::new(
            REFUSED,
            format!(
                "The IAM authentication failed for the role {user}. Check the IAM token for this role and try again."
            ),
        ),
        Kind::Dsql => Fatal::new(REFUSED, "unable to accept connection, access denied"),
    }
}

/// Too many logins in a second.
pub(super) fn throttled(kind: Kind, user: &str) -> Fatal {
    match kind {
        Kind::Rds | Kind::Azure => refused(kind, user),
        Kind::Proxy => {
            Fatal::new(REFUSED, "The IAM authentication failed because of too many competing requests.")
        }
        Kind::Dsql => Fatal::new("53400", "Unable to accept connection, rate exceeded."),
    }
}

/// Too many connections are open.
pub(super) fn crowded() -> Fatal {
    Fatal::new("53300", "Unable to accept connection, too many open connections.")
}

/// The connection has no TLS.
pub(super) fn no_tls(kind: Kind, peer: IpAddr, startup: &Startup) -> Fatal {
    let Startup { user, database, .. } = startup;
    match kind {
        Kind::Rds | Kind::Azure => Fatal::new(
            REFUSED,
            format!(
                "no pg_hba.conf entry for host \"{peer}\", user \"{user}\", database \"{database}\", no encryption"
            ),
        ),
        Kind::Proxy => Fatal::new(REFUSED, "IAM authentication is allowed only with SSL connections."),
        Kind::Dsql => refused(kind, user),
    }
}

/// A role with a token cannot replicate.
pub(super) fn no_replication(kind: Kind, peer: IpAddr, user: &str) -> Fatal {
    match kind {
        Kind::Rds | Kind::Proxy | Kind::Azure => Fatal::new(
            REFUSED,
            format!(
                "no pg_hba.conf entry for replication connection from host \"{peer}\", user \"{user}\", SSL encryption"
            ),
        ),
        Kind::Dsql => refused(kind, user),
    }
}

/// The service's own role is nobody else's.
pub(super) fn reserved(kind: Kind, peer: IpAddr, startup: &Startup) -> Fatal {
    let Startup { user, database, .. } = startup;
    match kind {
        Kind::Rds | Kind::Proxy | Kind::Azure => Fatal::new(
            REFUSED,
            format!(
                "pg_hba.conf rejects connection for host \"{peer}\", user \"{user}\", database \"{database}\", SSL encryption"
            ),
        ),
        Kind::Dsql => refused(kind, user),
    }
}

/// The server is not there for the moment.
pub(super) fn away() -> Fatal {
    Fatal::new("57P03", "the database system is starting up")
}

/// Something else came where a password was asked for.
pub(super) fn no_password(kind: u8) -> Fatal {
    Fatal::new("08P01", format!("expected password response, got message type {kind}"))
}

/// The line of RDS' log `iam-db-auth-error` about a login that came to nothing. `caller` is an ARN.
pub(super) fn log_line(user: &str, caller: &str, why: Trouble) -> String {
    if let Trouble::Token(Flaw::Signature(verify::Reason::NotAuthorized)) = why {
        return format!(
            "[ERROR] Failed to authorize the connection request for user {user} because the IAM policy assumed by the \
             caller '{caller}' is not authorized to perform `rds-db:connect` on the DB instance. (Status Code: 403, \
             Error Code:NotAuthorized)"
        );
    }
    let (verb, why) = match why {
        Trouble::Token(Flaw::Signature(verify::Reason::Expired)) => (
            "authenticate",
            "because the token age is longer than 15 minutes. (Status Code: 400, Error Code:ExpiredToken)",
        ),
        Trouble::Token(_) | Trouble::Fault => (
            "authenticate",
            "because the provided token is malformed or otherwise invalid. (Status Code: 400, Error Code: InvalidToken)",
        ),
        Trouble::Throttled => (
            "authorize",
            "due to IAM DB authentication throttling. (Status Code: 429, Error Code: ThrottlingException)",
        ),
        Trouble::Outage => (
            "authorize",
            "due to an internal IAM DB authentication error. (Status Code: 500, Error Code: InternalError)",
        ),
    };
    format!("[ERROR] Failed to {verb} the connection request for user {user} {why}")
}

/// `Trouble` is what the log tells apart.
#[derive(Clone, Copy, Debug)]
pub(super) enum Trouble {
    Token(Flaw),
    /// The refuse fault.
    Fault,
    Throttled,
    Outage,
}
