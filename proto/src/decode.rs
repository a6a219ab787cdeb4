//! Bytes or JSON in, a message or one precise error out.

use prost::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::schema::Schema;
use crate::{Code, ConnectionRequest, TokenManagerRequest, json, wire};

/// How a message was written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The protobuf wire format.
    Protobuf,
    /// proto3 JSON, with either spelling of a field's name.
    Json,
}

/// What is wrong with a message, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", at(path))]
pub struct ShapeError {
    /// One of the `config-*` codes.
    pub code: Code,
    /// The field, in the names of the `.proto` file: `authentication_info.iam_credentials.region`. Empty where
    /// the whole message is meant.
    pub path: String,
    /// What was found and what would be right; never a value that could be secret.
    pub message: String,
}

fn at(path: &str) -> String {
    if path.is_empty() { String::new() } else { format!("{path}: ") }
}

impl ShapeError {
    pub(crate) fn new(code: Code, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code, path: path.into(), message: message.into() }
    }
}

/// A message that a host may hand over.
pub trait Request: Message + Default + Serialize + DeserializeOwned {
    /// Its name in the schema.
    const FULL_NAME: &'static str;
}

impl Request for ConnectionRequest {
    const FULL_NAME: &'static str = ".keyrotor.v1.ConnectionRequest";
}

impl Request for TokenManagerRequest {
    const FULL_NAME: &'static str = ".keyrotor.v1.TokenManagerRequest";
}

/// Reads a message and refuses what protobuf would drop or merge without a word: unknown fields and enum
/// values, a field twice, two arms of one `oneof`, text that is not UTF-8, numbers that do not fit.
///
/// # Errors
/// The first thing that is wrong, as a [`ShapeError`].
pub fn decode<M: Request>(bytes: &[u8], format: Format) -> Result<M, ShapeError> {
    let decoded = match format {
        Format::Protobuf => decode_wire(bytes),
        Format::Json => decode_json(bytes),
    };
    decoded.map_err(|error| with_format_hint(error, bytes, format))
}

/// Bytes in the other format end in an error that does not say so.
fn with_format_hint(mut error: ShapeError, bytes: &[u8], format: Format) -> ShapeError {
    let looks_like_json = bytes.trim_ascii_start().first() == Some(&b'{');
    match format {
        Format::Protobuf if looks_like_json => {
            error.message.push_str("; it looks like JSON: say so in the format")
        }
        Format::Json if !looks_like_json && error.path.is_empty() => {
            error.message.push_str("; a request in JSON is an object: is it protobuf?");
        }
        _ => {}
    }
    error
}

/// The proto3 JSON of a message.
pub fn to_json(message: &impl Serialize) -> String {
    // Our messages hold nothing that JSON cannot: the only failure would be a map with keys that are no text.
    serde_json::to_string(message).unwrap_or_default()
}

fn decode_wire<M: Request>(bytes: &[u8]) -> Result<M, ShapeError> {
    wire::walk(Schema::get(), M::FULL_NAME, bytes)?;
    M::decode(bytes).map_err(|error| ShapeError::new(Code::ConfigMalformed, "", error.to_string()))
}

fn decode_json<M: Request>(bytes: &[u8]) -> Result<M, ShapeError> {
    json::walk(Schema::get(), M::FULL_NAME, bytes)?;
    let malformed = |error: serde_json::Error| {
        let text = error.to_string();
        // As the base64 crate says it, which has no word of where.
        let is_base64 = text.starts_with("Invalid ");
        let hint = if is_base64 { "; bytes, such as root_certs, are base64 in JSON" } else { "" };
        ShapeError::new(Code::ConfigMalformed, "", format!("{text}{hint}"))
    };
    let mut value = serde_json::from_slice(bytes).map_err(malformed)?;
    drop_nulls(&mut value);
    serde_json::from_value(value).map_err(malformed)
}

/// In proto3 JSON null is an unset field; the generated code takes it for some fields only.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
