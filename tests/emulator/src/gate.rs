//! Decides about a login: faults first, then the token.

use crate::backend::Backend;
use crate::clock::Clock;
use crate::command::Login;
use crate::config::Config;
use crate::faults::Conditions;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::record::{self, Outcome};
use crate::session::{Grant, Session, shown};
use crate::verify::{Expected, Lives, Reason, Target, Verdict, judge};

/// `Gate` is what all connections share.
pub(crate) struct Gate {
    pub(crate) config: Config,
    pub(crate) clock: Clock,
    pub(crate) keys: Keyring,
    pub(crate) ledger: Ledger,
    pub(crate) conditions: Conditions,
    pub(crate) backend: Backend,
}

/// `Answer` is how a login goes on.
pub(crate) enum Answer {
    /// The backend logs this user in.
    Accept(String),
    /// The backend says WRONGPASS.
    Refuse,
    /// The client gets this error.
    Say(String),
}

impl Gate {
    /// Decides, and writes the decision into the record.
    pub(crate) fn decide(&self, session: &Session, login: &Login) -> Answer {
        let verdict = self.judge(login);
        let relogin = session.has_logged_in();
        let note = |refused| self.note(session, login, &verdict, relogin, refused);
        if session.only_listens() {
            note(Some(("subscriber", None)));
            return Answer::Refuse;
        }
        if let Some(outage) = self.conditions.outage(relogin) {
            note(Some((outage.reason, None)));
            let stop = if self.config.switches.full_stop { "." } else { "" };
            return Answer::Say(format!("{}{stop}", outage.text));
        }
        let reason = if self.conditions.refuses(&verdict.token_sha256) {
            Some(("fault-refuse", None))
        } else if session.in_multi() && !self.config.switches.reauth_in_multi {
            Some(("in-multi", None))
        } else {
            verdict.refused.map(|reason| (reason.name(), Some(reason.id())))
        };
        let (None, Some(signed)) = (reason, verdict.signed_at()) else {
            let (reason, check) = reason.unwrap_or_default();
            if relogin && !self.config.switches.failed_reauth_keeps_session {
                session.forget();
            }
            note(Some((reason, check)));
            return Answer::Refuse;
        };
        let grant = Grant {
            token_sha256: verdict.token_sha256.clone(),
            signed,
            lease: self.config.session_lease(),
            again: self.config.switches.same_token_prolongs,
        };
        session.grant(grant);
        note(None);
        Answer::Accept(String::from_utf8_lossy(&login.user).into_owned())
    }

    fn judge(&self, login: &Login) -> Verdict {
        let user = std::str::from_utf8(&login.user).ok();
        let Some(user) = user.filter(|user| self.config.users.iter().any(|known| known == user)) else {
            return Verdict::unread(&login.token, Reason::UnknownUser);
        };
        let Ok(token) = std::str::from_utf8(&login.token) else {
            return Verdict::unread(&login.token, Reason::Malformed);
        };
        let target = Target::Cache {
            service: self.config.service,
            serverless: self.config.serverless,
            cluster: self.config.cluster.clone(),
            user: user.to_owned(),
        };
        let expected = Expected { region: self.config.region.clone(), target };
        let lives = Lives { time_scale: self.config.time_scale, token_life: self.config.token_life };
        judge(token, &expected, &self.keys, self.clock.now(), &self.config.switches, &lives)
    }

    fn note(
        &self,
        session: &Session,
        login: &Login,
        verdict: &Verdict,
        relogin: bool,
        refused: Option<(&'static str, Option<&'static str>)>,
    ) {
        let (reason, check) = refused.unzip();
        self.ledger.login(record::Login {
            time: self.ledger.now(),
            connection: session.id,
            peer_port: session.peer_port,
            client_name: session.name(),
            command: login.command,
            user: shown(&login.user),
            token_sha256: verdict.token_sha256.clone(),
            access_key: verdict.access_key.clone(),
            date: verdict.date.clone(),
            outcome: if refused.is_some() { Outcome::Refused } else { Outcome::Accepted },
            reason,
            check: check.flatten(),
            relogin,
            lease_left_seconds: session.lease_left(),
        });
    }
}
