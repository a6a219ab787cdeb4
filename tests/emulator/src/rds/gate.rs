//! What all connections of a front share, and the record of their logins.

use super::config::Settings;
use super::decision::Refusal;
use super::judge::{Judge, Opinion};
use super::ledger::Ledger;
use super::postgres::Postgres;
use super::record::{Login, Method};
use super::session::Session;
use super::wire::Startup;
use crate::clock::{self, Clock};
use crate::faults::Conditions;
use crate::policy::Policies;
use crate::record::Outcome;
use crate::refusal::{self, Announcer};
use crate::session::shown;
use crate::throttle::Throttle;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// `Gate` is one front's.
pub(super) struct Gate {
    pub(super) settings: Settings,
    /// The port that tokens are signed for.
    pub(super) port: u16,
    pub(super) clock: Clock,
    pub(super) judge: Judge,
    pub(super) ledger: Ledger,
    pub(super) conditions: Conditions,
    /// How many logins are still to be cut off.
    pub(super) cuts: AtomicU64,
    pub(super) throttle: Throttle,
    pub(super) policies: Policies,
    pub(super) server: Postgres,
    pub(super) refusals: Announcer,
}

/// `Attempt` is one login under way.
pub(super) struct Attempt<'a> {
    pub(super) gate: &'a Gate,
    pub(super) session: &'a Session,
    pub(super) startup: &'a Startup,
    /// The version of TLS.
    pub(super) tls: Option<&'static str>,
}

impl Gate {
    /// Whether one more login may pass now; counts it.
    pub(super) fn takes_one_more(&self) -> bool {
        self.throttle.takes(clock::instant())
    }

    /// Whether this login is to be cut off; counts it.
    pub(super) fn cuts(&self) -> bool {
        self.cuts.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    /// Ends all faults.
    pub(super) fn clear(&self) {
        self.conditions.clear();
        self.cuts.store(0, Relaxed);
    }
}

impl Attempt<'_> {
    /// Writes down a login that was let in.
    pub(super) fn accepted(&self, method: Method, opinion: Option<&Opinion>) {
        self.session.admit(shown(self.startup.user.as_bytes()));
        self.gate.ledger.login(self.entry(method, opinion));
    }

    /// Writes down one that was not.
    pub(super) fn refused(&self, method: Method, opinion: Option<&Opinion>, refusal: &Refusal) {
        self.announce(refusal.reason, refusal.check, opinion);
        self.gate.ledger.login(Login {
            outcome: Outcome::Refused,
            reason: Some(refusal.reason),
            check: refusal.check,
            sqlstate: refusal.fatal.as_ref().map(|fatal| fatal.sqlstate.to_owned()),
            log: refusal.log.clone(),
            ..self.entry(method, opinion)
        });
    }

    /// Writes down that PostgreSQL did not let it in.
    pub(super) fn refused_behind(&self, method: Method, sqlstate: Option<String>) {
        let entry = self.entry(method, None);
        let (outcome, reason) = (Outcome::Refused, Some("backend"));
        self.announce("backend", None, None);
        self.gate.ledger.login(Login { outcome, reason, sqlstate, ..entry });
    }

    fn announce(&self, reason: &'static str, check: Option<&'static str>, opinion: Option<&Opinion>) {
        let Startup { user, application_name, .. } = self.startup;
        // Of a token whose fault is another than the reason nothing is told.
        let of_token = opinion.filter(|_| check.is_some());
        self.gate.refusals.tell(refusal::Refusal {
            front: self.gate.settings.kind.section(),
            user: shown(user.as_bytes()),
            client_name: application_name.as_ref().map(|name| shown(name.as_bytes())),
            reason,
            check,
            found: of_token.and_then(|opinion| opinion.found.clone()),
            advice: self.gate.advice(user, reason, of_token.and_then(|opinion| opinion.flaw)),
        });
    }

    fn entry(&self, method: Method, opinion: Option<&Opinion>) -> Login {
        let Startup { user, database, application_name, .. } = self.startup;
        Login {
            time: self.gate.ledger.now(),
            connection: self.session.id,
            peer_port: self.session.peer.port(),
            user: shown(user.as_bytes()),
            database: shown(database.as_bytes()),
            application_name: application_name.as_ref().map(|name| shown(name.as_bytes())),
            tls: self.tls,
            method,
            token_sha256: opinion.map(|opinion| opinion.token_sha256.clone()),
            access_key: opinion.and_then(|opinion| opinion.signer.clone()),
            date: opinion.and_then(|opinion| opinion.date.clone()),
            outcome: Outcome::Accepted,
            reason: None,
            check: None,
            sqlstate: None,
            log: None,
        }
    }
}
