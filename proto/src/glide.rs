//! GLIDE's layout of `authentication_info`: recognised, refused, and converted on request.
//!
//! There field 1 is the password, 2 the user name, 3 the IAM settings. Read with our schema some of such
//! bytes would decode, to something silently wrong.

use prost::Message;

use crate::decode::{Format, ShapeError, decode};
use crate::schema::Schema;
use crate::wire::{malformed, walk_ours};
use crate::{Code, ConnectionRequest, IamCredentials, ServerCredentials, authentication_info};

/// `AuthenticationInfo` as GLIDE 2.x declares it.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct GlideAuthenticationInfo {
    #[prost(string, tag = "1")]
    password: String,
    #[prost(string, tag = "2")]
    username: String,
    #[prost(message, optional, tag = "3")]
    iam_credentials: Option<GlideIamCredentials>,
}

#[derive(Clone, PartialEq, Message)]
struct GlideIamCredentials {
    #[prost(string, tag = "1")]
    cluster_name: String,
    #[prost(string, tag = "2")]
    region: String,
    #[prost(int32, tag = "3")]
    service_type: i32,
    #[prost(uint32, optional, tag = "4")]
    refresh_interval_seconds: Option<u32>,
}

/// A request whose field 7 is kept as bytes, and everything else as it came.
#[derive(Clone, PartialEq, Message)]
#[prost(skip_debug)]
struct Envelope {
    #[prost(bytes = "vec", optional, tag = "7")]
    authentication_info: Option<Vec<u8>>,
}

/// Whether these bytes of `authentication_info` can only be meant in GLIDE's layout.
///
/// Field 3, or 1 and 2 together, exist there alone. A single 1 or 2 is GLIDE's where it reads as plain text
/// and not as the message that stands there in our layout (whose first byte is a control character).
pub fn is_glide_layout(bytes: &[u8]) -> bool {
    let Some(fields) = length_delimited_fields(bytes) else {
        return false;
    };
    let has = |number| fields.iter().any(|(n, _)| *n == number);
    if has(3) || (has(1) && has(2) && fields.iter().all(|(n, _)| *n <= 3)) {
        return true;
    }
    fields.iter().any(|(number, content)| match number {
        1 => is_text_not_message(content, ".keyrotor.v1.ServerCredentials"),
        2 => is_text_not_message(content, ".keyrotor.v1.IamCredentials"),
        _ => false,
    })
}

fn is_text_not_message(content: &[u8], message: &str) -> bool {
    let printable = std::str::from_utf8(content).is_ok_and(|text| !text.contains(char::is_control));
    printable && walk_ours(Schema::get(), message, content).is_err()
}

pub(crate) fn refusal(path: &str) -> ShapeError {
    ShapeError::new(
        Code::ConfigGlideLayout,
        path,
        "this is GLIDE's layout (password = 1, username = 2, iam_credentials = 3); convert the request with \
         connection_request_from_glide, or fill the oneof of keyrotor.v1",
    )
}

/// Converts the bytes of GLIDE's `ConnectionRequest` (2.x) into ours. Everything but field 7 has the same
/// numbers and is checked as [`decode`] does.
///
/// # Errors
/// [`Code::ConfigMalformed`] where field 7 is not GLIDE's, else what [`decode`] says of the rest.
pub fn connection_request_from_glide(bytes: &[u8]) -> Result<ConnectionRequest, ShapeError> {
    let envelope = Envelope::decode(bytes).map_err(|error| malformed("", error.to_string()))?;
    let rest = without_field_7(bytes).ok_or_else(|| malformed("", "not a protobuf message"))?;
    let mut request: ConnectionRequest = decode(&rest, Format::Protobuf)?;
    let Some(bytes) = envelope.authentication_info else {
        return Ok(request);
    };
    let not_theirs = || malformed("authentication_info", "not GLIDE's layout");
    let fields = length_delimited_fields(&bytes).ok_or_else(not_theirs)?;
    let is_ours = walk_ours(Schema::get(), ".keyrotor.v1.AuthenticationInfo", &bytes).is_ok();
    if fields.iter().any(|(number, _)| *number > 3) || (is_ours && !bytes.is_empty()) {
        return Err(not_theirs());
    }
    let theirs = GlideAuthenticationInfo::decode(&*bytes).map_err(|_| not_theirs())?;
    request.authentication_info = Some(crate::AuthenticationInfo { credentials: Some(converted(theirs)?) });
    // A value that is none of ours is found as in any other request.
    decode(&request.encode_to_vec(), Format::Protobuf)
}

fn converted(theirs: GlideAuthenticationInfo) -> Result<authentication_info::Credentials, ShapeError> {
    let GlideAuthenticationInfo { password, username, iam_credentials } = theirs;
    let Some(iam) = iam_credentials else {
        return Ok(authentication_info::Credentials::ServerCredentials(ServerCredentials {
            username,
            password,
        }));
    };
    if !password.is_empty() {
        return Err(ShapeError::new(
            Code::ConfigConflict,
            "authentication_info",
            "password and iam_credentials are both set; set one",
        ));
    }
    Ok(authentication_info::Credentials::IamCredentials(IamCredentials {
        cluster_name: iam.cluster_name,
        username,
        region: Some(iam.region).filter(|region| !region.is_empty()),
        service_type: iam.service_type,
        refresh_interval: iam
            .refresh_interval_seconds
            .map(|seconds| pbjson_types::Duration { seconds: i64::from(seconds), nanos: 0 }),
        ..Default::default()
    }))
}

/// The fields of a message, where all of them are length-delimited.
fn length_delimited_fields(mut bytes: &[u8]) -> Option<Vec<(u64, &[u8])>> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let key = prost::encoding::decode_varint(&mut bytes).ok()?;
        let length = prost::encoding::decode_varint(&mut bytes).ok()?;
        if key & 7 != 2 {
            return None;
        }
        let (content, rest) = bytes.split_at_checked(usize::try_from(length).ok()?)?;
        fields.push((key >> 3, content));
        bytes = rest;
    }
    Some(fields)
}

fn without_field_7(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut rest = bytes;
    let mut kept = Vec::with_capacity(bytes.len());
    while !rest.is_empty() {
        let before = rest;
        let key = prost::encoding::decode_varint(&mut rest).ok()?;
        let length = match key & 7 {
            0 => prost::encoding::decode_varint(&mut rest).map(|_| 0).ok()?,
            1 => 8,
            2 => usize::try_from(prost::encoding::decode_varint(&mut rest).ok()?).ok()?,
            5 => 4,
            _ => return None,
        };
        rest = rest.split_at_checked(length)?.1;
        if key >> 3 != 7 {
            kept.extend_from_slice(before.get(..before.len() - rest.len())?);
        }
    }
    Some(kept)
}
