//! `AssumeRoleWithWebIdentity`: a role for whoever brings a token of the identity provider.

use super::form::Form;
use super::refusal::Refusal;
use super::xml::text;
use super::{Success, assume};
use crate::credentials::desk::Desk;
use crate::credentials::oidc::Unreadable;
use crate::credentials::projected::{STS_AUDIENCE, epoch, says};
use serde_json::Value;

pub(super) fn role(desk: &Desk, form: &Form) -> Result<Success, Refusal> {
    let arn = form.needed("RoleArn", "roleArn")?;
    let name = form.session_name()?;
    let asked = form.duration()?;
    let claims = claims(desk, form.needed("WebIdentityToken", "webIdentityToken")?)?;
    let role = desk.config.role(arn).ok_or_else(Refusal::web_access_denied)?;
    let mut success = assume::open(desk, role, name, asked)?;
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let provider = desk.projected.issuer.trim_start_matches("https://");
    let provider = format!("arn:aws:iam::{}:oidc-provider/{provider}", desk.config.account);
    success.result.extend([
        text("SubjectFromWebIdentityToken", subject),
        text("Provider", &provider),
        text("Audience", STS_AUDIENCE),
    ]);
    Ok(success)
}

/// What the token says, if it may say it now.
fn claims(desk: &Desk, token: &str) -> Result<Value, Refusal> {
    let claims = desk.projected.oidc.claims(token).map_err(|unreadable| {
        Refusal::invalid_identity_token(match unreadable {
            Unreadable::Malformed => {
                "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
            }
            Unreadable::UnknownKey => {
                "Couldn't retrieve verification key from your identity provider, please reference \
                 AssumeRoleWithWebIdentity documentation for requirements"
            }
            Unreadable::Signature => "The web identity token that was passed could not be validated by AWS.",
        })
    })?;
    let issuer = claims.get("iss").and_then(Value::as_str).unwrap_or_default();
    if issuer != desk.projected.issuer {
        let message = format!("No OpenIDConnect provider found in your account for {issuer}");
        return Err(Refusal::invalid_identity_token(message));
    }
    if !says(claims.get("aud"), STS_AUDIENCE) {
        return Err(Refusal::invalid_identity_token("Incorrect token audience"));
    }
    let now = epoch(desk.now());
    let expires = claims.get("exp").and_then(Value::as_u64);
    let expires = expires.ok_or_else(|| Refusal::invalid_identity_token("Missing a required claim: exp"))?;
    if now >= expires {
        return Err(Refusal::expired_identity_token(now, expires));
    }
    Ok(claims)
}
