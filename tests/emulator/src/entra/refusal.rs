//! Entra's own errors: a number, a word for programs, a sentence for people.

use crate::date;
use crate::entra::reply::Reply;
use hyper::StatusCode;
use serde_json::json;
use std::time::SystemTime;

/// `Refusal` is an error of the token endpoint, named by its `AADSTS` number.
///
/// Numbers and words are those of Entra's error reference and of the answers that its users report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) number: u32,
    word: &'static str,
    text: String,
}

impl Refusal {
    fn new(number: u32, word: &'static str, text: impl Into<String>) -> Self {
        Self { number, word, text: text.into() }
    }

    pub(super) fn tenant(name: &str) -> Self {
        if matches!(name, "common" | "organizations" | "consumers") {
            let text = "No tenant-identifying information found in either the request or implied by any \
                provided credentials.";
            return Self::new(50059, "invalid_request", text);
        }
        let text = format!(
            "Tenant '{name}' not found. Check to make sure you have the correct tenant ID and are signing into \
             the correct cloud."
        );
        Self::new(90002, "invalid_request", text)
    }

    pub(super) fn instance() -> Self {
        Self::new(50049, "invalid_instance", "Unknown or invalid instance.")
    }

    pub(super) fn grant_type(name: &str) -> Self {
        let text = format!("The app requested an unsupported grant type '{name}'.");
        Self::new(70003, "unsupported_grant_type", text)
    }

    pub(super) fn missing(field: &str) -> Self {
        let text = format!("The request body must contain the following parameter: '{field}'.");
        Self::new(900_144, "invalid_request", text)
    }

    pub(super) fn application(id: &str, tenant: &str) -> Self {
        let text = format!("Application with identifier '{id}' was not found in the directory '{tenant}'.");
        Self::new(700_016, "unauthorized_client", text)
    }

    pub(super) fn no_credential() -> Self {
        let text =
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.";
        Self::new(7_000_218, "invalid_client", text)
    }

    pub(super) fn secret(application: &str) -> Self {
        let text = format!(
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret \
             value, not the client secret ID, for a secret added to app '{application}'."
        );
        Self::new(7_000_215, "invalid_client", text)
    }

    pub(super) fn assertion_malformed() -> Self {
        Self::new(50027, "invalid_request", "JWT token is invalid or malformed.")
    }

    pub(super) fn assertion_type() -> Self {
        let text = "The value of client_assertion_type must be \
            'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'.";
        Self::new(700_025, "invalid_request", text)
    }

    pub(super) fn unknown_certificate() -> Self {
        let text = "The certificate with identifier used to sign the client assertion is not registered on \
            application. [Reason - The key was not found.]";
        Self::new(700_027, "invalid_client", text)
    }

    pub(super) fn certificate_signature() -> Self {
        let text = "Client assertion failed signature validation. [Reason - The provided signature value did not \
            match the expected signature value.]";
        Self::new(700_027, "invalid_client", text)
    }

    pub(super) fn assertion_client() -> Self {
        let text = "Client assertion application identifier doesn't match 'client_id' parameter.";
        Self::new(700_021, "invalid_client", text)
    }

    pub(super) fn assertion_audience() -> Self {
        Self::new(700_023, "invalid_client", "Client assertion audience claim does not match Realm issuer.")
    }

    pub(super) fn assertion_time() -> Self {
        Self::new(700_024, "invalid_client", "Client assertion is not within its valid time range.")
    }

    pub(super) fn federated_signature() -> Self {
        Self::new(50013, "invalid_request", "Assertion failed signature validation.")
    }

    /// `claim` is `issuer`, `audience` or `subject`.
    pub(super) fn federated(claim: &'static str, value: &str) -> Self {
        let number = match claim {
            "issuer" => 700_211,
            "audience" => 700_212,
            _ => 700_213,
        };
        let text = format!(
            "No matching federated identity record found for presented assertion {claim} '{value}'. Check your \
             federated identity credential Subject, Audience and Issuer against the presented assertion."
        );
        Self::new(number, "invalid_client", text)
    }

    pub(super) fn scope(scope: &str) -> Self {
        let text = format!(
            "The provided value for scope {scope} is not valid. Client credential flows must have a scope value \
             with /.default suffixed to the resource identifier (application ID URI)."
        );
        Self::new(1_002_012, "invalid_scope", text)
    }

    pub(super) fn resource(resource: &str, tenant: &str) -> Self {
        let text =
            format!("The resource principal named {resource} was not found in the tenant named {tenant}.");
        Self::new(500_011, "invalid_resource", text)
    }

    pub(super) fn throttled() -> Self {
        let text = "There are too many incoming requests. Wait before you retry.";
        Self::new(90055, "temporarily_unavailable", text)
    }

    pub(super) fn failing() -> Self {
        Self::new(90033, "temporarily_unavailable", "A transient error has occurred. Please try again.")
    }

    fn status(&self) -> StatusCode {
        if self.word == "invalid_client" { StatusCode::UNAUTHORIZED } else { StatusCode::BAD_REQUEST }
    }

    /// The answer, as it is at `now` to the request that the client named `correlation`.
    pub(super) fn reply(&self, now: SystemTime, correlation: &str, trace: &str) -> Reply {
        let time = date::rfc3339(now).replace('T', " ");
        let time = format!("{}Z", time.split('.').next().unwrap_or_default());
        let Self { number, word, text } = self;
        let description = format!(
            "AADSTS{number}: {text} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}"
        );
        let body = json!({
            "error": word, "error_description": description, "error_codes": [number], "timestamp": time,
            "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={number}"),
        });
        Reply::refused(self.status(), body, format!("AADSTS{number}"))
    }
}
