//! Client assertions: tokens by which an application proves itself, signed by its certificate's key or, for a
//! workload identity, by an issuer that the application trusts.

use crate::entra::certificate::Certificate;
use crate::entra::config::Application;
use crate::entra::refusal::Refusal;
use crate::entra::workload::WorkloadIssuer;
use crate::jwt::Jwt;
use std::time::{Duration, SystemTime};

/// The audience of workload identities' assertions.
pub(super) const FEDERATED_AUDIENCE: &str = "api://AzureADTokenExchange";
/// How far clocks may be apart; Entra allows five minutes.
const SKEW: Duration = Duration::from_secs(300);

/// `Case` is what an assertion is judged by.
pub(super) struct Case<'a> {
    pub(super) application: &'a Application,
    pub(super) now: SystemTime,
    /// The names of this tenant's token endpoint, each a possible audience.
    pub(super) audiences: &'a [String],
    pub(super) workload: &'a WorkloadIssuer,
}

impl Case<'_> {
    /// Judges an assertion; says which kind it was.
    pub(super) fn judge(&self, text: &str) -> Result<&'static str, Refusal> {
        let token = Jwt::parse(text).ok_or_else(Refusal::assertion_malformed)?;
        let federated = token.text("iss") == Some(self.workload.name());
        if !federated && token.header("x5t").or(token.header("x5t#S256")).is_some() {
            self.certificate(&token).map(|()| "certificate")
        } else {
            self.federated(&token).map(|()| "federated")
        }
    }

    fn certificate(&self, token: &Jwt<'_>) -> Result<(), Refusal> {
        let client = Some(self.application.client_id.as_str());
        // The texts were read once at the start, so that what cannot be read now is not registered.
        let mut registered =
            self.application.certificates.iter().filter_map(|pem| Certificate::from_pem(pem).ok());
        let certificate = registered.find(|certificate| certificate.is_named_by(token));
        let certificate = certificate.ok_or_else(Refusal::unknown_certificate)?;
        if !certificate.has_signed(token) {
            return Err(Refusal::certificate_signature());
        }
        if token.text("iss") != client || token.text("sub") != client {
            return Err(Refusal::assertion_client());
        }
        if !token.audience().is_some_and(|audience| self.audiences.iter().any(|known| known == audience)) {
            return Err(Refusal::assertion_audience());
        }
        self.time(token)
    }

    fn federated(&self, token: &Jwt<'_>) -> Result<(), Refusal> {
        let claim = |name| token.text(name).unwrap_or_default();
        if claim("iss") != self.workload.name() {
            return Err(Refusal::federated("issuer", claim("iss")));
        }
        if token.header("alg") != Some("RS256") || !self.workload.key().has_signed(token) {
            return Err(Refusal::federated_signature());
        }
        let audience = token.audience().unwrap_or_default();
        if audience != FEDERATED_AUDIENCE {
            return Err(Refusal::federated("audience", audience));
        }
        if !self.application.federated_subjects.iter().any(|subject| subject == claim("sub")) {
            return Err(Refusal::federated("subject", claim("sub")));
        }
        self.time(token)
    }

    fn time(&self, token: &Jwt<'_>) -> Result<(), Refusal> {
        let alive = token.time("exp").is_some_and(|expires| self.now < expires + SKEW);
        let begun = token.time("nbf").is_none_or(|begins| begins <= self.now + SKEW);
        if alive && begun { Ok(()) } else { Err(Refusal::assertion_time()) }
    }
}
