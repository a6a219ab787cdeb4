//! A SigV4 presigned GET with its scheme cut off: the form of every AWS login token.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation,
    SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use keyrotor_proto::Code;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::{Error, Result};
use crate::secret::Secret;

/// RFC 3986: all but the unreserved characters is escaped.
const ESCAPED: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What is signed, and as whom.
pub(crate) struct Presign<'a> {
    /// The token's text starts with it; its lower case is signed as the `host` header.
    pub(crate) host: &'a str,
    /// Unescaped, in the order of the token's text.
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) service: &'static str,
    pub(crate) region: &'a str,
    pub(crate) life: Duration,
    pub(crate) at: SystemTime,
}

/// Signs without any I/O.
pub(crate) fn presign(request: &Presign<'_>, keys: &Credentials) -> Result<Secret> {
    let query = query_text(request.query);
    let url = format!("https://{}/?{query}", request.host.to_ascii_lowercase());
    let parameters = signed_parameters(request, &url, keys)?;
    // Enough from the start: what grows is copied, and leaves the copy behind in memory that nobody zeroes.
    let longest: usize = parameters.iter().map(|(name, value)| name.len() + 3 * value.len() + 2).sum();
    let mut token = String::with_capacity(request.host.len() + query.len() + 2 + longest);
    token.push_str(request.host);
    token.push_str("/?");
    token.push_str(&query);
    for (index, (name, value)) in parameters.iter().enumerate() {
        if index > 0 || !request.query.is_empty() {
            token.push('&');
        }
        token.push_str(name);
        token.push('=');
        token.extend(utf8_percent_encode(value, &ESCAPED));
    }
    Ok(Secret::new(token))
}

fn signed_parameters(
    request: &Presign<'_>,
    url: &str,
    keys: &Credentials,
) -> Result<Vec<(&'static str, std::borrow::Cow<'static, str>)>> {
    let identity = keys.clone().into();
    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(request.life);
    settings.percent_encoding_mode = PercentEncodingMode::Double;
    settings.payload_checksum_kind = PayloadChecksumKind::NoHeader;
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(request.region)
        .name(request.service)
        .time(request.at)
        .settings(settings)
        .build()
        .map_err(failed)?
        .into();
    let signable =
        SignableRequest::new("GET", url, std::iter::empty(), SignableBody::Bytes(&[])).map_err(failed)?;
    let (instructions, _) = sign(signable, &params).map_err(failed)?.into_parts();
    Ok(instructions.into_parts().1)
}

fn query_text(query: &[(&str, &str)]) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, &ESCAPED)))
        .collect();
    pairs.join("&")
}

fn failed(error: impl std::error::Error) -> Error {
    Error::new(
        Code::CredentialsSigningFailed,
        format!("Failed to sign request: {error}; look at the names and the region of the request"),
    )
}

/// The moment as a SigV4 date can say it.
pub(crate) fn whole_seconds(at: SystemTime) -> SystemTime {
    let seconds = at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    UNIX_EPOCH + Duration::from_secs(seconds)
}
