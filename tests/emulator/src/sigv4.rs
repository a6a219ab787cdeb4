//! Signatures: of a presigned GET with an empty body, from its decoded parameters, and of a whole request.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use ring::{digest, hmac};

/// RFC 3986: everything but `A-Za-z0-9-_.~` is escaped, with capital digits.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
const EMPTY_BODY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// `Scope` is what a signing key is derived for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) date: &'a str,
    pub(crate) region: &'a str,
    pub(crate) service: &'a str,
}

/// Escapes a name or a value of the query.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// The canonical query: every pair escaped anew, sorted by escaped name, then by escaped value.
pub(crate) fn canonical_query<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut pairs: Vec<_> = pairs.map(|(name, value)| (encode(name), encode(value))).collect();
    pairs.sort_unstable();
    let joined: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    joined.join("&")
}

/// `Canonical` is a request in the form that is signed.
pub(crate) struct Canonical<'a> {
    pub(crate) method: &'a str,
    /// Escaped, segment by segment.
    pub(crate) path: &'a str,
    /// Of [`canonical_query`].
    pub(crate) query: &'a str,
    /// The signed headers: names in lower case and sorted, values without spare spaces.
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) body_sha256: &'a str,
}

impl Canonical<'_> {
    pub(crate) fn text(&self) -> String {
        let Self { method, path, query, headers, body_sha256 } = self;
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let names: Vec<_> = headers.iter().map(|(name, _)| *name).collect();
        format!("{method}\n{path}\n{query}\n{lines}\n{}\n{body_sha256}", names.join(";"))
    }
}

/// The canonical request of a token: `GET /` with `host` as the only signed header.
pub(crate) fn canonical_request(host: &str, query: &str) -> String {
    let headers = &[("host", host)];
    Canonical { method: "GET", path: "/", query, headers, body_sha256: EMPTY_BODY }.text()
}

/// What the signing key signs.
pub(crate) fn string_to_sign(scope: Scope<'_>, date: &str, canonical: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256\n{date}\n{}/{}/{}/aws4_request\n{}",
        scope.date,
        scope.region,
        scope.service,
        sha256_hex(canonical.as_bytes())
    )
}

/// The signature, in lower-case hex.
pub(crate) fn signature(secret: &str, scope: Scope<'_>, date: &str, canonical: &str) -> String {
    let text = string_to_sign(scope, date, canonical);
    let mut key = hmac_sha256(format!("AWS4{secret}").as_bytes(), scope.date);
    for part in [scope.region, scope.service, "aws4_request", &text] {
        key = hmac_sha256(key.as_ref(), part);
    }
    hex(key.as_ref())
}

/// SHA-256 in lower-case hex.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    hex(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Compares two texts in a time that depends on their lengths only.
pub(crate) fn same(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    left.len() == right.len() && left.iter().zip(right).fold(0, |all, (a, b)| all | (a ^ b)) == 0
}

fn hmac_sha256(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes())
}

#[cfg(test)]
mod suite;
