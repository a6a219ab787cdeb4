//! Judges what came as a password, by the rules of the service that is played.

use super::config::{DSQL_ADMIN, Kind, Settings};
use super::gate::Gate;
use crate::azure::{self, Identity, Place};
use crate::entra::Issuer;
use crate::keyring::Keyring;
use crate::policy::{Asked, Context};
use crate::shared::Shared;
use crate::sigv4::sha256_hex;
use crate::verify::{self, Expected, Target, Verdict};
use crate::{Error, date};
use std::sync::Arc;

/// `Judge` applies one service's rules.
pub(super) enum Judge {
    /// Presigned requests of AWS, signed with these keys.
    Signature(Keyring),
    /// Access tokens of Entra, signed by this issuer.
    Entra(Arc<Issuer>),
}

impl Judge {
    /// The judge of this service.
    pub(super) fn of(kind: Kind, shared: &Shared) -> Result<Self, Error> {
        if kind != Kind::Azure {
            return Ok(Self::Signature(shared.keys.clone()));
        }
        let problem = "needs the section `entra`, which makes its tokens";
        let missing = || Error::Config { field: kind.section(), problem: problem.into() };
        shared.issuer.clone().map(Self::Entra).ok_or_else(missing)
    }
}

/// `Flaw` is the check that a token failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Signature(verify::Reason),
    Entra(azure::Reason),
}

impl Flaw {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Signature(reason) => reason.name(),
            Self::Entra(reason) => reason.name(),
        }
    }

    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Signature(reason) => reason.id(),
            Self::Entra(reason) => reason.id(),
        }
    }
}

/// `Opinion` is what is found out about a token, whatever else stands in its way.
pub(super) struct Opinion {
    pub(super) token_sha256: String,
    /// The access key or application that the token names.
    pub(super) signer: Option<String>,
    /// When the token says it was made.
    pub(super) date: Option<String>,
    /// What the token says where a check failed.
    pub(super) found: Option<String>,
    pub(super) flaw: Option<Flaw>,
}

impl From<Verdict> for Opinion {
    fn from(verdict: Verdict) -> Self {
        let Verdict { token_sha256, access_key, date, found, refused } = verdict;
        Self { token_sha256, signer: access_key, date, found, flaw: refused.map(Flaw::Signature) }
    }
}

impl Gate {
    /// Judges the token of a role.
    pub(super) fn judge(&self, user: &str, token: &[u8]) -> Opinion {
        match &self.judge {
            Judge::Signature(keys) => self.signature(keys, user, token).into(),
            Judge::Entra(issuer) => self.entra(issuer, user, token),
        }
    }

    fn signature(&self, keys: &Keyring, user: &str, token: &[u8]) -> Verdict {
        let Ok(text) = std::str::from_utf8(token) else {
            return Verdict::unread(token, verify::Reason::Malformed);
        };
        let settings = &self.settings;
        let (now, expected) = (self.clock.now(), self.expected(user));
        let verdict = verify::judge(text, &expected, keys, now, &settings.switches, &settings.lives);
        let context = Context { now, region: &settings.region };
        let key = verdict.access_key.as_deref().unwrap_or_default();
        if verdict.accepted() && !self.policies.permit(key, &self.asked(user), &context) {
            return Verdict { refused: Some(verify::Reason::NotAuthorized), ..verdict };
        }
        verdict
    }

    fn entra(&self, issuer: &Issuer, user: &str, token: &[u8]) -> Opinion {
        let object = self.settings.principals.get(user);
        let identity = Identity { object: object.map_or("", String::as_str), known: object.is_some() };
        // What is not UTF-8 is no token either.
        let text = std::str::from_utf8(token).unwrap_or_default();
        let found = azure::judge(text, Place::Postgres, identity, issuer, self.clock.now());
        Opinion {
            token_sha256: sha256_hex(token),
            signer: found.application,
            date: found.issued.map(date::rfc3339),
            found: None,
            flaw: found.refused.map(Flaw::Entra),
        }
    }

    fn expected(&self, user: &str) -> Expected {
        let host = self.settings.host.clone();
        let target = match self.settings.kind {
            Kind::Dsql => Target::Dsql { host, action: dsql_actions(user).0.to_owned() },
            Kind::Rds | Kind::Proxy | Kind::Azure => {
                Target::Rds { host, port: self.port, user: user.to_owned() }
            }
        };
        Expected { region: self.settings.region.clone(), target }
    }

    /// What to do about a refusal.
    pub(super) fn advice(&self, user: &str, reason: &str, flaw: Option<Flaw>) -> String {
        let advice = match (flaw, reason) {
            (Some(Flaw::Signature(reason)), _) => return self.expected(user).advice(reason),
            (Some(Flaw::Entra(reason)), _) => reason.advice(Place::Postgres),
            (None, "no-tls") => "connect with TLS: sslmode=verify-full, or require",
            (None, "replication") => "a role that logs in with tokens cannot replicate",
            (None, "reserved") => "the role is the service's own",
            (None, "connection-limit") => "close connections that are not needed",
            (None, "no-password") => "send a token as the password",
            (None, "backend") => self.settings.kind.advice_on_roles(),
            (None, "throttled") => "log in less often; or a fault is set, which POST /faults/clear ends",
            (None, _) => "a fault is set; POST /faults/clear ends it",
        };
        advice.to_owned()
    }

    /// What a login asks of IAM.
    fn asked(&self, user: &str) -> Asked {
        let Settings { kind, region, account, resource, .. } = &self.settings;
        match kind {
            Kind::Rds | Kind::Proxy | Kind::Azure => {
                Asked::one("rds-db:connect", "rds-db", region, account, &format!("dbuser:{resource}/{user}"))
            }
            Kind::Dsql => {
                Asked::one(dsql_actions(user).1, "dsql", region, account, &format!("cluster/{resource}"))
            }
        }
    }

    /// Who signed a token, for the log: no more is known of it than its key.
    pub(super) fn caller(&self, opinion: &Opinion) -> String {
        let key = opinion.signer.as_deref().unwrap_or("unknown");
        format!("arn:aws:iam::{}:user/{key}", self.settings.account)
    }
}

/// What a token for this role says, and what IAM calls it.
fn dsql_actions(user: &str) -> (&'static str, &'static str) {
    match user {
        DSQL_ADMIN => ("DbConnectAdmin", "dsql:DbConnectAdmin"),
        _ => ("DbConnect", "dsql:DbConnect"),
    }
}
