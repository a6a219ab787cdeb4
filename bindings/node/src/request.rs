//! Requests, which pass through as they come.

use keyrotor::Format;
use keyrotor::proto::{FILE_DESCRIPTOR_SET, Message, connection_request_from_glide};
use napi::bindgen_prelude::{Buffer, Env};
use napi_derive::napi;

use crate::error::thrown;

/// How the bytes of a request are to be read.
#[napi(string_enum = "lowercase")]
#[derive(Debug)]
pub enum Encoding {
    /// The wire format.
    Protobuf,
    /// proto3 JSON in UTF-8.
    Json,
}

impl From<Encoding> for Format {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Protobuf => Self::Protobuf,
            Encoding::Json => Self::Json,
        }
    }
}

/// GLIDE's bytes in, ours out.
#[napi(catch_unwind)]
pub fn convert_glide_request(env: &Env, bytes: &[u8]) -> napi::Result<Buffer> {
    let request = connection_request_from_glide(bytes).map_err(|error| thrown(env, &error.into()))?;
    Ok(request.encode_to_vec().into())
}

/// The compiled schema.
#[napi(catch_unwind)]
pub fn descriptor_set() -> Buffer {
    FILE_DESCRIPTOR_SET.to_vec().into()
}
