//! A node as its connections see it. It decides about a login: faults first, then the token.

use crate::backend::Backend;
use crate::certificates::Certificates;
use crate::clock::{self, Clock};
use crate::command::Login;
use crate::config::Config;
use crate::door::Door;
use crate::faults::{Certificate, Conditions, Outage};
use crate::group::Group;
use crate::judge::{Case, Judge, Opinion};
use crate::ledger::Ledger;
use crate::policy::Policies;
use crate::record::{self, Closed, Outcome};
use crate::refusal::{Announcer, Refusal};
use crate::session::{Grant, Session, shown};
use crate::throttle::Throttle;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// `Gate` is what all connections to one node share; what is in an `Arc`, and the clock, are those of all nodes.
pub(crate) struct Gate {
    /// The node's number, counted from 0.
    pub(crate) node: usize,
    pub(crate) config: Arc<Config>,
    pub(crate) clock: Clock,
    pub(crate) judge: Arc<Judge>,
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
        let opinion = self.opinion(login);
        let relogin = session.has_logged_in();
        let ruling = self.rule(session, &opinion, relogin);
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
        self.note(session, login, &opinion, relogin, reason);
        answer
    }

    /// What the session stands in the way of comes first, then what the service is unable to, then the token.
    fn rule(&self, session: &Session, opinion: &Opinion, relogin: bool) -> Ruling {
        if session.only_listens() {
            return Ruling::Refuse(SUBSCRIBER, None);
        }
        if let Some(outage) = self.outage(relogin).or_else(|| self.too_many(relogin)) {
            return Ruling::Say(outage);
        }
        if self.refuses(&opinion.token_sha256) {
            return Ruling::Refuse("fault-refuse", None);
        }
        if session.in_multi() && !self.config.switches.reauth_in_multi {
            return Ruling::Refuse("in-multi", None);
        }
        match &opinion.outcome {
            Ok(grant) => Ruling::Accept(grant.clone()),
            Err((reason, check)) => Ruling::Refuse(reason, Some(check)),
        }
    }

    fn too_many(&self, relogin: bool) -> Option<Outage> {
        let full = self.throttle.as_ref().is_some_and(|throttle| !throttle.takes(clock::instant()));
        full.then(|| Outage::throttled(relogin))
    }

    fn opinion(&self, login: &Login) -> Opinion {
        let (config, group, policies) = (&self.config, &self.group, &self.policies);
        self.judge.judge(&Case { config, group, policies, login, now: self.clock.now() })
    }

    /// What to do about a refusal that is not about the token.
    fn advice(&self, reason: &str) -> &'static str {
        match reason {
            SUBSCRIBER => "with RESP2 a connection that subscribes cannot log in again",
            "in-multi" => "log in before MULTI or after EXEC",
            "throttled" if self.throttle.is_some() => {
                "more logins than `login_rate` allows, or the fault is set"
            }
            _ => "a fault is set; POST /faults/clear ends it",
        }
    }

    fn note(
        &self,
        session: &Session,
        login: &Login,
        opinion: &Opinion,
        relogin: bool,
        refused: Option<(&'static str, Option<&'static str>)>,
    ) {
        let (reason, check) = refused.unzip();
        let (user, check) = (shown(&login.user), check.flatten());
        let found = opinion.found.clone().filter(|_| check.is_some());
        if let Some(reason) = reason {
            self.refusals.tell(Refusal {
                front: "cache",
                client_name: session.name(),
                reason,
                check,
                found: found.clone(),
                advice: check.map_or_else(|| self.advice(reason).to_owned(), |_| opinion.advice.clone()),
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
            token_sha256: opinion.token_sha256.clone(),
            access_key: opinion.signer.clone(),
            date: opinion.date.clone(),
            outcome: if refused.is_some() { Outcome::Refused } else { Outcome::Accepted },
            reason,
            check,
            found,
            relogin,
            lease_left_seconds: session.lease_left(),
        });
    }
}
