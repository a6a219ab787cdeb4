//! The errors of STS, with the codes and texts that its clients know.

use hyper::StatusCode;

/// `Refusal` is an error of STS's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) code: &'static str,
    pub(super) message: String,
}

impl Refusal {
    fn bad(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::BAD_REQUEST, code, message: message.into() }
    }

    fn forbidden(code: &'static str, message: impl Into<String>) -> Self {
        Self { status: StatusCode::FORBIDDEN, code, message: message.into() }
    }

    pub(super) fn invalid_action(action: &str, version: &str) -> Self {
        Self::bad("InvalidAction", format!("Could not find operation {action} for version {version}"))
    }

    pub(super) fn malformed_query() -> Self {
        Self::bad("MalformedQueryString", "The query string contains a syntax error or a name twice.")
    }

    pub(super) fn missing_authentication() -> Self {
        Self::forbidden("MissingAuthenticationToken", "Request is missing Authentication Token")
    }

    pub(super) fn incomplete_signature(problem: &str) -> Self {
        Self::bad("IncompleteSignature", problem)
    }

    /// Unknown and revoked keys, and those that came with another session token.
    pub(super) fn unknown_key() -> Self {
        Self::forbidden("InvalidClientTokenId", "The security token included in the request is invalid.")
    }

    pub(super) fn expired_key() -> Self {
        Self::forbidden("ExpiredToken", "The security token included in the request is expired")
    }

    pub(super) fn signature() -> Self {
        Self::signature_because(
            "The request signature we calculated does not match the signature you provided. Check your AWS Secret \
             Access Key and signing method. Consult the service documentation for details.",
        )
    }

    /// The same code stands for times and scopes that are wrong.
    pub(super) fn signature_because(problem: impl Into<String>) -> Self {
        Self::forbidden("SignatureDoesNotMatch", problem)
    }

    pub(super) fn access_denied(caller: &str, action: &str, role: &str) -> Self {
        let who = format!("User: {caller} is not authorized to perform: sts:{action} on resource: {role}");
        Self::forbidden("AccessDenied", who)
    }

    /// Web identities have no name before they have a role.
    pub(super) fn web_access_denied() -> Self {
        Self::forbidden("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity")
    }

    pub(super) fn validation(message: impl Into<String>) -> Self {
        Self::bad("ValidationError", message)
    }

    pub(super) fn constraint(field: &str, value: &str, constraint: &str) -> Self {
        Self::validation(format!(
            "1 validation error detected: Value '{value}' at '{field}' failed to satisfy constraint: {constraint}"
        ))
    }

    pub(super) fn invalid_identity_token(message: impl Into<String>) -> Self {
        Self::bad("InvalidIdentityToken", message)
    }

    pub(super) fn expired_identity_token(now: u64, expires: u64) -> Self {
        let message = format!(
            "Token expired: current date/time {now} must be before the expiration date/time {expires}"
        );
        Self::bad("ExpiredTokenException", message)
    }

    pub(super) fn throttled() -> Self {
        Self::bad("Throttling", "Rate exceeded")
    }

    /// A failure with this status.
    pub(super) fn failure(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::SERVICE_UNAVAILABLE => ("ServiceUnavailable", "Service is unable to handle request."),
            _ => ("InternalFailure", "The request processing has failed because of an internal error."),
        };
        Self { status, code, message: message.into() }
    }
}
