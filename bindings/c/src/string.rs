//! Text or bytes that the library has made.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use crate::guard::release;
use crate::text::Text;

/// Text or bytes that the library has made.
pub struct kr_string(Text);

impl kr_string {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Text::new(bytes))
    }
}

/// The bytes, with a NUL behind them; `len` may be NULL. They live until kr_string_free().
#[unsafe(no_mangle)]
pub extern "C" fn kr_string_data(
    string: Option<&kr_string>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    string.map_or(std::ptr::null(), |string| string.0.exact(len))
}

/// Frees it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_string_free(string: Option<Box<kr_string>>) {
    release(string);
}
