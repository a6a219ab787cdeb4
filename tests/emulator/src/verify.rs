//! The judgement of a token: a pure function, [`judge`], and the checks that it makes. The gate makes two more: E25
//! before it and E27 after it.
//!
//! The checks run in this order; the first that fails is the [`Reason`] in the record. A client sees the same
//! `WRONGPASS` for all of them.
//!
//! | id | reason | what must hold | backed by |
//! | --- | --- | --- | --- |
//! | E01 | `malformed` | text without a scheme: host, path, `?`, `name=value` pairs | AWS: "the request URI without the scheme"; `http://` is cut off by every signer |
//! | E02 | `path` | the path is `/` | AWS examples; [`Switches::no_slash`] |
//! | E03 | `escapes` | RFC 3986 escapes, capital digits, nothing reserved left bare | SigV4: URI-encode; [`Switches::lower_case_escapes`], [`Switches::loose_escapes`] |
//! | E04 | `unknown-parameter` | only the parameters of this kind of token | all are signed, so none can be added |
//! | E05 | `duplicate-parameter` | each parameter at most once | as E04 |
//! | E06 | `missing-parameter` | none of the required ones missing | as E04 |
//! | E07 | `wrong-action` | `Action=connect` (DSQL: `DbConnect` or `DbConnectAdmin`) | AWS examples |
//! | E08 | `wrong-user` | `User` (RDS: `DBUser`) is the user of AUTH, letter by letter | "user name and user id must be the same" |
//! | E09 | `wrong-cluster` | the host is the cluster's stored name (RDS: `endpoint:port`) | "supply the cache name in lowercase"; signing with the endpoint's DNS name is WRONGPASS |
//! | E10 | `resource-type` | `ServerlessCache` for serverless caches, absent elsewhere | AWS examples; two switches |
//! | E11 | `algorithm` | `AWS4-HMAC-SHA256` | SigV4 |
//! | E12 | `credential` | `id/yyyymmdd/region/service/aws4_request` | SigV4 |
//! | E13 | `unknown-key` | the access key is known | SigV4 |
//! | E14 | `date-format` | `X-Amz-Date` is `yyyymmddThhmmssZ` and exists | SigV4 |
//! | E15 | `scope-date` | the scope's date is the day of `X-Amz-Date` | SigV4 |
//! | E16 | `wrong-region` | the scope's region is the cluster's | SigV4 |
//! | E17 | `wrong-service` | the scope's service is the signing name | SigV4 |
//! | E18 | `expires` | `X-Amz-Expires` is 1 to 900 (DSQL: 604800) | AWS examples; [`Switches::longest_expires_seconds`] |
//! | E19 | `signed-headers` | `X-Amz-SignedHeaders=host` | AWS examples |
//! | E20 | `session-token` | the key's session token, or none where the key has none | "temporary credentials" of SigV4 |
//! | E21 | `signature-form` | 64 hex digits in lower case | SigV4; [`Switches::capital_signature`] |
//! | E22 | `signature` | the signature is the one computed anew from the decoded parameters | SigV4 |
//! | E23 | `future` | not signed further ahead than the allowance | IAM: "within five minutes"; [`Switches::future_skew_seconds`] |
//! | E24 | `expired` | (now − `X-Amz-Date`) × scale ≤ `X-Amz-Expires` | "the authentication request will be rejected" |
//! | E25 | `unknown-user` | the user of AUTH exists and is in the cache's user group (checked before the token) | "wrong user: WRONGPASS" |
//! | E26 | `expired-key` | the access key has not expired (checked after E24) | "dies with them": temporary credentials |
//! | E27 | `not-authorized` | the key's [policies](crate::Document) allow to connect, on the cache and on the user (checked last) | "the policy must name both"; "no permission: WRONGPASS" |

mod advice;
mod checks;
mod reason;
#[cfg(test)]
mod tests;
mod token;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) mod vectors;

pub use reason::Reason;

use crate::config::{Service, Switches};
use crate::keyring::Keyring;
use crate::{date, sigv4};
use std::time::{Duration, SystemTime};
use token::Token;

/// `Target` is what a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An ElastiCache or MemoryDB cluster.
    Cache {
        /// The service.
        service: Service,
        /// Whether it is a serverless cache.
        serverless: bool,
        /// The stored name, in lower case.
        cluster: String,
        /// The user of AUTH.
        user: String,
    },
    /// An RDS or Aurora endpoint.
    Rds {
        /// The endpoint's name.
        host: String,
        /// The endpoint's port.
        port: u16,
        /// The database user.
        user: String,
    },
    /// An Aurora DSQL endpoint.
    Dsql {
        /// The endpoint's name.
        host: String,
        /// `DbConnect` or `DbConnectAdmin`.
        action: String,
    },
}

/// `Expected` is what a token must be made for to be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The region that the token is signed for.
    pub region: String,
    /// What the token opens.
    pub target: Target,
}

/// `Lives` says how the lives of tokens are shortened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lives {
    /// Divides `X-Amz-Expires`.
    pub time_scale: f64,
    /// The longest life in real time; switches the scale off.
    pub token_life: Option<Duration>,
}

impl Default for Lives {
    fn default() -> Self {
        Self { time_scale: 1.0, token_life: None }
    }
}

/// `Verdict` is the outcome of a judgement. It holds no part of the token that could be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The first check that failed, if any.
    pub refused: Option<Reason>,
    /// SHA-256 of the token's bytes, in hex.
    pub token_sha256: String,
    /// The access key id, if the token names one.
    pub access_key: Option<String>,
    /// `X-Amz-Date`, if it is well formed.
    pub date: Option<String>,
    /// What the token says where the check failed: its host, region, user … as far as that is a plain name.
    pub found: Option<String>,
}

impl Verdict {
    /// Whether the token lets its bearer in.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.refused.is_none()
    }

    /// When the token says it was signed.
    #[must_use]
    pub fn signed_at(&self) -> Option<SystemTime> {
        self.date.as_deref().and_then(date::parse_amz)
    }

    /// A refusal without a look at the token.
    pub(crate) fn unread(token: &[u8], reason: Reason) -> Self {
        let token_sha256 = sigv4::sha256_hex(token);
        Self { refused: Some(reason), token_sha256, access_key: None, date: None, found: None }
    }
}

/// Judges `token` as the service would at `now`.
#[must_use]
pub fn judge(
    token: &str,
    expected: &Expected,
    keys: &Keyring,
    now: SystemTime,
    switches: &Switches,
    lives: &Lives,
) -> Verdict {
    let mut verdict = Verdict::unread(token.as_bytes(), Reason::Malformed);
    let parsed = match Token::parse(token, switches) {
        Ok(parsed) => parsed,
        Err(reason) => {
            return Verdict { refused: Some(reason), ..verdict };
        }
    };
    verdict.access_key = parsed.access_key();
    verdict.date =
        parsed.value("X-Amz-Date").filter(|text| date::parse_amz(text).is_some()).map(str::to_owned);
    let case = checks::Case { token: &parsed, expected, keys, now, switches, lives };
    let refused = case.check().err();
    verdict.found = refused.and_then(|reason| case.found(reason));
    Verdict { refused, ..verdict }
}
