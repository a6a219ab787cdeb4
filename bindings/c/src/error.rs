//! What went wrong.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use keyrotor::Error;
use keyrotor::proto::ErrorDetail;

use crate::guard::release;
use crate::text::Text;

/// What went wrong. Nothing of it is ever a secret.
pub struct kr_error {
    detail: ErrorDetail,
    name: Text,
    message: Text,
    field: Option<Text>,
    server_text: Option<Text>,
    source: Option<Text>,
}

impl kr_error {
    #[cfg(test)]
    pub(crate) fn detail(&self) -> &ErrorDetail {
        &self.detail
    }
}

impl From<Error> for kr_error {
    fn from(error: Error) -> Self {
        Self::from(error.detail())
    }
}

impl From<ErrorDetail> for kr_error {
    fn from(detail: ErrorDetail) -> Self {
        let text = |text: &Option<String>| text.as_deref().map(Text::new);
        Self {
            name: Text::new(&*detail.name),
            message: Text::new(&*detail.message),
            field: text(&detail.field),
            server_text: text(&detail.server_text),
            source: text(&detail.source),
            detail,
        }
    }
}

fn shown(text: Option<&Text>) -> *const c_char {
    text.map_or(std::ptr::null(), Text::shown)
}

/// The error's number, a kr_code; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_code(error: Option<&kr_error>) -> i32 {
    error.map_or(0, |error| error.detail.code)
}

/// The code's name, the same in every language: "auth-refused".
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_name(error: Option<&kr_error>) -> *const c_char {
    shown(error.map(|error| &error.name))
}

/// What was tried, with what, and what to do next. A NUL inside shows as U+FFFD.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_message(error: Option<&kr_error>) -> *const c_char {
    shown(error.map(|error| &error.message))
}

/// The message exactly, NULs inside included; `len` may be NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_message_bytes(
    error: Option<&kr_error>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    error.map_or(std::ptr::null(), |error| error.message.exact(len))
}

/// Whether the same call may succeed later, with nothing changed.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_retryable(error: Option<&kr_error>) -> bool {
    error.is_some_and(|error| error.detail.retryable)
}

/// Of a config-* error: the path of the field, "authentication_info.iam_credentials.region". Else NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_field(error: Option<&kr_error>) -> *const c_char {
    shown(error.and_then(|error| error.field.as_ref()))
}

/// The server's own words, where the server spoke; else NULL. A NUL inside shows as U+FFFD.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_server_text(error: Option<&kr_error>) -> *const c_char {
    shown(error.and_then(|error| error.server_text.as_ref()))
}

/// The server's own words exactly, NULs inside included; `len` may be NULL, and is not written without them.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_server_text_bytes(
    error: Option<&kr_error>,
    len: Option<&mut MaybeUninit<usize>>,
) -> *const c_char {
    let text = error.and_then(|error| error.server_text.as_ref());
    text.map_or(std::ptr::null(), |text| text.exact(len))
}

/// Of a credentials-* error: the source that was asked, "elasticache-iam". Else NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_source(error: Option<&kr_error>) -> *const c_char {
    shown(error.and_then(|error| error.source.as_ref()))
}

/// Frees it.
#[unsafe(no_mangle)]
pub extern "C" fn kr_error_free(error: Option<Box<kr_error>>) {
    release(error);
}
