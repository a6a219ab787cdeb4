//! Managed identities: the endpoint of App Service and the one of IMDS, which give the same tokens in their own forms.

use crate::Error;
use crate::entra::config::ManagedIdentity;
use crate::entra::faults::EntraEndpoint;
use crate::entra::issuer::Issued;
use crate::entra::reply::{Note, Reply};
use crate::entra::resource;
use crate::entra::service::{Asked, Service};
use crate::form::Form;
use crate::jwt::seconds;
use crate::sigv4::same;
use hyper::{Method, StatusCode};
use serde_json::json;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

/// The usual life of a managed identity's token.
const LIFE: Duration = Duration::from_secs(24 * 3600);
/// The platform hands a token out again until this part of its life is left.
const FRESH_AGAIN: f64 = 0.1;

/// Which of the two endpoints is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Platform {
    AppService,
    Imds,
}

impl Platform {
    fn endpoint(self) -> EntraEndpoint {
        match self {
            Self::AppService => EntraEndpoint::AppService,
            Self::Imds => EntraEndpoint::Imds,
        }
    }
}

/// `Cache` remembers the tokens that the platform hands out again, by client id and audience.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<(String, String), (Issued, SystemTime)>>);

impl Cache {
    /// The token that is handed out again at `now`.
    fn find(&self, key: &(String, String), now: SystemTime) -> Option<Issued> {
        let cached = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cached.get(key).filter(|(_, until)| now < *until).map(|(issued, _)| issued.clone())
    }

    fn keep(&self, key: (String, String), issued: &Issued, now: SystemTime) {
        let life = issued.expires.duration_since(now).unwrap_or_default();
        let until = now + life.mul_f64(1.0 - FRESH_AGAIN);
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key, (issued.clone(), until));
    }

    /// Forgets all tokens.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Answers a request for a managed identity's token.
pub(super) fn answer(service: &Service, asked: &Asked, platform: Platform) -> Result<Reply, Error> {
    let form = Form::parse(asked.call.uri().query().unwrap_or_default().as_bytes());
    let refuse = |status, text: &str| Ok(problem(platform, status, text));
    if asked.call.method() != Method::GET {
        return refuse(StatusCode::METHOD_NOT_ALLOWED, "use GET");
    }
    match platform {
        Platform::AppService => {
            let header = asked.header("x-identity-header").unwrap_or_default();
            if !same(header, &service.identity_header) {
                return refuse(StatusCode::UNAUTHORIZED, "X-IDENTITY-HEADER is not this platform's");
            }
        }
        // IMDS wants it in this spelling or in capitals, and only this header keeps other people's pages out.
        Platform::Imds
            if asked.header("metadata").is_some_and(|value| value.eq_ignore_ascii_case("true")) => {}
        Platform::Imds => return refuse(StatusCode::BAD_REQUEST, "Required metadata header not specified"),
    }
    if !form.get("api-version").is_some_and(|version| versions(platform).contains(&version)) {
        return refuse(StatusCode::BAD_REQUEST, "The api-version is missing or not supported");
    }
    let Some(resource) = form.get("resource") else {
        return refuse(StatusCode::BAD_REQUEST, "The resource is missing");
    };
    let Some(audience) = resource::audience(resource, service.config.token_version) else {
        return refuse(StatusCode::BAD_REQUEST, &format!("AADSTS500011: no resource is named {resource}"));
    };
    match identity(service, &form) {
        Ok(identity) => grant(service, identity, resource, audience, platform),
        Err(text) => refuse(StatusCode::BAD_REQUEST, text),
    }
}

fn versions(platform: Platform) -> &'static [&'static str] {
    match platform {
        Platform::AppService => &["2019-08-01"],
        Platform::Imds => &["2018-02-01", "2019-08-01", "2021-02-01"],
    }
}

/// The identity that a request names, or the one that stands for none.
fn identity<'a>(service: &'a Service, form: &Form) -> Result<&'a ManagedIdentity, &'static str> {
    let all = &service.config.managed_identities;
    let resource_id = form.get("mi_res_id").or(form.get("msi_res_id"));
    let named = [
        form.get("client_id").map(|id| all.iter().find(|known| known.client_id == id)),
        form.get("object_id")
            .or(form.get("principal_id"))
            .map(|id| all.iter().find(|known| known.object_id == id)),
        resource_id.map(|id| all.iter().find(|known| known.resource_id.as_deref() == Some(id))),
    ];
    if let Some(found) = named.into_iter().flatten().next() {
        return found.ok_or("Identity not found");
    }
    if let Some(own) = all.iter().find(|identity| identity.system_assigned) {
        return Ok(own);
    }
    match all.as_slice() {
        [one] => Ok(one),
        [] => Err("Identity not found"),
        _ => Err(
            "Multiple user assigned identities exist, please specify the clientId / resourceId of the identity \
             in the token request",
        ),
    }
}

fn grant(
    service: &Service,
    identity: &ManagedIdentity,
    resource: &str,
    audience: String,
    platform: Platform,
) -> Result<Reply, Error> {
    let key = (identity.client_id.clone(), audience.clone());
    let now = service.clock.now();
    let kept = service.config.managed_identities_repeat.then(|| service.cache.find(&key, now)).flatten();
    let repeated = kept.is_some();
    let issued = match kept {
        Some(issued) => issued,
        None => {
            let ids = (identity.client_id.as_str(), identity.object_id.as_str());
            service.issue(platform.endpoint(), ids, &audience, 2, LIFE)?
        }
    };
    if !repeated {
        service.cache.keep(key, &issued, now);
    }
    let (left, end) = service.stated(platform.endpoint(), &issued);
    let mut body = json!({
        "access_token": issued.token, "client_id": identity.client_id, "expires_on": end.to_string(),
        "resource": resource, "token_type": "Bearer",
    });
    if let Some(body) = body.as_object_mut().filter(|_| platform == Platform::Imds) {
        body.insert("expires_in".into(), left.to_string().into());
        body.insert("ext_expires_in".into(), left.to_string().into());
        body.insert("not_before".into(), seconds(issued.not_before).to_string().into());
    }
    let note = Note {
        client_id: Some(identity.client_id.clone()),
        audience: Some(audience),
        repeated,
        ..Note::default()
    };
    Ok(Reply { note: note.of(&issued), ..Reply::ok(body) })
}

/// An error in the platform's own form.
pub(super) fn problem(platform: Platform, status: StatusCode, text: &str) -> Reply {
    let body = match platform {
        Platform::AppService => json!({ "statusCode": status.as_u16(), "message": text }),
        Platform::Imds => {
            let word = if status == StatusCode::BAD_REQUEST { "invalid_request" } else { "server_error" };
            json!({ "error": word, "error_description": text })
        }
    };
    Reply::refused(status, body, text.to_owned())
}
