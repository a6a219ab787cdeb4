//! What all endpoints of the front share, and how a request finds its own.

use crate::clock::Clock;
use crate::date;
use crate::entra::config::EntraConfig;
use crate::entra::faults::EntraEndpoint;
use crate::entra::issuer::{Grant, Issued, Issuer};
use crate::entra::managed::{self, Cache, Platform};
use crate::entra::record::{Book, EntraRequest};
use crate::entra::refusal::Refusal;
use crate::entra::reply::Reply;
use crate::entra::route::Route;
use crate::entra::workload::WorkloadIssuer;
use crate::entra::{discovery, token};
use crate::http::{Answer, Call, Gone};
use crate::random::Random;
use crate::trouble::{Conditions, Trouble};
use crate::{Error, clock, jwt};
use hyper::StatusCode;
use hyper::header::HOST;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The name that Entra has in the cloud, by which clients may know this one too.
pub(super) const CLOUD: &str = "https://login.microsoftonline.com";

const UNAVAILABLE: &str = "The platform is not available.";

/// `Service` answers the requests of all listeners.
pub(super) struct Service {
    pub(super) config: EntraConfig,
    pub(super) clock: Clock,
    pub(super) issuer: Arc<Issuer>,
    pub(super) workload: WorkloadIssuer,
    pub(super) identity_header: String,
    /// The authority's address, `https://localhost:port`.
    pub(super) authority: String,
    pub(super) cache: Cache,
    pub(super) conditions: Conditions<EntraEndpoint>,
    /// What `Retry-After` says while requests are throttled, in seconds; 0 for nothing.
    pub(super) retry_after: AtomicU64,
    pub(super) random: Random,
    pub(super) book: Book,
}

/// `Asked` is a request with what its answer depends on beside the path.
pub(super) struct Asked {
    pub(super) call: Call,
    /// Scheme and host by which the client knows us.
    pub(super) origin: String,
}

impl Asked {
    /// A header, if it is a text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.call.headers().get(name)?.to_str().ok()
    }
}

impl Service {
    /// Answers a request that came over TLS (`secure`) or without.
    pub(super) async fn answer(&self, call: Call, secure: bool) -> Result<Answer, Gone> {
        let route = Route::of(call.uri().path(), secure);
        let host = call.headers().get(HOST).and_then(|host| host.to_str().ok()).unwrap_or("localhost");
        let origin = format!("{}://{host}", if secure { "https" } else { "http" });
        let asked = Asked { call, origin };
        let met = route.endpoint().map(|endpoint| self.conditions.meet(endpoint));
        let (delay, trouble) = met.unwrap_or_default();
        if let Some(delay) = delay {
            clock::wait(delay).await;
        }
        let reply = match trouble {
            Some(trouble) => Ok(self.fail(&route, &asked, trouble)),
            None => self.reply(&route, &asked),
        };
        let reply = reply.unwrap_or_else(|error| {
            let body = json!({ "error": "server_error", "error_description": error.to_string() });
            Reply::refused(StatusCode::INTERNAL_SERVER_ERROR, body, "internal".into())
        });
        self.enter(&route, &reply);
        if trouble == Some(Trouble::Gone) { Err(Gone) } else { Ok(reply.answer()) }
    }

    fn reply(&self, route: &Route, asked: &Asked) -> Result<Reply, Error> {
        match route {
            Route::Token(tenant) => match token::answer(self, asked, tenant) {
                Ok(granted) => granted,
                Err(refusal) => {
                    let mut reply = self.refuse(&refusal, asked);
                    reply.note.client_id = token::client_id(asked);
                    Ok(reply)
                }
            },
            Route::AppService => managed::answer(self, asked, Platform::AppService),
            Route::Imds => managed::answer(self, asked, Platform::Imds),
            Route::Configuration(tenant) => Ok(discovery::configuration(self, asked, tenant)),
            Route::Instance => Ok(discovery::instance(self, asked)),
            Route::Keys => Ok(Reply::ok(self.issuer.public_keys())),
            Route::WorkloadConfiguration => Ok(Reply::ok(self.workload.configuration())),
            Route::WorkloadKeys => Ok(Reply::ok(self.workload.public_keys())),
            Route::Unknown => {
                let body = json!({ "error": "not_found", "error_description": "no such endpoint is played" });
                Ok(Reply::refused(StatusCode::NOT_FOUND, body, "unknown-path".into()))
            }
        }
    }

    /// The answer in Entra's own form.
    pub(super) fn refuse(&self, refusal: &Refusal, asked: &Asked) -> Reply {
        let (trace, own) = (self.random.uuid(), self.random.uuid());
        let correlation = asked.header("client-request-id").unwrap_or(&own);
        refusal.reply(self.clock.now(), correlation, &trace)
    }

    fn fail(&self, route: &Route, asked: &Asked, trouble: Trouble) -> Reply {
        let (refusal, status, name) = match trouble {
            Trouble::Throttled => (Refusal::throttled(), StatusCode::TOO_MANY_REQUESTS, "fault-throttling"),
            Trouble::Failing(status) => (Refusal::failing(), status, "fault-failing"),
            // Nobody sees the answer.
            Trouble::Gone => (Refusal::failing(), StatusCode::SERVICE_UNAVAILABLE, "fault-gone"),
        };
        let mut reply = match route {
            Route::AppService => managed::problem(Platform::AppService, status, UNAVAILABLE),
            Route::Imds => managed::problem(Platform::Imds, status, UNAVAILABLE),
            _ => self.refuse(&refusal, asked),
        };
        let retry_after = Some(self.retry_after.load(Relaxed)).filter(|seconds| *seconds > 0);
        reply.retry_after = retry_after.filter(|_| trouble == Trouble::Throttled);
        reply.status = status;
        reply.note.error = Some(name.into());
        reply
    }

    /// Signs a token at the request of an endpoint, of the usual life unless a fault sets another.
    pub(super) fn issue(
        &self,
        endpoint: EntraEndpoint,
        identity: (&str, &str),
        audience: &str,
        proof: u8,
        usual: Duration,
    ) -> Result<Issued, Error> {
        let life = self.conditions.life(endpoint).unwrap_or_else(|| self.config.life(usual));
        let (client_id, object_id) = identity;
        let id = self.random.hex(16);
        let grant = Grant { client_id, object_id, audience, proof, life, id: &id };
        self.issuer.issue(&grant, self.clock.now())
    }

    /// The seconds that a token has left, and its end, as an endpoint states them: a fault lies about both.
    pub(super) fn stated(&self, endpoint: EntraEndpoint, issued: &Issued) -> (u64, u64) {
        let now = self.clock.now();
        let end = issued.expires + self.conditions.lie(endpoint);
        (end.duration_since(now).unwrap_or_default().as_secs(), jwt::seconds(end))
    }

    fn enter(&self, route: &Route, reply: &Reply) {
        let note = &reply.note;
        self.book.enter(EntraRequest {
            time: date::rfc3339(self.clock.now()),
            endpoint: route.name(),
            client_id: note.client_id.clone(),
            proof: note.proof,
            audience: note.audience.clone(),
            status: reply.status.as_u16(),
            error: note.error.clone(),
            token_sha256: note.token_sha256.clone(),
            expires: note.expires.clone(),
            repeated: note.repeated,
        });
    }
}
