//! JSON Web Tokens signed with RSA: taken apart, made, and checked against a key.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::PublicKeyComponents;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use ring::{digest, error::Unspecified};
use serde_json::{Map, Value, json};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;

/// `Jwt` is a token in its three parts; nothing about it is checked yet.
pub(crate) struct Jwt<'a> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    /// Header and claims as they were signed.
    pub(crate) signed: &'a str,
    pub(crate) signature: Vec<u8>,
}

impl<'a> Jwt<'a> {
    /// Takes a token apart: three parts in base64url without padding, the first two of them JSON objects.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let (signed, signature) = text.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        Some(Self { header: object(header)?, claims: object(claims)?, signed, signature })
    }

    /// A text of the header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.header.get(name)?.as_str()
    }

    /// A claim that is a text.
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.claims.get(name)?.as_str()
    }

    /// The one audience: a text, or a list of one as Kubernetes writes it.
    pub(crate) fn audience(&self) -> Option<&str> {
        match self.claims.get("aud")? {
            Value::Array(all) => {
                if let [one] = all.as_slice() {
                    one.as_str()
                } else {
                    None
                }
            }
            one => one.as_str(),
        }
    }

    /// A claim that is a time: seconds since 1970, a fraction allowed (MSAL for Python sends one).
    pub(crate) fn time(&self, name: &str) -> Option<SystemTime> {
        let seconds = self.claims.get(name)?.as_f64()?;
        UNIX_EPOCH.checked_add(Duration::try_from_secs_f64(seconds).ok()?)
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()? {
        Value::Object(fields) => Some(fields),
        _ => None,
    }
}

/// Seconds since 1970, as claims state times.
pub(crate) fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Base64url without padding.
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `SigningKey` is an RSA key with the id that tokens name it by.
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    id: String,
}

impl SigningKey {
    /// Reads a private key in PEM (PKCS #8); its id is derived from its public half.
    pub(crate) fn from_pem(pem: &str) -> Result<Self, String> {
        let der = PrivatePkcs8KeyDer::from_pem_slice(pem.as_bytes()).map_err(|error| error.to_string())?;
        let pair = RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()).map_err(|error| error.to_string())?;
        let id = encode(digest::digest(&digest::SHA256, pair.public().as_ref()));
        Ok(Self { pair, id })
    }

    /// The `kid` of its tokens.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Makes a token (RS256) of these claims.
    pub(crate) fn sign(&self, claims: &Value) -> Result<String, Unspecified> {
        let header = json!({ "typ": "JWT", "alg": "RS256", "kid": self.id, "x5t": self.id });
        let mut text = format!("{}.{}", encode(header.to_string()), encode(claims.to_string()));
        let mut signature = vec![0; self.pair.public().modulus_len()];
        self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature)?;
        text.push('.');
        text.push_str(&encode(signature));
        Ok(text)
    }

    /// Whether this key signed `token` (RS256).
    pub(crate) fn has_signed(&self, token: &Jwt<'_>) -> bool {
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, self.pair.public().as_ref());
        public.verify(token.signed.as_bytes(), &token.signature).is_ok()
    }

    /// Its public half as a JSON Web Key.
    pub(crate) fn public(&self) -> Value {
        let parts: PublicKeyComponents<Vec<u8>> = self.pair.public().into();
        json!({ "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.id, "x5t": self.id,
            "n": encode(parts.n), "e": encode(parts.e) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(pem: &str) -> SigningKey {
        SigningKey::from_pem(pem).expect("a key")
    }

    #[test]
    fn tokens_are_made_and_taken_apart() {
        let first = key(include_str!("entra/keys/first.pem"));
        let text = first
            .sign(&json!({ "oid": "o", "exp": 1_749_990_896.5, "n": [], "aud": ["a"] }))
            .expect("a token");
        let token = Jwt::parse(&text).expect("three parts");
        assert_eq!((token.header("alg"), token.header("kid")), (Some("RS256"), Some(first.id())));
        assert_eq!((token.text("oid"), token.text("n"), token.text("sub")), (Some("o"), None, None));
        assert_eq!(token.time("exp"), Some(UNIX_EPOCH + Duration::from_millis(1_749_990_896_500)));
        assert_eq!((token.time("oid"), token.audience()), (None, Some("a")));
        assert!(first.has_signed(&token));
        assert!(!key(include_str!("entra/keys/second.pem")).has_signed(&token));
        let other = text.replacen('.', "x.", 1);
        assert!(Jwt::parse(&other).is_none_or(|token| !first.has_signed(&token)));
    }

    #[test]
    fn what_has_no_three_parts_is_no_token() {
        let object = encode("{}");
        for text in ["", "..", "a.b.c", &format!("{object}.{object}"), &format!("{object}.{}.", encode("[]"))]
        {
            assert!(Jwt::parse(text).is_none(), "{text}");
        }
        assert!(Jwt::parse(&format!("{object}.{object}.")).is_some());
    }
}
