//! A stand-in for Entra's login server and for the two kinds of metadata service. It verifies what it is sent: secrets,
//! signatures of assertions, headers.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ring::{digest, signature};
use serde_json::{Value, json};

pub(crate) const TENANT: &str = "11111111-aaaa-bbbb-cccc-000000000001";
pub(crate) const CLIENT: &str = "22222222-aaaa-bbbb-cccc-000000000002";
pub(crate) const OBJECT: &str = "33333333-aaaa-bbbb-cccc-000000000003";
pub(crate) const SECRET: &str = "made-up+secret/with=signs";
pub(crate) const HEADER: &str = "made-up-identity-header";
pub(crate) const SCOPE: &str = "https://redis.azure.com/.default";
pub(crate) const KEY: &str = include_str!("../data/rsa-key-for-tests.pem");

/// A certificate of [`KEY`], valid between these two years.
pub(crate) fn certificate(from: i32, to: i32) -> rcgen::Certificate {
    let key = rcgen::KeyPair::from_pem(KEY).unwrap();
    let mut parameters = rcgen::CertificateParams::new(Vec::new()).unwrap();
    parameters.not_before = rcgen::date_time_ymd(from, 1, 1);
    parameters.not_after = rcgen::date_time_ymd(to, 1, 1);
    parameters.self_signed(&key).unwrap()
}

type Form = BTreeMap<String, String>;
type Refusal = (u16, Value);
/// Status, headers, body.
type Scripted = (u16, Vec<(&'static str, String)>, String);

/// What the stand-in does, and what it saw.
pub(crate) struct State {
    /// How long its tokens live.
    pub(crate) life: Duration,
    /// Its clock.
    pub(crate) now: SystemTime,
    /// The certificates that are registered, by thumbprint.
    thumbprints: BTreeSet<String>,
    /// What the other identity provider signs at the moment.
    pub(crate) federated: String,
    /// Whether the platform gives the token that it gave before.
    pub(crate) caches: bool,
    /// Whether its tokens say whom they are for.
    pub(crate) names_nobody: bool,
    /// Answers that are given before any other.
    script: VecDeque<Scripted>,
    pub(crate) asked: Vec<String>,
    seen_assertions: BTreeSet<String>,
    cached: Option<String>,
    made: u32,
}

#[derive(Clone)]
pub(crate) struct StandIn {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
}

impl StandIn {
    /// Listens until the test's runtime ends.
    pub(crate) async fn start(now: SystemTime) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let state = State {
            life: Duration::from_secs(3600),
            now,
            thumbprints: BTreeSet::new(),
            federated: "federated-1".to_owned(),
            caches: false,
            names_nobody: false,
            script: VecDeque::new(),
            asked: Vec::new(),
            seen_assertions: BTreeSet::new(),
            cached: None,
            made: 0,
        };
        let it = Self { address, state: Arc::new(Mutex::new(state)) };
        let serving = it.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let it = serving.clone();
                let service = hyper::service::service_fn(move |request| it.clone().answer(request));
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service);
                tokio::spawn(connection);
            }
        });
        it
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    pub(crate) fn register(&self, certificate: &rcgen::Certificate) {
        let thumbprint = digest::digest(&digest::SHA256, certificate.der());
        self.state().thumbprints.insert(URL_SAFE_NO_PAD.encode(thumbprint));
    }

    /// The next question gets this answer.
    pub(crate) fn next_answer(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.state().script.push_back((status, headers, body.to_owned()));
    }

    async fn answer(self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        let mut state = self.state();
        state.asked.push(format!("{} {}", parts.method, parts.uri));
        let (status, headers, body) = match state.script.pop_front() {
            Some(answer) => answer,
            None => {
                let (status, value) = match state.judge(&parts, &body, &self.address) {
                    Ok(value) => (200, value),
                    Err(refusal) => refusal,
                };
                (status, Vec::new(), value.to_string())
            }
        };
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(name, value);
        }
        Ok(response.body(Full::new(Bytes::from(body))).unwrap())
    }
}

fn refused(status: u16, error: &str, description: &str) -> Refusal {
    let description = format!("{description} Trace ID: 0 Correlation ID: 0 Timestamp: 2025-06-15 12:34:56Z");
    (status, json!({"error": error, "error_description": description}))
}

fn pairs(text: &str) -> Form {
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(&text.replace('+', " ")).decode_utf8().unwrap().into_owned()
    };
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

impl State {
    fn judge(&mut self, parts: &http::request::Parts, body: &str, address: &str) -> Result<Value, Refusal> {
        let query = pairs(parts.uri.query().unwrap_or_default());
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let login = format!("/{TENANT}/oauth2/v2.0/token");
        match (parts.method.as_str(), parts.uri.path()) {
            ("POST", path) if path == login => self.login(&pairs(body), &format!("{address}{login}")),
            ("GET", "/metadata/identity/oauth2/token") if header("metadata") == Some("true") => {
                self.managed(&query, "2018-02-01", "msi_res_id")
            }
            ("GET", "/msi/token") if header("x-identity-header") == Some(HEADER) => {
                self.managed(&query, "2019-08-01", "mi_res_id")
            }
            _ => Err(refused(400, "invalid_request", "AADSTS90002: Tenant not found.")),
        }
    }

    fn login(&mut self, form: &Form, audience: &str) -> Result<Value, Refusal> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != "client_credentials" || field("scope") != SCOPE {
            return Err(refused(
                400,
                "invalid_scope",
                "AADSTS1002012: The provided value for scope is not valid.",
            ));
        }
        if field("client_id") != CLIENT {
            return Err(refused(400, "unauthorized_client", "AADSTS700016: Application was not found."));
        }
        match (form.get("client_secret"), form.get("client_assertion")) {
            (Some(secret), None) if secret == SECRET => {}
            (Some(secret), None) => {
                let words = format!("AADSTS7000215: Invalid client secret provided: '{secret}'.");
                return Err(refused(401, "invalid_client", &words));
            }
            (None, Some(assertion)) => {
                let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
                assert_eq!(field("client_assertion_type"), kind);
                self.assertion(assertion, audience)?;
            }
            _ => {
                return Err(refused(
                    400,
                    "invalid_request",
                    "AADSTS7000218: no client_secret or client_assertion.",
                ));
            }
        }
        let (life, token) = (self.life.as_secs(), self.token());
        Ok(json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}))
    }

    /// RFC 7515, 7518 and 7523, as Entra applies them.
    fn assertion(&mut self, assertion: &str, audience: &str) -> Result<(), Refusal> {
        if assertion == self.federated {
            return Ok(());
        }
        let wrong =
            |why: &str| refused(401, "invalid_client", &format!("AADSTS700027: {why} in '{assertion}'."));
        let parts: Vec<&str> = assertion.split('.').collect();
        let [header, claims, proof] = parts[..] else {
            return Err(refused(
                401,
                "invalid_client",
                "AADSTS70021: No matching federated identity record found.",
            ));
        };
        let json = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap_or_default()).unwrap_or_default()
        };
        let (header, claims, signed) =
            (json(header), json(claims), &assertion[..assertion.rfind('.').unwrap()]);
        if header["alg"] != "PS256" || header["typ"] != "JWT" {
            return Err(wrong("the algorithm"));
        }
        if !header["x5t#S256"].as_str().is_some_and(|thumbprint| self.thumbprints.contains(thumbprint)) {
            return Err(wrong("the certificate"));
        }
        let der = rcgen::KeyPair::from_pem(KEY).unwrap();
        let key = signature::UnparsedPublicKey::new(
            &signature::RSA_PSS_2048_8192_SHA256,
            rcgen::PublicKeyData::der_bytes(&der),
        );
        key.verify(signed.as_bytes(), &URL_SAFE_NO_PAD.decode(proof).unwrap_or_default())
            .map_err(|_| wrong("the signature"))?;
        let now = self.now.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let (from, to) = (claims["nbf"].as_u64().unwrap(), claims["exp"].as_u64().unwrap());
        if from > now + 300 || to + 300 < now || to - from > 600 {
            return Err(refused(401, "invalid_client", "AADSTS700024: not within its valid time range."));
        }
        if claims["iss"] != CLIENT || claims["sub"] != CLIENT || claims["aud"] != audience {
            return Err(wrong("the claims"));
        }
        if !self.seen_assertions.insert(claims["jti"].as_str().unwrap().to_owned()) {
            return Err(wrong("the jti, which was used before,"));
        }
        Ok(())
    }

    fn managed(&mut self, query: &Form, version: &str, resource_id: &str) -> Result<Value, Refusal> {
        let is = |name: &str, value: &str| query.get(name).is_some_and(|found| found == value);
        if !is("api-version", version) || !is("resource", "https://redis.azure.com") {
            return Err(refused(
                400,
                "invalid_resource",
                "AADSTS500011: The resource principal was not found.",
            ));
        }
        let identities = ["client_id", "object_id", resource_id];
        let asked: Vec<&str> =
            query.keys().map(String::as_str).filter(|name| identities.contains(name)).collect();
        let known = asked.iter().all(|name| query[*name].ends_with("known"));
        if asked.len() > 1 || !known || query.len() != 2 + asked.len() {
            return Err(refused(400, "invalid_request", "Identity not found"));
        }
        let token = self.cached.take().filter(|_| self.caches).unwrap_or_else(|| self.token());
        self.cached = Some(token.clone());
        let end = (self.now + self.life).duration_since(UNIX_EPOCH).unwrap().as_secs();
        // As on a real machine: text, and an `expires_in` that counts from the making of a cached token.
        Ok(
            json!({"access_token": token, "expires_on": end.to_string(), "expires_in": "86400", "token_type": "Bearer"}),
        )
    }

    fn token(&mut self) -> String {
        self.made += 1;
        let now = self.now.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let mut claims = json!({"iat": now, "uti": self.made});
        if !self.names_nobody {
            claims["oid"] = json!(OBJECT);
        }
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmF0dXJl", part(&json!({"alg": "RS256"})), part(&claims))
    }
}
