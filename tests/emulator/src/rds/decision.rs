//! Decides about a login: what must be so before a token is asked for, then faults, then the token.

use super::config::{ADMIN, DSQL_ADMIN, Kind, Settings};
use super::gate::{Attempt, Gate};
use super::texts::{self, Trouble};
use super::wire::Fatal;
use crate::policy::{Asked, Context};
use crate::verify::{Expected, Reason, Target, Verdict, judge};

/// `Refusal` is a reason for the record and what the client and the log are told.
pub(super) struct Refusal {
    pub(super) reason: &'static str,
    pub(super) check: Option<&'static str>,
    /// `None` where the connection breaks off without a word.
    pub(super) fatal: Option<Fatal>,
    pub(super) log: Option<String>,
}

impl Refusal {
    pub(super) fn new(reason: &'static str, fatal: Fatal) -> Self {
        Self { reason, check: None, fatal: Some(fatal), log: None }
    }

    /// The cut fault.
    pub(super) fn cut() -> Self {
        Self { reason: "fault-cut", check: None, fatal: None, log: None }
    }
}

impl Attempt<'_> {
    fn kind(&self) -> Kind {
        self.gate.settings.kind
    }

    /// What must be so whoever logs in.
    pub(super) fn may_begin(&self) -> Result<(), Refusal> {
        let (kind, peer) = (self.kind(), self.session.peer.ip());
        if self.tls.is_none() && self.gate.settings.force_ssl {
            return Err(Refusal::new("no-tls", texts::no_tls(kind, peer, self.startup)));
        }
        if self.startup.user == ADMIN {
            return Err(Refusal::new("reserved", texts::reserved(kind, peer, self.startup)));
        }
        if kind == Kind::Dsql && !self.gate.takes_one_more() {
            return Err(Refusal::new("throttled", texts::throttled(kind, &self.startup.user)));
        }
        if self.gate.settings.connection_limit.is_some_and(|limit| self.gate.ledger.logged_in() >= limit) {
            return Err(Refusal::new("connection-limit", texts::crowded()));
        }
        Ok(())
    }

    /// What must be so for a login with a token.
    pub(super) fn may_use_a_token(&self) -> Result<(), Refusal> {
        let (kind, peer) = (self.kind(), self.session.peer.ip());
        if self.tls.is_none() {
            return Err(Refusal::new("no-tls", texts::no_tls(kind, peer, self.startup)));
        }
        if self.startup.replication {
            return Err(Refusal::new("replication", texts::no_replication(kind, peer, &self.startup.user)));
        }
        Ok(())
    }

    /// Judges what came as a password.
    pub(super) fn decide(&self, token: &[u8]) -> (Verdict, Result<(), Refusal>) {
        let user = &self.startup.user;
        let verdict = self.gate.judge(user, token);
        let refused = |reason, check, why| {
            let fatal = match why {
                Trouble::Throttled => texts::throttled(self.kind(), user),
                Trouble::Token(_) | Trouble::Outage => texts::refused(self.kind(), user),
            };
            let log =
                (self.kind() != Kind::Dsql).then(|| texts::log_line(user, &self.gate.caller(&verdict), why));
            Err(Refusal { reason, check, fatal: Some(fatal), log })
        };
        let limited = self.kind() != Kind::Dsql && !self.gate.takes_one_more();
        let decision = match (self.gate.conditions.outage(true), verdict.refused) {
            (Some(outage), _) if outage.reason == "iam-outage" => {
                refused(outage.reason, None, Trouble::Outage)
            }
            (Some(_), _) => refused("throttled", None, Trouble::Throttled),
            (None, _) if limited => refused("throttled", None, Trouble::Throttled),
            (None, _) if self.gate.conditions.refuses(&verdict.token_sha256) => {
                refused("fault-refuse", None, Trouble::Token(Reason::Malformed))
            }
            (None, Some(reason)) => refused(reason.name(), Some(reason.id()), Trouble::Token(reason)),
            (None, None) => Ok(()),
        };
        (verdict, decision)
    }
}

impl Gate {
    fn judge(&self, user: &str, token: &[u8]) -> Verdict {
        let Ok(text) = std::str::from_utf8(token) else {
            return Verdict::unread(token, Reason::Malformed);
        };
        let settings = &self.settings;
        let (now, expected) = (self.clock.now(), self.expected(user));
        let verdict = judge(text, &expected, &self.keys, now, &settings.switches, &settings.lives);
        let context = Context { now, region: &settings.region };
        let key = verdict.access_key.as_deref().unwrap_or_default();
        if verdict.accepted() && !self.policies.permit(key, &self.asked(user), &context) {
            return Verdict { refused: Some(Reason::NotAuthorized), ..verdict };
        }
        verdict
    }

    fn expected(&self, user: &str) -> Expected {
        let host = self.settings.host.clone();
        let target = match self.settings.kind {
            Kind::Rds | Kind::Proxy => Target::Rds { host, port: self.port, user: user.to_owned() },
            Kind::Dsql => Target::Dsql { host, action: dsql_actions(user).0.to_owned() },
        };
        Expected { region: self.settings.region.clone(), target }
    }

    /// What to do about a refusal.
    pub(super) fn advice(&self, user: &str, reason: &str, refused: Option<Reason>) -> String {
        let advice = match (refused, reason) {
            (Some(refused), _) => return self.expected(user).advice(refused),
            (None, "no-tls") => "connect with TLS: sslmode=verify-full, or require",
            (None, "replication") => "a role that logs in with tokens cannot replicate",
            (None, "reserved") => "the role is the service's own",
            (None, "connection-limit") => "close connections that are not needed",
            (None, "no-password") => "send a token as the password",
            (None, "backend") => {
                "PostgreSQL refused it: no such role or database, a wrong password, or `rds_iam` is not granted"
            }
            (None, "throttled") => "log in less often; or a fault is set, which POST /faults/clear ends",
            (None, _) => "a fault is set; POST /faults/clear ends it",
        };
        advice.to_owned()
    }

    /// What a login asks of IAM.
    fn asked(&self, user: &str) -> Asked {
        let Settings { kind, region, account, resource, .. } = &self.settings;
        match kind {
            Kind::Rds | Kind::Proxy => {
                Asked::one("rds-db:connect", "rds-db", region, account, &format!("dbuser:{resource}/{user}"))
            }
            Kind::Dsql => {
                Asked::one(dsql_actions(user).1, "dsql", region, account, &format!("cluster/{resource}"))
            }
        }
    }

    /// Who signed a token, for the log: no more is known of it than its key.
    fn caller(&self, verdict: &Verdict) -> String {
        let key = verdict.access_key.as_deref().unwrap_or("unknown");
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
