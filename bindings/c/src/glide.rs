//! Requests that were built for Valkey GLIDE.

use std::mem::MaybeUninit;

use keyrotor::proto::{self, Message};

use crate::argument::bytes;
use crate::error::kr_error;
use crate::guard::produce;
use crate::string::kr_string;

/// Converts the bytes of Valkey GLIDE's ConnectionRequest (2.x) into those of ours, for kr_client_connect() with
/// KR_FORMAT_PROTOBUF. Free them with kr_string_free(): they may hold a password.
/// Errors: config-*.
///
/// # Safety
/// `request` points to `len` readable bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kr_connection_request_from_glide(
    request: *const u8,
    len: usize,
    out: Option<&mut MaybeUninit<Option<Box<kr_string>>>>,
) -> Option<Box<kr_error>> {
    produce(out, || {
        // SAFETY: the caller's promise.
        let request = unsafe { bytes(request, len, "request") }?;
        let request = proto::connection_request_from_glide(request)?;
        Ok(kr_string::new(request.encode_to_vec()))
    })
}
