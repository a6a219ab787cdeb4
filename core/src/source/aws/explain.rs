//! What a token says of itself, read without any key: the answer to most refused logins.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chrono::NaiveDateTime;
use percent_encoding::percent_decode_str;

/// The parts of a login token. It never holds the signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenExplanation {
    /// `elasticache`, `memorydb`, `rds-db` or `dsql`.
    pub service: Option<String>,
    /// The cache's or cluster's name, or host and port of a database.
    pub host: String,
    /// `connect`, `DbConnect` or `DbConnectAdmin`.
    pub action: Option<String>,
    /// `User` or `DBUser`.
    pub user: Option<String>,
    /// `ServerlessCache` for a serverless cache.
    pub resource_type: Option<String>,
    /// Of the key that signed.
    pub access_key_id: Option<String>,
    /// The region that the token is good for.
    pub region: Option<String>,
    /// `X-Amz-Date`.
    pub signed_at: Option<SystemTime>,
    /// `X-Amz-Date` plus `X-Amz-Expires`. The credentials that signed may end earlier: a token does not say.
    pub expires_at: Option<SystemTime>,
    /// Whether it was signed with temporary credentials.
    pub has_session_token: bool,
    /// What is missing or odd, each as a sentence that says what to do.
    pub problems: Vec<String>,
}

/// Takes a token apart and says what is wrong with it as of `now`. No key, no network.
pub fn explain(token: &str, now: SystemTime) -> TokenExplanation {
    let mut explanation = TokenExplanation::default();
    let token = token.trim();
    let bare = token.strip_prefix("https://").or_else(|| token.strip_prefix("http://"));
    if bare.is_some() {
        explanation.problem("the scheme is still in front; cut off http:// or https://");
    }
    let (host, query) = bare.unwrap_or(token).split_once('?').unwrap_or((token, ""));
    explanation.host = host.trim_end_matches('/').to_owned();
    if query.is_empty() {
        // Whatever this is, it may be a password.
        explanation.host.clear();
        explanation.problem("no parameters: this is not a presigned request");
        return explanation;
    }
    let mut seen = Vec::new();
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if seen.contains(&name) {
            explanation.problem(format!("{name} stands twice"));
        }
        seen.push(name);
        explanation.take(name, &percent_decode_str(value).decode_utf8_lossy());
    }
    explanation.judge(now, &seen);
    explanation
}

impl TokenExplanation {
    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "Action" => self.action = Some(value.to_owned()),
            "User" | "DBUser" => self.user = Some(value.to_owned()),
            "ResourceType" => self.resource_type = Some(value.to_owned()),
            "X-Amz-Credential" => self.take_scope(value),
            "X-Amz-Date" => self.signed_at = parse_date(value),
            // Until judge() adds the date, this is the life alone.
            "X-Amz-Expires" => match value.parse::<u32>() {
                Ok(seconds) => self.expires_at = Some(UNIX_EPOCH + Duration::from_secs(seconds.into())),
                Err(_) => self.problem("X-Amz-Expires is not a number of seconds"),
            },
            "X-Amz-Security-Token" => self.has_session_token = true,
            "X-Amz-Signature" if value.len() != 64 || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
                self.problem("X-Amz-Signature is not 64 hexadecimal digits: the token was cut or changed");
            }
            _ => {}
        }
    }

    fn take_scope(&mut self, scope: &str) {
        let parts: Vec<&str> = scope.split('/').collect();
        if let [key, _, region, service, "aws4_request"] = parts.as_slice() {
            self.access_key_id = Some((*key).to_owned());
            self.region = Some((*region).to_owned());
            self.service = Some((*service).to_owned());
        } else {
            self.problem("X-Amz-Credential is not key/date/region/service/aws4_request");
        }
    }

    fn judge(&mut self, now: SystemTime, seen: &[&str]) {
        let life = self.expires_at.take().and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        for name in [
            "Action",
            "X-Amz-Algorithm",
            "X-Amz-Credential",
            "X-Amz-Date",
            "X-Amz-Expires",
            "X-Amz-SignedHeaders",
        ] {
            if !seen.contains(&name) {
                self.problem(format!("{name} is missing"));
            }
        }
        if !seen.contains(&"X-Amz-Signature") {
            self.problem("X-Amz-Signature is missing: the token was cut short, or never signed");
        }
        self.judge_names();
        self.judge_time(now, life);
    }

    fn judge_names(&mut self) {
        let is_cache = matches!(self.service.as_deref(), Some("elasticache" | "memorydb"));
        if is_cache && self.host.contains('.') {
            self.problem("the host looks like an endpoint; caches want the cache's or cluster's own name");
        }
        if is_cache && self.host.chars().any(|c| c.is_ascii_uppercase()) {
            self.problem("the cache's name has capitals; the services store it in lower case");
        }
        if is_cache && self.user.is_none() {
            self.problem("User is missing");
        }
        if self.access_key_id.as_deref().is_some_and(|key| key.starts_with("ASIA")) && !self.has_session_token
        {
            self.problem("the key is a temporary one (ASIA…), but X-Amz-Security-Token is missing");
        }
    }

    fn judge_time(&mut self, now: SystemTime, life: Option<Duration>) {
        let (Some(signed_at), Some(life)) = (self.signed_at, life) else {
            return;
        };
        self.expires_at = Some(signed_at + life);
        if self.service.as_deref() != Some("dsql") && life > Duration::from_secs(900) {
            self.problem(format!("X-Amz-Expires is {} s; the service takes 900 at most", life.as_secs()));
        }
        if let Ok(since) = now.duration_since(signed_at + life) {
            self.problem(format!("expired {} s ago", since.as_secs()));
        }
        if let Ok(ahead) = signed_at.duration_since(now)
            && ahead > Duration::from_secs(1)
        {
            self.problem(format!("signed {} s in the future: look at this machine's clock", ahead.as_secs()));
        }
    }
}

/// `20250615T123456Z`.
fn parse_date(text: &str) -> Option<SystemTime> {
    let date = NaiveDateTime::parse_from_str(text, "%Y%m%dT%H%M%SZ").ok()?;
    let seconds = u64::try_from(date.and_utc().timestamp()).ok()?;
    Some(UNIX_EPOCH + Duration::from_secs(seconds))
}
