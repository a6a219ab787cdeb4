//! What a token says of itself. It is not verified: whoever takes it as a password does that.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

/// The claims that a login needs, where the token has them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    /// `oid`: the object id of the principal, which is its name on the server.
    pub(super) object_id: Option<Arc<str>>,
    /// `iat`
    pub(super) issued_at: Option<SystemTime>,
}

/// The claims of a JWT; none of anything else.
pub(super) fn of(token: &str) -> Claims {
    let payload = payload(token).unwrap_or_default();
    let object_id = payload.get("oid").and_then(Value::as_str).filter(|oid| !oid.is_empty()).map(Arc::from);
    let issued_at = payload
        .get("iat")
        .and_then(Value::as_u64)
        .and_then(|at| UNIX_EPOCH.checked_add(Duration::from_secs(at)));
    Claims { object_id, issued_at }
}

fn payload(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?;
    let json = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(payload: &str) -> String {
        format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn s03_the_object_id_is_read_as_json_and_not_found_by_search() {
        let claims = of(&token(r#"{"note": "\"oid\":\"liar\"", "oid": "0b1c", "iat": 1749990896}"#));
        assert_eq!(claims.object_id.as_deref(), Some("0b1c"));
        assert_eq!(claims.issued_at, Some(UNIX_EPOCH + Duration::from_secs(1_749_990_896)));
    }

    #[test]
    fn s03_a_token_that_names_nobody_has_no_object_id() {
        let with_empty = token(r#"{"oid": ""}"#);
        let with_number = token(r#"{"oid": 7}"#);
        for token in ["", "opaque", "a.b", "a.!!.c", &with_empty, &with_number] {
            assert_eq!(of(token), Claims::default(), "{token}");
        }
    }
}
