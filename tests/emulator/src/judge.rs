//! Who judges the logins at a gate: the rules of the service that is played.

use crate::azure::{self, Identity, Place};
use crate::command::Login;
use crate::config::{Config, Service};
use crate::entra::Issuer;
use crate::group::Group;
use crate::keyring::Keyring;
use crate::policy::{Asked, Context, Policies};
use crate::session::Grant;
use crate::shared::Shared;
use crate::sigv4::sha256_hex;
use crate::verify::{Expected, Lives, Reason, Target, Verdict, judge};
use crate::{Error, date};
use std::sync::Arc;
use std::time::SystemTime;

/// `Judge` applies one service's rules.
pub(crate) enum Judge {
    /// Presigned requests of AWS, signed with these keys.
    Signature(Keyring),
    /// Access tokens of Entra, signed by this issuer.
    Entra(Arc<Issuer>),
}

/// `Case` is a login with what it is judged by.
pub(crate) struct Case<'a> {
    pub(crate) config: &'a Config,
    pub(crate) group: &'a Group,
    pub(crate) policies: &'a Policies,
    pub(crate) login: &'a Login,
    pub(crate) now: SystemTime,
}

/// `Opinion` is what is found out about a login, whatever else stands in its way.
pub(crate) struct Opinion {
    pub(crate) token_sha256: String,
    /// The access key or application that the token names.
    pub(crate) signer: Option<String>,
    /// When the token says it was made.
    pub(crate) date: Option<String>,
    /// What the token says where a check failed.
    pub(crate) found: Option<String>,
    /// What to do about the check that failed; empty if none did.
    pub(crate) advice: String,
    /// What the session gets, or the reason and the check that refuse it.
    pub(crate) outcome: Result<Grant, (&'static str, &'static str)>,
}

impl Judge {
    /// The judge of the service that is configured.
    pub(crate) fn of(config: &Config, shared: &Shared) -> Result<Self, Error> {
        if config.service != Service::Azure {
            return Ok(Self::Signature(shared.keys.clone()));
        }
        let problem = "`azure` needs the section `entra`, which makes its tokens";
        let missing = || Error::Config { field: "service", problem: problem.into() };
        shared.issuer.clone().map(Self::Entra).ok_or_else(missing)
    }

    /// Judges a login.
    pub(crate) fn judge(&self, case: &Case<'_>) -> Opinion {
        match self {
            Self::Signature(keys) => case.signature(keys),
            Self::Entra(issuer) => case.entra(issuer),
        }
    }
}

impl Case<'_> {
    fn signature(&self, keys: &Keyring) -> Opinion {
        let verdict = self.verdict(keys);
        let outcome = match (verdict.refused, verdict.signed_at()) {
            (None, Some(signed)) => Ok(Grant {
                user: self.user(),
                token_sha256: verdict.token_sha256.clone(),
                signed,
                lease: self.config.session_lease(),
                again: self.config.switches.same_token_prolongs,
            }),
            (refused, _) => {
                let reason = refused.unwrap_or(Reason::DateFormat);
                Err((reason.name(), reason.id()))
            }
        };
        let advice = verdict.refused.map(|reason| self.expected(&self.user()).advice(reason));
        let Verdict { token_sha256, access_key, date, found, .. } = verdict;
        Opinion { token_sha256, signer: access_key, date, found, advice: advice.unwrap_or_default(), outcome }
    }

    fn verdict(&self, keys: &Keyring) -> Verdict {
        let Self { config, login, now, .. } = *self;
        let user = std::str::from_utf8(&login.user).ok();
        let Some(user) = user.and_then(|user| self.group.member(user)) else {
            return Verdict::unread(&login.token, Reason::UnknownUser);
        };
        let Ok(token) = std::str::from_utf8(&login.token) else {
            return Verdict::unread(&login.token, Reason::Malformed);
        };
        let expected = self.expected(&user.name);
        let lives = Lives { time_scale: config.time_scale, token_life: config.token_life };
        let verdict = judge(token, &expected, keys, now, &config.switches, &lives);
        let context = Context { now, region: &config.region };
        let key = verdict.access_key.as_deref().unwrap_or_default();
        if verdict.accepted() && !self.policies.permit(key, &Asked::connect(config, user), &context) {
            return Verdict { refused: Some(Reason::NotAuthorized), ..verdict };
        }
        verdict
    }

    fn expected(&self, user: &str) -> Expected {
        let Self { config, .. } = *self;
        let target = Target::Cache {
            service: config.service,
            serverless: config.serverless,
            cluster: config.cluster.clone(),
            user: user.to_owned(),
        };
        Expected { region: config.region.clone(), target }
    }

    fn entra(&self, issuer: &Issuer) -> Opinion {
        let Self { login, now, .. } = *self;
        let token_sha256 = sha256_hex(&login.token);
        let refused = |reason: azure::Reason| Err((reason.name(), reason.id()));
        let texts = std::str::from_utf8(&login.user).ok().zip(std::str::from_utf8(&login.token).ok());
        let Some((user, token)) = texts else {
            let outcome = refused(azure::Reason::Malformed);
            let advice = azure::Reason::Malformed.advice(Place::Redis).to_owned();
            return Opinion { token_sha256, signer: None, date: None, found: None, advice, outcome };
        };
        let identity = Identity { object: user, known: self.group.member(user).is_some() };
        let found = azure::judge(token, Place::Redis, identity, issuer, now);
        let outcome = match (found.refused, found.expires) {
            (None, Some(expires)) => Ok(Grant {
                user: self.user(),
                token_sha256: token_sha256.clone(),
                // The token that ends later is the newer one.
                signed: expires,
                lease: expires.duration_since(now).unwrap_or_default(),
                again: false,
            }),
            (reason, _) => refused(reason.unwrap_or(azure::Reason::Claims)),
        };
        let advice = found.refused.map(|reason| reason.advice(Place::Redis).to_owned()).unwrap_or_default();
        let date = found.issued.map(date::rfc3339);
        Opinion { token_sha256, signer: found.application, date, found: None, advice, outcome }
    }

    fn user(&self) -> String {
        String::from_utf8_lossy(&self.login.user).into_owned()
    }
}
