//! The tenant's token authority: its keys, and the access tokens that it signs.

use crate::Error;
use crate::jwt::{Jwt, SigningKey, seconds};
use serde_json::{Value, json};
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

const KEYS: [&str; 3] =
    [include_str!("keys/first.pem"), include_str!("keys/second.pem"), include_str!("keys/third.pem")];
/// Entra dates its tokens back by this much, for the sake of clocks that are late.
const DATED_BACK: Duration = Duration::from_secs(300);

/// `Issuer` signs tokens and knows which keys still count. It is shared with what judges tokens.
pub(crate) struct Issuer {
    tenant: String,
    version: u8,
    keys: Vec<SigningKey>,
    state: RwLock<State>,
}

struct State {
    current: usize,
    revoked: Vec<usize>,
}

/// `Grant` is what a token is made from.
pub(super) struct Grant<'a> {
    pub(super) client_id: &'a str,
    pub(super) object_id: &'a str,
    pub(super) audience: &'a str,
    /// How the client proved itself: 1 by a secret, 2 by a certificate or by the platform.
    pub(super) proof: u8,
    pub(super) life: Duration,
    /// The token's own id.
    pub(super) id: &'a str,
}

/// `Issued` is a token with what its answer states beside it.
#[derive(Clone)]
pub(super) struct Issued {
    pub(super) token: String,
    pub(super) not_before: SystemTime,
    pub(super) expires: SystemTime,
}

impl Issuer {
    pub(crate) fn new(tenant: &str, version: u8) -> Result<Self, Error> {
        let keys: Result<_, _> = KEYS.into_iter().map(SigningKey::from_pem).collect();
        let keys = keys.map_err(Error::Certificates)?;
        let state = RwLock::new(State { current: 0, revoked: Vec::new() });
        Ok(Self { tenant: tenant.to_owned(), version, keys, state })
    }

    /// The tenant's id.
    pub(crate) fn tenant(&self) -> &str {
        &self.tenant
    }

    /// What `iss` must say.
    pub(crate) fn name(&self) -> String {
        match self.version {
            1 => format!("https://sts.windows.net/{}/", self.tenant),
            _ => format!("https://login.microsoftonline.com/{}/v2.0", self.tenant),
        }
    }

    /// Makes an access token. Its life counts from `now`; it is dated back as Entra's are.
    pub(super) fn issue(&self, grant: &Grant<'_>, now: SystemTime) -> Result<Issued, Error> {
        let (issued, expires) = (now - DATED_BACK, now + grant.life);
        let mut claims = json!({
            "aud": grant.audience, "iss": self.name(), "iat": seconds(issued), "nbf": seconds(issued),
            "exp": seconds(expires), "oid": grant.object_id, "sub": grant.object_id, "tid": self.tenant,
            "idtyp": "app", "uti": grant.id, "ver": format!("{}.0", self.version),
        });
        let (application, proof) = if self.version == 1 { ("appid", "appidacr") } else { ("azp", "azpacr") };
        if let Some(claims) = claims.as_object_mut() {
            claims.insert(application.into(), grant.client_id.into());
            claims.insert(proof.into(), grant.proof.to_string().into());
            claims.insert("idp".into(), format!("https://sts.windows.net/{}/", self.tenant).into());
        }
        let current = self.state.read().unwrap_or_else(PoisonError::into_inner).current;
        let key = self.keys.get(current).ok_or_else(|| Error::Certificates("no signing key".into()))?;
        let token = key.sign(&claims).map_err(|error| Error::Certificates(error.to_string()))?;
        Ok(Issued { token, not_before: issued, expires })
    }

    /// The key that a token names, if it counts.
    pub(crate) fn key_of(&self, token: &Jwt<'_>) -> Option<&SigningKey> {
        let id = token.header("kid")?;
        self.trusted().find(|key| key.id() == id)
    }

    /// The keys that count, as JSON Web Keys.
    pub(super) fn public_keys(&self) -> Value {
        json!({ "keys": self.trusted().map(SigningKey::public).collect::<Vec<_>>() })
    }

    fn trusted(&self) -> impl Iterator<Item = &SigningKey> {
        let revoked = self.state.read().unwrap_or_else(PoisonError::into_inner).revoked.clone();
        self.keys.iter().enumerate().filter(move |(index, _)| !revoked.contains(index)).map(|(_, key)| key)
    }

    /// Signs with the next key from now on; the tokens of the one before count on, unless it is revoked.
    pub(super) fn rotate(&self, revoke: bool) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let last = state.current;
        state.current = (last + 1) % KEYS.len();
        let current = state.current;
        state.revoked.retain(|index| *index != current);
        if revoke {
            state.revoked.push(last);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::UNIX_EPOCH;

    fn token(issuer: &Issuer) -> String {
        let grant = Grant {
            client_id: "c",
            object_id: "o",
            audience: "a",
            proof: 1,
            life: Duration::from_secs(60),
            id: "u",
        };
        issuer.issue(&grant, UNIX_EPOCH + Duration::from_secs(1000)).expect("a token").token
    }

    #[test]
    fn keys_rotate_and_are_revoked() {
        let issuer = Issuer::new("t", 1).expect("an issuer");
        let counts = |text: &str| {
            let token = Jwt::parse(text).expect("a token");
            issuer.key_of(&token).is_some_and(|key| key.has_signed(&token))
        };
        let first = token(&issuer);
        issuer.rotate(false);
        let second = token(&issuer);
        assert!(counts(&first) && counts(&second) && first != second);
        issuer.rotate(true);
        assert!(counts(&first) && !counts(&second) && counts(&token(&issuer)));
    }

    #[test]
    fn both_versions_name_their_application() {
        for (version, name) in [(1, "appid"), (2, "azp")] {
            let issuer = Issuer::new("t", version).expect("an issuer");
            let text = token(&issuer);
            let token = Jwt::parse(&text).expect("a token");
            assert_eq!(token.text(name), Some("c"));
            assert_eq!(token.text("iss"), Some(issuer.name().as_str()));
            assert_eq!(token.time("exp"), Some(UNIX_EPOCH + Duration::from_secs(1060)));
        }
    }
}
