//! The judgement of an Entra token at the gates of Azure: a pure function, and the checks that it makes.
//!
//! The password is an access token of a service principal or managed identity. At the Redis the user of AUTH or
//! HELLO … AUTH is its object id; at the [PostgreSQL](crate::rds) it is the role that was made for it. The checks run
//! in this order; the first that fails is the [`Reason`] in the record.
//!
//! A client of the Redis sees the same `WRONGPASS` for all of them. Its connection is closed when its token ends,
//! unless a newer one came by AUTH before; there is no TLS-less port. A subscriber in RESP2 cannot send AUTH, so it is
//! cut.
//!
//! | id | reason | what must hold | backed by |
//! | --- | --- | --- | --- |
//! | A01 | `malformed` | three parts in base64url, header and claims in JSON | RFC 7519 |
//! | A02 | `algorithm` | `alg` is RS256 | Entra signs with it alone |
//! | A03 | `unknown-key` | `kid` names a key of the tenant that counts | the tenant's `jwks_uri` |
//! | A04 | `signature` | that key signed the token | RFC 7515 |
//! | A05 | `claims` | `aud`, `iss`, `tid`, `oid`, `nbf` and `exp` are there | Entra's access token reference |
//! | A06 | `audience` | `aud` is Azure Cache for Redis, by address or id; or Azure's databases, by address | their scopes, `https://redis.azure.com/.default` and `https://ossrdbms-aad.database.windows.net/.default` |
//! | A07 | `issuer` | `iss` is the tenant's name in tokens of its version | access token reference |
//! | A08 | `tenant` | `tid` is the tenant | access token reference |
//! | A09 | `not-before` | `nbf` is no more than five minutes ahead | access token reference |
//! | A10 | `expired` | `exp` is still to come | "closes an authenticated connection when its token expires" |
//! | A11 | `wrong-user` | `oid` is the user of AUTH, or that of the role's identity | "the user name is the object id"; `pgaadauth_create_principal` |
//! | A12 | `unknown-user` | the user is given access (`users`) | access policy assignment |

use crate::entra::Issuer;
use crate::entra::resource::{DATABASES_URL, REDIS_ID, REDIS_URL};
use crate::jwt::Jwt;
use std::fmt;
use std::time::{Duration, SystemTime};

/// How far the clocks of Entra and the cache may be apart.
const SKEW: Duration = Duration::from_secs(300);

/// `Reason` names the check that failed; the table is in the [module's page](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the module's table says what each check wants")]
pub enum Reason {
    Malformed,
    Algorithm,
    UnknownKey,
    Signature,
    Claims,
    Audience,
    Issuer,
    Tenant,
    NotBefore,
    Expired,
    WrongUser,
    UnknownUser,
}

impl Reason {
    /// The stable id, such as `A10`.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.pair().0
    }

    /// The stable name, such as `expired`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.pair().1
    }

    /// The next step for whoever sent the token.
    pub(crate) fn advice(self, at: Place) -> &'static str {
        match self {
            Self::Malformed => "send an access token of Entra as the password",
            Self::Algorithm | Self::UnknownKey | Self::Signature | Self::Issuer | Self::Tenant => {
                "get the token from the authority and tenant that are played here (AZURE_AUTHORITY_HOST)"
            }
            Self::Claims => "this is no access token: an id token will not do",
            Self::Audience => at.advice_on_the_audience(),
            Self::NotBefore => "the clock of who made the token is ahead",
            Self::Expired => "log in with a newer token",
            Self::WrongUser => at.advice_on_the_user(),
            Self::UnknownUser => "give this object id access here (--user, `users`)",
        }
    }

    fn pair(self) -> (&'static str, &'static str) {
        match self {
            Self::Malformed => ("A01", "malformed"),
            Self::Algorithm => ("A02", "algorithm"),
            Self::UnknownKey => ("A03", "unknown-key"),
            Self::Signature => ("A04", "signature"),
            Self::Claims => ("A05", "claims"),
            Self::Audience => ("A06", "audience"),
            Self::Issuer => ("A07", "issuer"),
            Self::Tenant => ("A08", "tenant"),
            Self::NotBefore => ("A09", "not-before"),
            Self::Expired => ("A10", "expired"),
            Self::WrongUser => ("A11", "wrong-user"),
            Self::UnknownUser => ("A12", "unknown-user"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name(), self.id())
    }
}

/// `Place` is what the token is shown to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Redis,
    Postgres,
}

impl Place {
    fn audiences(self) -> &'static [&'static str] {
        match self {
            Self::Redis => &[REDIS_URL, REDIS_ID],
            Self::Postgres => &[DATABASES_URL],
        }
    }

    fn advice_on_the_audience(self) -> &'static str {
        match self {
            Self::Redis => "ask for the scope https://redis.azure.com/.default",
            Self::Postgres => "ask for the scope https://ossrdbms-aad.database.windows.net/.default",
        }
    }

    fn advice_on_the_user(self) -> &'static str {
        match self {
            Self::Redis => "the user name is the token's `oid`, the object id",
            Self::Postgres => "the role is another identity's: `users` says whose it is, by object id",
        }
    }
}

/// `Finding` is what a token says of itself, whether it is believed or not.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Finding {
    /// When it was issued.
    pub(crate) issued: Option<SystemTime>,
    /// When it ends.
    pub(crate) expires: Option<SystemTime>,
    /// The application that it was issued to.
    pub(crate) application: Option<String>,
    /// The first check that failed, if any.
    pub(crate) refused: Option<Reason>,
}

/// `Identity` is whose token it must be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Identity<'a> {
    /// The object id.
    pub(crate) object: &'a str,
    /// Whether it is given access.
    pub(crate) known: bool,
}

/// Judges `text` as `at` would at `now`.
pub(crate) fn judge(
    text: &str,
    at: Place,
    identity: Identity<'_>,
    issuer: &Issuer,
    now: SystemTime,
) -> Finding {
    let Some(token) = Jwt::parse(text) else {
        return Finding { refused: Some(Reason::Malformed), ..Finding::default() };
    };
    let case = Case { token: &token, at, identity, issuer, now };
    Finding {
        issued: token.time("iat"),
        expires: token.time("exp"),
        application: token.text("appid").or(token.text("azp")).map(str::to_owned),
        refused: case.check().err(),
    }
}

struct Case<'a> {
    token: &'a Jwt<'a>,
    at: Place,
    identity: Identity<'a>,
    issuer: &'a Issuer,
    now: SystemTime,
}

fn require(holds: bool, reason: Reason) -> Result<(), Reason> {
    if holds { Ok(()) } else { Err(reason) }
}

impl Case<'_> {
    fn check(&self) -> Result<(), Reason> {
        let token = self.token;
        require(token.header("alg") == Some("RS256"), Reason::Algorithm)?;
        let key = self.issuer.key_of(token).ok_or(Reason::UnknownKey)?;
        require(key.has_signed(token), Reason::Signature)?;
        let text = |name| token.text(name).ok_or(Reason::Claims);
        let time = |name| token.time(name).ok_or(Reason::Claims);
        let audience = token.audience().ok_or(Reason::Claims)?;
        let (name, tenant, object) = (text("iss")?, text("tid")?, text("oid")?);
        let (begins, expires) = (time("nbf")?, time("exp")?);
        require(self.at.audiences().contains(&audience.trim_end_matches('/')), Reason::Audience)?;
        require(name == self.issuer.name(), Reason::Issuer)?;
        require(tenant == self.issuer.tenant(), Reason::Tenant)?;
        require(begins <= self.now + SKEW, Reason::NotBefore)?;
        require(self.now < expires, Reason::Expired)?;
        require(object == self.identity.object, Reason::WrongUser)?;
        require(self.identity.known, Reason::UnknownUser)
    }
}

#[cfg(test)]
mod tests;
