//! How a request is written down.

use std::mem::MaybeUninit;

use keyrotor::{Error, Format};

use crate::argument::invalid;

/// How a request is written down.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum kr_format {
    /// The protobuf wire format.
    Protobuf = 0,
    /// proto3 JSON.
    Json = 1,
}

/// C may pass any number for an enum, which as a Rust enum would be undefined: so it arrives as what it is
/// until it is looked at.
pub(crate) fn read(argument: MaybeUninit<kr_format>) -> Result<Format, Error> {
    const { assert!(size_of::<kr_format>() == size_of::<u32>() && align_of::<kr_format>() == align_of::<u32>()) };
    // SAFETY: C passed an int, of which every value is a u32, and size and alignment are the same.
    match unsafe { argument.as_ptr().cast::<u32>().read() } {
        0 => Ok(Format::Protobuf),
        1 => Ok(Format::Json),
        number => {
            Err(invalid(format!("format {number} is not known; use KR_FORMAT_PROTOBUF or KR_FORMAT_JSON")))
        }
    }
}
