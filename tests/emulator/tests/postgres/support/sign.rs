//! A signer, written apart from the emulator's verifier.

use super::REGION;
use ring::{digest, hmac};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// An RDS token for the endpoint of the tests, signed in the second before the judging clock starts.
pub(crate) fn token(user: &str) -> String {
    sign("db.example.com:5432", "rds-db", &[("Action", "connect"), ("DBUser", user)])
}

/// A DSQL token for `localhost`.
pub(crate) fn dsql_token(action: &str) -> String {
    sign("localhost", "dsql", &[("Action", action)])
}

fn sign(host: &str, service: &str, purpose: &[(&str, &str)]) -> String {
    let (day, date) = ("20250615", "20250615T123455Z");
    let scope = format!("{day}/{REGION}/{service}/aws4_request");
    let credential = format!("AKIDEXAMPLE/{scope}");
    let mut pairs = purpose.to_vec();
    pairs.extend([
        ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
        ("X-Amz-Credential", &credential),
        ("X-Amz-Date", date),
        ("X-Amz-Expires", "900"),
        ("X-Amz-SignedHeaders", "host"),
    ]);
    let query: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{name}={}", value.replace('/', "%2F"))).collect();
    let query = query.join("&");
    let request = format!("GET\n/\n{query}\nhost:{host}\n\nhost\n{}", sha256(""));
    let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(&request));
    let mut key = mac(format!("AWS4{SECRET}").as_bytes(), day);
    for part in [REGION, service, "aws4_request", &text] {
        key = mac(key.as_ref(), part);
    }
    format!("{host}/?{query}&X-Amz-Signature={}", hex(key.as_ref()))
}

fn sha256(text: &str) -> String {
    hex(digest::digest(&digest::SHA256, text.as_bytes()).as_ref())
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
