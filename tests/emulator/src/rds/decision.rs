//! Decides about a login: what must be so before a token is asked for, then faults, then the token.

use super::config::{ADMIN, Kind};
use super::gate::Attempt;
use super::judge::Opinion;
use super::texts::{self, Trouble};
use super::wire::Fatal;

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
    pub(super) fn decide(&self, token: &[u8]) -> (Opinion, Result<(), Refusal>) {
        let opinion = self.gate.judge(&self.startup.user, token);
        let decision = self.trouble(&opinion).map_or(Ok(()), |trouble| Err(self.refusal(&opinion, trouble)));
        (opinion, decision)
    }

    fn trouble(&self, opinion: &Opinion) -> Option<Trouble> {
        // DSQL's were counted when they came.
        let limited = matches!(self.kind(), Kind::Rds | Kind::Proxy) && !self.gate.takes_one_more();
        match self.gate.conditions.outage(true) {
            Some(outage) if outage.reason == "iam-outage" => Some(Trouble::Outage),
            Some(_) => Some(Trouble::Throttled),
            None if limited => Some(Trouble::Throttled),
            None if self.gate.conditions.refuses(&opinion.token_sha256) => Some(Trouble::Fault),
            None => opinion.flaw.map(Trouble::Token),
        }
    }

    fn refusal(&self, opinion: &Opinion, trouble: Trouble) -> Refusal {
        let (kind, user) = (self.kind(), &self.startup.user);
        let (reason, check) = match trouble {
            Trouble::Token(flaw) => (flaw.name(), Some(flaw.id())),
            Trouble::Fault => ("fault-refuse", None),
            Trouble::Throttled => ("throttled", None),
            Trouble::Outage => ("iam-outage", None),
        };
        let has_log = matches!(kind, Kind::Rds | Kind::Proxy);
        let log = has_log.then(|| texts::log_line(user, &self.gate.caller(opinion), trouble));
        Refusal { reason, check, fatal: Some(texts::no(kind, user, trouble)), log }
    }
}
