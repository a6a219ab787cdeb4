//! The access portal of IAM Identity Center (SSO), for whoever has signed in: `GetRoleCredentials`.
//!
//! Signing in needs a browser and is not played: the configuration says which access token it has led to.

use super::desk::{Desk, Reply};
use super::endpoint::Endpoint;
use super::issuer::Identity;
use crate::form::Form;
use crate::http::{self, Answer, Call};
use hyper::{Method, StatusCode};
use serde_json::json;
use std::time::{Duration, UNIX_EPOCH};

/// What a permission set's sessions live unless somebody sets it.
const SESSION: Duration = Duration::from_secs(3600);

pub(super) fn answer(desk: &Desk, call: &Call) -> Reply {
    if call.method() != Method::GET {
        return refusal(call, StatusCode::METHOD_NOT_ALLOWED, "InvalidRequestException", "use GET");
    }
    let token = call.headers().get("x-amz-sso_bearer_token").and_then(|value| value.to_str().ok());
    if token.is_none_or(|token| desk.config.sso_token.as_deref() != Some(token)) {
        let message = "Session token not found or invalid";
        return refusal(call, StatusCode::UNAUTHORIZED, "UnauthorizedException", message);
    }
    let asked = Form::parse(call.uri().query().unwrap_or_default().as_bytes());
    let role = asked.get("role_name").unwrap_or_default();
    let is_given = asked.get("account_id") == Some(&desk.config.account)
        && desk.config.roles.iter().any(|given| given.name == role);
    if !is_given {
        return refusal(call, StatusCode::FORBIDDEN, "ForbiddenException", "No access");
    }
    let life = desk.conditions.life(Endpoint::Sso).unwrap_or_else(|| desk.config.session_life(SESSION));
    let identity = Identity::session(&desk.config.account, role, "somebody@example.com");
    let handed = desk.stated(Endpoint::Sso, desk.issuer.issue(Endpoint::Sso, identity, life));
    let end = handed.issued.expires + desk.conditions.lie(Endpoint::Sso);
    let value = json!({ "roleCredentials": {
        "accessKeyId": handed.issued.key.id,
        "secretAccessKey": handed.issued.key.secret,
        "sessionToken": handed.issued.key.session_token,
        "expiration": end.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs() * 1000,
    }});
    Reply::handing(call, http::json(StatusCode::OK, &value), handed)
}

/// What the portal says when it fails, or throttles.
pub(super) fn fail(call: &Call, status: Option<StatusCode>) -> Reply {
    let (status, kind) = match status {
        None => (StatusCode::TOO_MANY_REQUESTS, "TooManyRequestsException"),
        Some(status) => (status, "InternalServerException"),
    };
    Reply::new(call, error(status, kind, "the portal is out of order"))
}

fn refusal(call: &Call, status: StatusCode, kind: &str, message: &str) -> Reply {
    Reply::refused(call, kind, error(status, kind, message))
}

fn error(status: StatusCode, kind: &str, message: &str) -> Answer {
    let kind = format!("com.amazonaws.switchboard.portal#{kind}");
    http::json(status, &json!({ "message": message, "__type": kind }))
}
