//! Where every request arrives: finds its endpoint, lets the faults strike, and keeps the record.

use super::config::Config;
use super::endpoint::Endpoint;
use super::issuer::{Identity, Issued, Issuer};
use super::projected::Projected;
use super::record::{Asked, Log, Verdict};
use super::{container, imds, sso, sts};
use crate::http::{self, Answer, Call, Gone};
use crate::random::Random;
use crate::shared::Shared;
use crate::trouble::{Conditions, Trouble};
use crate::{Error, clock, date};
use hyper::StatusCode;
use hyper::header::{DATE, HeaderValue};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// `Desk` is what all endpoints have in common.
pub(super) struct Desk {
    pub(super) config: Config,
    pub(super) shared: Shared,
    pub(super) random: Arc<Random>,
    pub(super) issuer: Issuer,
    pub(super) projected: Projected,
    pub(super) conditions: Conditions<Endpoint>,
    pub(super) log: Log,
    pub(super) sessions: imds::Sessions,
}

/// `Reply` is an endpoint's answer, and what the record says of it.
pub(super) struct Reply {
    pub(super) answer: Answer,
    pub(super) request: String,
    pub(super) caller: Option<String>,
    pub(super) refused: Option<String>,
    pub(super) handed: Option<Handed>,
}

/// `Handed` is a key as an answer states it.
#[derive(Clone)]
pub(super) struct Handed {
    pub(super) issued: Issued,
    /// Its end, which may be a lie.
    pub(super) stated: String,
}

impl Reply {
    pub(super) fn new(call: &Call, answer: Answer) -> Self {
        let request = format!("{} {}", call.method(), call.uri().path());
        Self { answer, request, caller: None, refused: None, handed: None }
    }

    pub(super) fn refused(call: &Call, reason: &str, answer: Answer) -> Self {
        Self { refused: Some(reason.to_owned()), ..Self::new(call, answer) }
    }

    pub(super) fn handing(call: &Call, answer: Answer, handed: Handed) -> Self {
        Self { handed: Some(handed), ..Self::new(call, answer) }
    }
}

impl Desk {
    pub(super) fn new(config: Config, shared: Shared) -> Result<Self, Error> {
        let random = Arc::new(Random::new()?);
        let issuer = Issuer::new(shared.clone(), Arc::clone(&random));
        let life = config.file_life();
        let projected = Projected::new(&config.region, life, shared.clock.clone(), Arc::clone(&random))?;
        let (conditions, log, sessions) = Default::default();
        Ok(Self { config, shared, random, issuer, projected, conditions, log, sessions })
    }

    /// Answers one request.
    pub(super) async fn answer(&self, call: &Call) -> Result<Answer, Gone> {
        let Some(endpoint) = Endpoint::of(call.uri().path()) else {
            return Ok(http::answer(StatusCode::NOT_FOUND, "text/plain", "no endpoint has this path\n"));
        };
        let (delay, trouble) = self.conditions.meet(endpoint);
        if let Some(delay) = delay {
            clock::wait(delay).await;
        }
        let (reply, verdict) = match trouble {
            None => {
                let reply = self.serve(endpoint, call);
                let verdict = if reply.refused.is_some() { Verdict::Refused } else { Verdict::Answered };
                (reply, verdict)
            }
            Some(Trouble::Throttled) => (self.fail(endpoint, call, None), Verdict::Throttled),
            Some(Trouble::Failing(status)) => (self.fail(endpoint, call, Some(status)), Verdict::Failed),
            Some(Trouble::Gone) => (self.fail(endpoint, call, None), Verdict::Gone),
        };
        let gone = verdict == Verdict::Gone;
        self.log.push(self.asked(endpoint, &reply, verdict));
        let mut answer = reply.answer;
        // Clients compare it with their own clock.
        if let Ok(date) = HeaderValue::from_str(&date::http(self.now())) {
            answer.headers_mut().insert(DATE, date);
        }
        if gone { Err(Gone) } else { Ok(answer) }
    }

    fn serve(&self, endpoint: Endpoint, call: &Call) -> Reply {
        match endpoint {
            Endpoint::Imds => imds::answer(self, call),
            Endpoint::Ecs => container::ecs(self, call),
            Endpoint::PodIdentity => container::pod_identity(self, call),
            Endpoint::Sts => sts::answer(self, call),
            Endpoint::Sso => sso::answer(self, call),
        }
    }

    /// What the endpoint says when it fails with this status, or throttles.
    fn fail(&self, endpoint: Endpoint, call: &Call, status: Option<StatusCode>) -> Reply {
        match endpoint {
            Endpoint::Imds => imds::fail(call, status),
            Endpoint::Ecs | Endpoint::PodIdentity => container::fail(endpoint, call, status),
            Endpoint::Sts => sts::fail(self, call, status),
            Endpoint::Sso => sso::fail(call, status),
        }
    }

    fn asked(&self, endpoint: Endpoint, reply: &Reply, verdict: Verdict) -> Asked {
        let handed = reply.handed.as_ref();
        Asked {
            time: date::rfc3339(self.now()),
            endpoint,
            request: reply.request.clone(),
            caller: reply.caller.clone(),
            verdict,
            status: (verdict != Verdict::Gone).then(|| reply.answer.status().as_u16()),
            reason: reply.refused.clone(),
            access_key: handed.map(|handed| handed.issued.key.id.clone()),
            expires: handed.map(|handed| date::rfc3339_seconds(handed.issued.expires)),
            stated_expiration: handed.map(|handed| handed.stated.clone()),
        }
    }

    pub(super) fn now(&self) -> SystemTime {
        self.shared.clock.now()
    }

    /// The machine's key, as its endpoint states it.
    pub(super) fn machine_key(&self, endpoint: Endpoint, session: &str) -> Handed {
        let life = self.conditions.life(endpoint).unwrap_or_else(|| self.config.machine_life());
        let identity = Identity::session(&self.config.account, self.config.machine_role(), session);
        self.stated(endpoint, self.issuer.current(endpoint, identity, life))
    }

    /// The life of a session that was `asked` for.
    pub(super) fn session_life(&self, asked: Duration) -> Duration {
        self.conditions.life(Endpoint::Sts).unwrap_or_else(|| self.config.session_life(asked))
    }

    /// The key as the endpoint states it.
    pub(super) fn stated(&self, endpoint: Endpoint, issued: Issued) -> Handed {
        let stated = date::rfc3339_seconds(issued.expires + self.conditions.lie(endpoint));
        Handed { issued, stated }
    }
}
