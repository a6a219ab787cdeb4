//! A node as its connections see it. It decides about a login: faults first, then the token.

use crate::backend::Backend;
use crate::certificates::Certificates;
use crate::clock::{self, Clock};
use crate::command::Login;
use crate::config::Config;
use crate::door::Door;
use crate::faults::{Certificate, Conditions, Outage};
use crate::group::Group;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::policy::{Asked, Context, Policies};
use crate::record::{self, Closed, Outcome};
use crate::refusal::{Announcer, Refusal};
use crate::session::{Grant, Session, shown};
use crate::throttle::Throttle;
use crate::verify::{Expected, Lives, Reason, Target, Verdict, judge};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// `Gate` is what all connections to one node share; what is in an `Arc`, and the clock and the keys, are those of all nodes.
pub(crate) struct Gate {
    /// The node's number, counted from 0.
    pub(crate) node: usize,
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) keys: Keyring,
    pub(crate) ledger: Arc<Ledger>,
    /// The faults of this node.
    pub(crate) conditions: Conditions,
    /// The faults of all nodes.
    pub(crate) everywhere: Arc<Conditions>,
    pub(crate) backend: Backend,
    pub(crate) refusals: Announcer,
    pub(crate) group: Arc<Group>,
    pub(crate) policies: Arc<Policies>,
    pub(crate) throttle: Option<Arc<Throttle>>,
    pub(crate) door: Arc<Door>,
    /// None where it speaks without TLS.
    pub(crate) certificates: Option<Arc<Certificates>>,
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

/// A subscriber in RESP2, whose login the backend refuses whatever its token.
const SUBSCRIBER: &str = "subscriber";

/// `Ruling` is a decision and its reason.
enum Ruling {
    Accept(Grant),
    Refuse(&'static str, Option<&'static str>),
    Say(Outage),
}

impl Gate {
    fn conditions(&self) -> [&Conditions; 2] {
        [&self.everywhere, &self.conditions]
    }

    /// What answers a TLS handshake; `None` where there is none.
    pub(crate) fn acceptor(&self) -> Option<&TlsAcceptor> {
        let faults = self.conditions().map(Conditions::certificate);
        let kind = faults.into_iter().find(|kind| *kind != Certificate::Good).unwrap_or_default();
        self.certificates.as_ref().map(|certificates| certificates.acceptor(kind))
    }

    /// Whether a new TCP connection is served.
    pub(crate) fn takes_connections(&self) -> bool {
        self.conditions().iter().all(|conditions| conditions.takes_connections())
    }

    /// Waits while replies are held back.
    pub(crate) async fn held_back(&self) {
        for conditions in self.conditions() {
            conditions.held_back().await;
        }
    }

    /// After how many bytes the next reply is to be cut.
    pub(crate) fn cut(&self) -> Option<u64> {
        self.conditions().iter().find_map(|conditions| conditions.cut())
    }

    /// Counts a cut; `false` if none is left.
    pub(crate) fn claim_cut(&self) -> bool {
        self.conditions().iter().any(|conditions| conditions.claim_cut())
    }

    fn outage(&self, relogin: bool) -> Option<Outage> {
        self.conditions().iter().find_map(|conditions| conditions.outage(relogin))
    }

    fn refuses(&self, token_sha256: &str) -> bool {
        self.conditions().iter().any(|conditions| conditions.refuses(token_sha256))
    }

    /// Whether this is how the cluster's own servers log in.
    pub(crate) fn knows_keeper(&self, login: &Login) -> bool {
        let (user, password) = self.backend.keeper();
        self.backend.member().is_some() && login.user == user.as_bytes() && login.token == password.as_bytes()
    }

    /// Decides, and writes the decision into the record.
    pub(crate) fn decide(&self, session: &Session, login: &Login) -> Answer {
        let verdict = self.judge(login);
        let relogin = session.has_logged_in();
        let ruling = self.rule(session, login, &verdict, relogin);
        let (reason, answer) = match ruling {
            Ruling::Accept(grant) => {
                let user = grant.user.clone();
                session.grant(grant);
                // It may have been taken out of the group while its token was judged.
                if self.group.member(&user).is_none() {
                    session.end(Closed::UserRemoved);
                }
                (None, Answer::Accept(user))
            }
            Ruling::Refuse(reason, check) => {
                let about_the_token = reason != SUBSCRIBER;
                if relogin && about_the_token && !self.config.switches.failed_reauth_keeps_session {
                    session.forget();
                }
                (Some((reason, check)), Answer::Refuse)
            }
            Ruling::Say(outage) => {
                let stop = if self.config.switches.full_stop { "." } else { "" };
                (Some((outage.reason, None)), Answer::Say(format!("{}{stop}", outage.text)))
            }
        };
        self.note(session, login, &verdict, relogin, reason);
        answer
    }

    /// What the session stands in the way of comes first, then what the service is unable to, then the token.
    fn rule(&self, session: &Session, login: &Login, verdict: &Verdict, relogin: bool) -> Ruling {
        if session.only_listens() {
            return Ruling::Refuse(SUBSCRIBER, None);
        }
        if let Some(outage) = self.outage(relogin).or_else(|| self.too_many(relogin)) {
            return Ruling::Say(outage);
        }
        if self.refuses(&verdict.token_sha256) {
            return Ruling::Refuse("fault-refuse", None);
        }
        if session.in_multi() && !self.config.switches.reauth_in_multi {
            return Ruling::Refuse("in-multi", None);
        }
        match (verdict.refused, verdict.signed_at()) {
            (None, Some(signed)) => Ruling::Accept(Grant {
                user: String::from_utf8_lossy(&login.user).into_owned(),
                token_sha256: verdict.token_sha256.clone(),
                signed,
                lease: self.config.session_lease(),
                again: self.config.switches.same_token_prolongs,
            }),
            (refused, _) => {
                let reason = refused.unwrap_or(Reason::DateFormat);
                Ruling::Refuse(reason.name(), Some(reason.id()))
            }
        }
    }

    fn too_many(&self, relogin: bool) -> Option<Outage> {
        let full = self.throttle.as_ref().is_some_and(|throttle| !throttle.takes(clock::instant()));
        full.then(|| Outage::throttled(relogin))
    }

    fn judge(&self, login: &Login) -> Verdict {
        let user = std::str::from_utf8(&login.user).ok();
        let Some(user) = user.and_then(|user| self.group.member(user)) else {
            return Verdict::unread(&login.token, Reason::UnknownUser);
        };
        let Ok(token) = std::str::from_utf8(&login.token) else {
            return Verdict::unread(&login.token, Reason::Malformed);
        };
        let expected = self.expected(&user.name);
        let lives = Lives { time_scale: self.config.time_scale, token_life: self.config.token_life };
        let now = self.clock.now();
        let verdict = judge(token, &expected, &self.keys, now, &self.config.switches, &lives);
        let context = Context { now, region: &self.config.region };
        let key = verdict.access_key.as_deref().unwrap_or_default();
        if verdict.accepted() && !self.policies.permit(key, &Asked::connect(&self.config, user), &context) {
            return Verdict { refused: Some(Reason::NotAuthorized), ..verdict };
        }
        verdict
    }

    fn expected(&self, user: &str) -> Expected {
        let target = Target::Cache {
            service: self.config.service,
            serverless: self.config.serverless,
            cluster: self.config.cluster.clone(),
            user: user.to_owned(),
        };
        Expected { region: self.config.region.clone(), target }
    }

    fn advice(&self, user: &str, reason: &str, refused: Option<Reason>) -> String {
        match (reason, refused) {
            (SUBSCRIBER, _) => "with RESP2 a connection that subscribes cannot log in again".to_owned(),
            ("in-multi", _) => "log in before MULTI or after EXEC".to_owned(),
            (name, Some(refused)) if name == refused.name() => self.expected(user).advice(refused),
            ("throttled", _) if self.throttle.is_some() => {
                "more logins than `login_rate` allows, or the fault is set".to_owned()
            }
            _ => "a fault is set; POST /faults/clear ends it".to_owned(),
        }
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
        let (user, check) = (shown(&login.user), check.flatten());
        let found = verdict.found.clone().filter(|_| verdict.refused.map(Reason::name) == reason);
        if let Some(reason) = reason {
            self.refusals.tell(Refusal {
                front: "cache",
                client_name: session.name(),
                reason,
                check,
                found: found.clone(),
                advice: self.advice(&user, reason, verdict.refused),
                user: user.clone(),
            });
        }
        self.ledger.login(record::Login {
            time: self.ledger.now(),
            node: session.node,
            connection: session.id,
            peer_port: session.peer_port,
            client_name: session.name(),
            command: login.command,
            user,
            token_sha256: verdict.token_sha256.clone(),
            access_key: verdict.access_key.clone(),
            date: verdict.date.clone(),
            outcome: if refused.is_some() { Outcome::Refused } else { Outcome::Accepted },
            reason,
            check,
            found,
            relogin,
            lease_left_seconds: session.lease_left(),
        });
    }
}
