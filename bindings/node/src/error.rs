//! An error as the plain object that `lib/errors.ts` makes a `KeyrotorError` of.

use keyrotor::{Code, Error};
use napi::bindgen_prelude::{Env, Status};
use napi_derive::napi;

use crate::callback::ThrownInfo;

/// The attributes of an error, with the code's number and its name.
#[napi(object)]
pub struct ErrorInfo {
    /// `300`
    pub number: i32,
    /// `auth-refused`
    pub code: String,
    /// For people.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// The field of the request.
    pub field: Option<String>,
    /// The server's own words.
    pub server_text: Option<String>,
    /// The source that was asked.
    pub source: Option<String>,
    /// What a function of JavaScript's threw.
    pub thrown: Option<ThrownInfo>,
}

impl From<&Error> for ErrorInfo {
    fn from(error: &Error) -> Self {
        Self { thrown: error.cause().copied(), ..error.detail().into() }
    }
}

impl From<keyrotor::proto::ErrorDetail> for ErrorInfo {
    fn from(detail: keyrotor::proto::ErrorDetail) -> Self {
        Self {
            number: detail.code,
            code: detail.name,
            message: detail.message,
            retryable: detail.retryable,
            field: detail.field,
            server_text: detail.server_text,
            source: detail.source,
            thrown: None,
        }
    }
}

/// Throws an `ErrorInfo`, which the TypeScript face turns into its class; what is returned says only that.
pub(crate) fn thrown(env: &Env, error: &Error) -> napi::Error {
    match env.throw(ErrorInfo::from(error)) {
        Ok(()) => napi::Error::new(Status::PendingException, error.message().to_owned()),
        Err(failure) => failure,
    }
}

/// Where the core was not asked because the handle is closed already.
pub(crate) fn closed(what: &str) -> Error {
    Error::new(Code::Closed, format!("the {what} is closed; make a new one"))
}
