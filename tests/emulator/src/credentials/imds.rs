//! The instance metadata service, version 2 only: session tokens, the role and its keys, the region, the identity.

use super::desk::{Desk, Reply};
use super::endpoint::Endpoint;
use crate::http::{self, Answer, Call};
use crate::random::Random;
use crate::{clock, date};
use hyper::header::HeaderValue;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const TOKEN_PATH: &str = "/latest/api/token";
const TTL: &str = "x-aws-ec2-metadata-token-ttl-seconds";
const TOKEN: &str = "x-aws-ec2-metadata-token";
const LONGEST_TTL: u64 = 21_600;
const ROLES: &str = "/latest/meta-data/iam/security-credentials/";
/// The newer form, whose answer names the account too.
const ROLES_EXTENDED: &str = "/latest/meta-data/iam/security-credentials-extended/";
const INSTANCE: &str = "i-0123456789abcdef0";

/// `Sessions` are the tokens that were handed out and have not expired.
#[derive(Default)]
pub(super) struct Sessions(Mutex<BTreeMap<String, Instant>>);

impl Sessions {
    fn open(&self, random: &Random, ttl: Duration) -> String {
        let token = format!("AQAEA{}", random.base64(39).replace(['+', '/'], "_"));
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = clock::instant();
        open.retain(|_, end| *end > now);
        open.insert(token.clone(), clock::after(ttl));
        token
    }

    fn knows(&self, token: &str) -> bool {
        let open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.get(token).is_some_and(|end| clock::instant() < *end)
    }
}

pub(super) fn answer(desk: &Desk, call: &Call) -> Reply {
    if call.uri().path() == TOKEN_PATH {
        return open(desk, call);
    }
    let token = call.headers().get(TOKEN).and_then(|value| value.to_str().ok());
    if !token.is_some_and(|token| desk.sessions.knows(token)) {
        return refusal(call, StatusCode::UNAUTHORIZED);
    }
    if call.method() != Method::GET {
        return refusal(call, StatusCode::METHOD_NOT_ALLOWED);
    }
    data(desk, call)
}

/// What it says when it fails, or throttles.
pub(super) fn fail(call: &Call, status: Option<StatusCode>) -> Reply {
    Reply::new(call, page(status.unwrap_or(StatusCode::TOO_MANY_REQUESTS)))
}

fn open(desk: &Desk, call: &Call) -> Reply {
    if call.method() != Method::PUT {
        return refusal(call, StatusCode::METHOD_NOT_ALLOWED);
    }
    // The service's defence against open proxies.
    if call.headers().contains_key("x-forwarded-for") {
        return refusal(call, StatusCode::FORBIDDEN);
    }
    let ttl = call.headers().get(TTL).and_then(|value| value.to_str().ok()?.parse().ok());
    let Some(ttl) = ttl.filter(|ttl| (1..=LONGEST_TTL).contains(ttl)) else {
        return refusal(call, StatusCode::BAD_REQUEST);
    };
    let token = desk.sessions.open(&desk.random, Duration::from_secs(ttl));
    let mut answer = text(token);
    answer.headers_mut().insert(TTL, HeaderValue::from(ttl));
    Reply::new(call, answer)
}

fn data(desk: &Desk, call: &Call) -> Reply {
    // SDKs end the names of leaves with a slash or not, as they like.
    let path = call.uri().path().trim_end_matches('/');
    for (folder, extended) in [(ROLES, false), (ROLES_EXTENDED, true)] {
        if path == folder.trim_end_matches('/') {
            return Reply::new(call, text(desk.config.machine_role().to_owned()));
        }
        match path.strip_prefix(folder) {
            None => {}
            Some(role) if role == desk.config.machine_role() => return keys(desk, call, extended),
            Some(_) => return refusal(call, StatusCode::NOT_FOUND),
        }
    }
    let region = &desk.config.region;
    match path {
        "/latest/meta-data/placement/region" => Reply::new(call, text(region.clone())),
        "/latest/meta-data/placement/availability-zone" => Reply::new(call, text(format!("{region}a"))),
        "/latest/meta-data/instance-id" => Reply::new(call, text(INSTANCE.to_owned())),
        "/latest/dynamic/instance-identity/document" => Reply::new(call, document(desk)),
        _ => refusal(call, StatusCode::NOT_FOUND),
    }
}

fn keys(desk: &Desk, call: &Call, extended: bool) -> Reply {
    let handed = desk.machine_key(Endpoint::Imds, INSTANCE);
    let mut value = json!({
        "Code": "Success",
        "LastUpdated": date::rfc3339_seconds(handed.issued.issued),
        "Type": "AWS-HMAC",
        "AccessKeyId": handed.issued.key.id,
        "SecretAccessKey": handed.issued.key.secret,
        "Token": handed.issued.key.session_token,
        "Expiration": handed.stated,
    });
    if extended && let Value::Object(fields) = &mut value {
        fields.insert("AccountId".into(), json!(desk.config.account));
    }
    Reply::handing(call, text(format!("{value:#}")), handed)
}

fn document(desk: &Desk) -> Answer {
    let value = json!({
        "accountId": desk.config.account,
        "architecture": "x86_64",
        "availabilityZone": format!("{}a", desk.config.region),
        "imageId": "ami-0123456789abcdef0",
        "instanceId": INSTANCE,
        "instanceType": "t3.micro",
        "privateIp": "127.0.0.1",
        "region": desk.config.region,
        "version": "2017-09-30",
    });
    text(format!("{value:#}"))
}

/// The service sends JSON as plain text too.
fn text(body: String) -> Answer {
    http::answer(StatusCode::OK, "text/plain", body)
}

fn refusal(call: &Call, status: StatusCode) -> Reply {
    Reply::refused(call, status.canonical_reason().unwrap_or_default(), page(status))
}

fn page(status: StatusCode) -> Answer {
    let title = format!("{} - {}", status.as_u16(), status.canonical_reason().unwrap_or_default());
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n<html xmlns=\"http://www.w3.org/1999/xhtml\">\n \
         <head>\n  <title>{title}</title>\n </head>\n <body>\n  <h1>{title}</h1>\n </body>\n</html>\n"
    );
    http::answer(status, "text/html", body)
}
