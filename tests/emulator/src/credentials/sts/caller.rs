//! Who signed a request, and whether they really did: SigV4 in the `Authorization` header.

use super::refusal::Refusal;
use crate::config::AccessKey;
use crate::credentials::desk::Desk;
use crate::credentials::issuer::Identity;
use crate::date;
use crate::http::Call;
use crate::sigv4::{self, Canonical, Scope};
use hyper::header::AUTHORIZATION;
use std::time::Duration;

/// IAM's page: "In most cases, a request must reach AWS within five minutes of the time stamp".
const SKEW: Duration = Duration::from_secs(300);
/// The global endpoint's region, which counts beside the regional endpoint's own.
const GLOBAL: &str = "us-east-1";

/// `Caller` has shown that the key is its own.
pub(super) struct Caller {
    pub(super) identity: Identity,
}

/// The parts of the `Authorization` header.
struct Authorization<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(call: &'a Call) -> Result<Self, Refusal> {
        let header = header(call, AUTHORIZATION.as_str()).ok_or_else(Refusal::missing_authentication)?;
        let parts = header.strip_prefix("AWS4-HMAC-SHA256 ").ok_or_else(|| {
            Refusal::incomplete_signature("Unsupported AWS 'algorithm'; use AWS4-HMAC-SHA256.")
        })?;
        let part = |name: &str| {
            let mut pairs = parts.split(',').filter_map(|pair| pair.trim().split_once('='));
            let found = pairs.find(|(key, _)| *key == name).map(|(_, value)| value);
            found.ok_or_else(|| {
                Refusal::incomplete_signature(&format!("Authorization header requires '{name}' parameter."))
            })
        };
        Ok(Self {
            credential: part("Credential")?,
            signed_headers: part("SignedHeaders")?,
            signature: part("Signature")?,
        })
    }

    fn key(&self) -> &'a str {
        self.credential.split('/').next().unwrap_or_default()
    }
}

/// The id of the key that a request names, whether it counts or not.
pub(super) fn named(call: &Call) -> Option<String> {
    Authorization::read(call).ok().map(|authorization| authorization.key().to_owned())
}

/// Checks key, session token, scope, signature and time.
pub(super) fn identify(desk: &Desk, call: &Call) -> Result<Caller, Refusal> {
    let authorization = Authorization::read(call)?;
    let date = header(call, "x-amz-date")
        .ok_or_else(|| Refusal::incomplete_signature("Authorization header requires 'X-Amz-Date' header."))?;
    let key = desk.shared.keys.find(authorization.key()).ok_or_else(Refusal::unknown_key)?;
    if header(call, "x-amz-security-token") != key.session_token.as_deref() {
        return Err(Refusal::unknown_key());
    }
    let scope = scope(desk, &authorization, date)?;
    verify(call, &authorization, &key, scope, date)?;
    timely(desk, date)?;
    if key.expires.is_some_and(|expires| expires <= desk.now()) {
        return Err(Refusal::expired_key());
    }
    Ok(Caller { identity: desk.issuer.identity(&desk.config.account, &key.id) })
}

fn scope<'a>(desk: &Desk, authorization: &Authorization<'a>, signed: &str) -> Result<Scope<'a>, Refusal> {
    let parts: Vec<_> = authorization.credential.split('/').collect();
    let [_, date, region, service, "aws4_request"] = *parts.as_slice() else {
        let problem =
            "Credential must have at least 5 slash-delimited elements: key/date/region/sts/aws4_request";
        return Err(Refusal::incomplete_signature(problem));
    };
    let wrong = |problem: String| Err(Refusal::signature_because(problem));
    if service != "sts" {
        return wrong("Credential should be scoped to correct service: 'sts'. ".into());
    }
    if region != desk.config.region && region != GLOBAL {
        return wrong("Credential should be scoped to a valid region. ".into());
    }
    if signed.get(..8) != Some(date) {
        return wrong(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
             from HTTP: '{date}' != '{}', from '{signed}'.",
            signed.get(..8).unwrap_or_default()
        ));
    }
    Ok(Scope { date, region, service })
}

fn verify(
    call: &Call,
    authorization: &Authorization<'_>,
    key: &AccessKey,
    scope: Scope<'_>,
    date: &str,
) -> Result<(), Refusal> {
    let names: Vec<_> = authorization.signed_headers.split(';').collect();
    let mut needed = vec!["host", "x-amz-date"];
    needed.extend(key.session_token.as_ref().map(|_| "x-amz-security-token"));
    if let Some(name) = needed.into_iter().find(|name| !names.contains(name)) {
        return Err(Refusal::signature_because(format!("'{name}' must be a 'SignedHeader' in the request.")));
    }
    let canonical = canonical(call, &names).ok_or_else(Refusal::signature)?;
    let computed = sigv4::signature(&key.secret, scope, date, &canonical);
    if sigv4::same(&computed, authorization.signature) { Ok(()) } else { Err(Refusal::signature()) }
}

/// The request as it is signed, with the headers of these names; `None` if one is not there.
fn canonical(call: &Call, names: &[&str]) -> Option<String> {
    let single_spaced = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let headers: Option<Vec<_>> =
        names.iter().map(|name| Some((*name, single_spaced(header(call, name)?)))).collect();
    let headers = headers?;
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let uri = call.uri();
    let query: Vec<_> = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).collect();
    let canonical = Canonical {
        method: call.method().as_str(),
        path: uri.path(),
        query: &sigv4::canonical_query(query.iter().map(|(name, value)| (&**name, &**value))),
        headers: &headers,
        body_sha256: &sigv4::sha256_hex(call.body()),
    };
    Some(canonical.text())
}

fn timely(desk: &Desk, date: &str) -> Result<(), Refusal> {
    let signed = date::parse_amz(date).ok_or_else(|| {
        Refusal::incomplete_signature("Date must be in ISO-8601 'basic format', as 20250615T123456Z.")
    })?;
    let now = desk.now();
    let (bound, side) = match now.duration_since(signed) {
        Ok(age) if age > SKEW => (now - SKEW, "Signature expired"),
        Err(ahead) if ahead.duration() > SKEW => (now + SKEW, "Signature not yet current"),
        _ => return Ok(()),
    };
    let (relation, sign) = if signed < now { ("earlier", '-') } else { ("later", '+') };
    Err(Refusal::signature_because(format!(
        "{side}: {date} is now {relation} than {} ({} {sign} 5 min.)",
        date::amz(bound),
        date::amz(now)
    )))
}

/// The value of a header that is there once.
fn header<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    let mut values = call.headers().get_all(name).iter();
    let value = values.next()?;
    if values.next().is_some() { None } else { value.to_str().ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::Request;

    /// The worked example of AWS's own SigV4 page, with spaces that do not count.
    #[test]
    fn a_request_has_the_published_signature() {
        let call = Request::get("https://iam.amazonaws.com/?Version=2010-05-08&Action=ListUsers")
            .header("content-type", "application/x-www-form-urlencoded;   charset=utf-8 ")
            .header("host", "iam.amazonaws.com")
            .header("x-amz-date", "20150830T123600Z")
            .body(hyper::body::Bytes::new())
            .expect("a request");
        let names = ["content-type", "host", "x-amz-date"];
        let canonical = canonical(&call, &names).expect("all headers");
        let scope = Scope { date: "20150830", region: "us-east-1", service: "iam" };
        let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
        assert_eq!(
            sigv4::signature(secret, scope, "20150830T123600Z", &canonical),
            "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
        );
        assert_eq!(super::canonical(&call, &["host", "x-amz-security-token"]), None);
    }
}
