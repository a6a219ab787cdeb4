//! What the answers of Entra and of the platform mean.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use keyrotor_proto::Code;
use serde_json::Value;

use super::AccessToken;
use crate::error::Error;
use crate::http::{Answer, Silence};
use crate::secret::Secret;
use crate::source::SourceError;

/// A description is for people: its first sentences say it.
const LONGEST_TEXT: usize = 600;

/// What to do about the refusals that are met most: <https://learn.microsoft.com/entra/identity-platform/reference-error-codes>.
const ADVICE: [(&str, &str); 10] = [
    ("AADSTS7000215", "set the client secret's value, not its id"),
    ("AADSTS7000222", "the client secret has expired; make a new one"),
    ("AADSTS700016", "look at client_id and tenant_id: the tenant does not know this application"),
    ("AADSTS90002", "look at tenant_id: there is no such tenant"),
    ("AADSTS700027", "register this certificate with the application"),
    ("AADSTS700024", "look at the clock of this machine"),
    ("AADSTS70021", "look at issuer, subject and audience of the application's federated credential"),
    ("AADSTS700213", "look at issuer, subject and audience of the application's federated credential"),
    ("AADSTS500011", "look at scope: the tenant has no such resource"),
    ("AADSTS1002012", "look at scope: it has to end in /.default"),
];

/// What kind of server was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Server {
    /// Makes a token for each question, and says how long it lives, whatever the clock here shows.
    Login,
    /// Keeps tokens. Its `expires_in` counts from when they were made, so that only `expires_on` tells the end.
    Platform,
}

/// One exchange: who was asked as whom, and what must not be repeated.
pub(super) struct Exchange<'a> {
    pub(super) source: &'static str,
    pub(super) server: Server,
    /// `https://login.microsoftonline.com (tenant T, client C)`
    pub(super) asked: String,
    pub(super) secrets: &'a [&'a str],
}

/// An error of this source. `text` holds no secret.
pub(super) fn failed(code: Code, source: &str, text: impl std::fmt::Display) -> Error {
    Error::new(code, format!("Failed to refresh Entra token: {text}")).with_source(source)
}

impl Exchange<'_> {
    pub(super) fn unreachable(&self, silence: &Silence) -> SourceError {
        let text = format!("{} cannot be reached: {silence}", self.asked);
        SourceError::Transient(failed(Code::CredentialsFetchFailed, self.source, text))
    }

    /// The token of an answer; `now` is when it was asked for.
    pub(super) fn token(&self, answer: &Answer, now: SystemTime) -> Result<AccessToken, SourceError> {
        if answer.status != 200 {
            return Err(self.refusal(answer));
        }
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let secret = text(&body, "access_token").filter(|token| !token.is_empty());
        let expires_at = match self.server {
            Server::Login => seconds(&body, "expires_in").and_then(|life| now.checked_add(life)),
            Server::Platform => seconds(&body, "expires_on").and_then(|end| UNIX_EPOCH.checked_add(end)),
        };
        match secret.zip(expires_at) {
            Some((secret, expires_at)) => Ok(AccessToken { secret: Secret::new(secret), expires_at }),
            None => {
                let problem =
                    format!("{} answered without a token and its end; is it the right address?", self.asked);
                Err(SourceError::Permanent(failed(Code::CredentialsFetchFailed, self.source, problem)))
            }
        }
    }

    fn refusal(&self, answer: &Answer) -> SourceError {
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let words = self.words(&body);
        let text = match &words {
            Some(words) => format!("{} refused: {words}", self.asked),
            None => format!("{} answered with HTTP status {}", self.asked, answer.status),
        };
        let code =
            if answer.status == 429 { Code::CredentialsThrottled } else { Code::CredentialsFetchFailed };
        let mut error = failed(code, self.source, text);
        if let Some(words) = &words {
            error = error.with_server_text(words);
            if let Some(advice) = advice(words) {
                error = error.with_hint(advice);
            }
        }
        match answer.status {
            429 => SourceError::Throttled(error, answer.retry_after),
            500.. if answer.retry_after.is_some() => SourceError::Throttled(error, answer.retry_after),
            408 | 500.. => SourceError::Transient(error),
            // The metadata service is away for a moment: while it starts, and while it is updated.
            404 | 410 if self.server == Server::Platform => SourceError::Transient(error),
            _ if is_momentary(&body) => SourceError::Transient(error),
            _ => SourceError::Permanent(error),
        }
    }

    /// The server's own words, without what must not be repeated.
    fn words(&self, body: &Value) -> Option<String> {
        let error = text(body, "error")?;
        let description = text(body, "error_description").unwrap_or_default();
        // Behind it stand ids and the time, on lines of their own or not.
        let description = description.split(['\r', '\n']).next().unwrap_or_default();
        let description = description.split(" Trace ID:").next().unwrap_or_default();
        let mut words = format!("{error}: {description}").trim_end_matches([':', ' ']).to_owned();
        for secret in self.secrets.iter().filter(|secret| !secret.is_empty()) {
            words = words.replace(secret, "***");
        }
        Some(words.chars().filter(|c| !c.is_control()).take(LONGEST_TEXT).collect())
    }
}

fn is_momentary(body: &Value) -> bool {
    matches!(text(body, "error"), Some("temporarily_unavailable" | "server_error"))
}

fn advice(words: &str) -> Option<&'static str> {
    // With the colon, so that no code is taken for one that begins like it.
    ADVICE.iter().find(|(code, _)| words.contains(&format!("{code}:"))).map(|(_, advice)| *advice)
}

fn text<'a>(body: &'a Value, name: &str) -> Option<&'a str> {
    body.get(name)?.as_str()
}

/// Seconds as a number or, as the platform writes them, as text.
fn seconds(body: &Value, name: &str) -> Option<Duration> {
    let value = body.get(name)?;
    let seconds = value.as_u64().or_else(|| value.as_str()?.trim().parse().ok())?;
    Some(Duration::from_secs(seconds))
}
