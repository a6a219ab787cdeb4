//! `keyrotor.v1`: the messages that every language hands to the keyrotor core.
//!
//! [`decode`] is the only way in. Bytes and proto3 JSON of one message give the same message, and the same
//! mistake in either gives the same [`Code`] and the same path. It is stricter than protobuf asks for: where
//! a decoder drops what it does not know, `decode` refuses, since a misspelt field of a login must not turn
//! into a weaker login without a word.
//!
//! ```
//! use keyrotor_proto::{Code, ConnectionRequest, Format, decode};
//!
//! let request: ConnectionRequest = decode(br#"{"addresses": [{"host": "cache.internal"}]}"#, Format::Json)?;
//! assert_eq!(request.addresses[0].host, "cache.internal");
//!
//! let error = decode::<ConnectionRequest>(br#"{"tlsMod": "SecureTls"}"#, Format::Json).unwrap_err();
//! assert_eq!((error.code, error.path.as_str()), (Code::ConfigUnknownField, "tlsMod"));
//! # Ok::<(), keyrotor_proto::ShapeError>(())
//! ```

mod code;
mod decode;
mod glide;
mod json;
mod redact;
mod schema;
mod wire;

#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    clippy::use_self,
    reason = "generated code; the comments of the .proto files are its documentation"
)]
mod generated {
    include!("gen/keyrotor.v1.rs");
    include!("gen/keyrotor.v1.serde.rs");
}

pub use decode::{Format, Request, ShapeError, decode, to_json};
pub use generated::*;
pub use glide::{connection_request_from_glide, is_glide_layout};
pub use pbjson_types::{Duration, Timestamp};
pub use prost::Message;

/// The compiled schema, a `google.protobuf.FileDescriptorSet`: with it a host's own protobuf library builds
/// the messages without generated code.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!("gen/keyrotor.v1.bin");
