//! The identity provider of the pod's service account: a key of its own, and the JSON web tokens that it signs.

use crate::Error;
use crate::random::Random;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, UnparsedPublicKey,
};
use serde_json::{Value, json};

const ALGORITHM: &str = "ES256";

/// `Oidc` signs with ES256, one of the algorithms that IAM takes from an identity provider.
pub(super) struct Oidc {
    pair: EcdsaKeyPair,
    id: String,
    system: SystemRandom,
}

/// Why a token says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unreadable {
    /// It is not a JSON web token.
    Malformed,
    /// It is signed by a key, or in a way, that the provider does not publish.
    UnknownKey,
    /// The signature is another one.
    Signature,
}

impl Oidc {
    /// Makes a provider, and its private key in PEM.
    pub(super) fn new(random: &Random) -> Result<(Self, String), Error> {
        let failed = |_| Error::Keys("no key pair for the identity provider");
        let system = SystemRandom::new();
        let document =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &system).map_err(failed)?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref(), &system)
            .map_err(|_| Error::Keys("the identity provider's key pair cannot be read"))?;
        Ok((Self { pair, id: random.letters(10), system }, pem(document.as_ref())))
    }

    /// The token that says this.
    pub(super) fn sign(&self, claims: &Value) -> Result<String, Error> {
        let header = json!({ "alg": ALGORITHM, "kid": self.id, "typ": "JWT" });
        let encoded = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let text = format!("{}.{}", encoded(&header), encoded(claims));
        let failed = |_| Error::Keys("the identity provider cannot sign");
        let signature = self.pair.sign(&self.system, text.as_bytes()).map_err(failed)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// What a token says that this provider has signed. Its times are not looked at.
    pub(super) fn claims(&self, token: &str) -> Result<Value, Unreadable> {
        let (text, signature) = token.rsplit_once('.').ok_or(Unreadable::Malformed)?;
        let (header, claims) = text.split_once('.').ok_or(Unreadable::Malformed)?;
        let (header, claims) = (decoded(header)?, decoded(claims)?);
        // Other signers need not name the key.
        let names_us = header.get("kid").is_none_or(|id| id == &self.id);
        if header.get("alg").is_none_or(|algorithm| algorithm != ALGORITHM) || !names_us {
            return Err(Unreadable::UnknownKey);
        }
        let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Unreadable::Malformed)?;
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.pair.public_key().as_ref())
            .verify(text.as_bytes(), &signature)
            .map_err(|_| Unreadable::Signature)?;
        Ok(claims)
    }
}

fn decoded(part: &str) -> Result<Value, Unreadable> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Unreadable::Malformed)?;
    let value: Value = serde_json::from_slice(&bytes).map_err(|_| Unreadable::Malformed)?;
    if value.is_object() { Ok(value) } else { Err(Unreadable::Malformed) }
}

fn pem(document: &[u8]) -> String {
    let text = STANDARD.encode(document);
    let lines: Vec<_> = text.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_tokens_say_anything() {
        let random = Random::new().expect("a seed");
        let [one, other] = [0, 1].map(|_| Oidc::new(&random).expect("a key").0);
        let claims = json!({ "sub": "somebody" });
        let token = one.sign(&claims).expect("a token");
        assert_eq!(one.claims(&token), Ok(claims));
        assert_eq!(other.claims(&token), Err(Unreadable::UnknownKey));
        let (head, _) = token.rsplit_once('.').expect("three parts");
        let forged = format!("{head}.{}", URL_SAFE_NO_PAD.encode([7; 64]));
        assert_eq!(one.claims(&forged), Err(Unreadable::Signature));
        let unsigned = format!("{}.{}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#), "e30");
        assert_eq!(one.claims(&unsigned), Err(Unreadable::UnknownKey));
        for text in ["", "a.b", "a.b.c", "e30.W10.e30"] {
            assert_eq!(one.claims(text), Err(Unreadable::Malformed), "{text}");
        }
    }
}
