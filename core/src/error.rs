//! The one error type: a code, a message, and what a caller needs to act.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use keyrotor_proto::{Code, ErrorDetail, ShapeError};

/// What went wrong, as every language sees it.
///
/// The [`code`](Self::code) and its [`name`](Self::name) are the contract; messages are for people and may
/// change. No part of it ever holds a secret. Cloning is cheap: callers that shared one fetch share its error.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    code: Code,
    message: String,
    field: Option<String>,
    server_text: Option<String>,
    source: Option<String>,
    cause: Option<Arc<dyn Any + Send + Sync>>,
}

/// `Result` with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error with this code; the message says what was tried and what to do next.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        let message = message.into();
        Self(Arc::new(Inner { code, message, field: None, server_text: None, source: None, cause: None }))
    }

    /// A `config-*` error about one field of the request.
    pub fn config(code: Code, field: impl Into<String>, message: impl fmt::Display) -> Self {
        let field = field.into();
        let message = format!("{field}: {message}");
        Self::new(code, message).with(|inner| inner.field = Some(field))
    }

    pub(crate) fn with_server_text(self, text: impl Into<String>) -> Self {
        self.with(|inner| inner.server_text = Some(text.into()))
    }

    pub(crate) fn with_source(self, source: impl Into<String>) -> Self {
        self.with(|inner| inner.source = Some(source.into()))
    }

    /// The same error with what a function of the host failed with, for the host to [find](Self::cause) again. It is
    /// never printed.
    #[must_use]
    pub fn with_cause(self, cause: impl Any + Send + Sync) -> Self {
        self.with(|inner| inner.cause = Some(Arc::new(cause)))
    }

    /// The same failure in other words.
    pub(crate) fn told(self, message: String) -> Self {
        self.with(|inner| inner.message = message)
    }

    /// The same error with something more to look at.
    pub(crate) fn with_hint(self, hint: &str) -> Self {
        self.with(|inner| inner.message = format!("{}; {hint}", inner.message))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// The code; its number and its name are the same in every language.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The code's name: `auth-refused`.
    pub fn name(&self) -> String {
        self.0.code.name()
    }

    /// What was tried, with what, and what to do next.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later, with nothing changed.
    pub fn retryable(&self) -> bool {
        matches!(
            self.0.code,
            Code::CredentialsPending
                | Code::CredentialsFetchFailed
                | Code::CredentialsTimeout
                | Code::CredentialsThrottled
                | Code::AuthThrottled
                | Code::AuthUnavailable
                | Code::AuthTimeout
                | Code::AuthLeaseEnded
                | Code::NetworkResolve
                | Code::NetworkConnect
                | Code::NetworkConnectTimeout
                | Code::NetworkTlsTimeout
                | Code::NetworkDisconnected
                | Code::RequestTimeout
                | Code::RequestLimit
        )
    }

    /// Of a `config-*` error: the field, `authentication_info.iam_credentials.region`.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// The server's own words, where the server spoke.
    pub fn server_text(&self) -> Option<&str> {
        self.0.server_text.as_deref()
    }

    /// Of a `credentials-*` error: the source that was asked.
    pub fn source_name(&self) -> Option<&str> {
        self.0.source.as_deref()
    }

    /// What a function of the host failed with, where it said so [by `with_cause`](Self::with_cause) in this type.
    pub fn cause<T: Any>(&self) -> Option<&T> {
        self.0.cause.as_ref()?.downcast_ref()
    }

    /// The error as a message, for hosts and logs.
    pub fn detail(&self) -> ErrorDetail {
        ErrorDetail {
            code: self.0.code.into(),
            name: self.name(),
            message: self.0.message.clone(),
            retryable: self.retryable(),
            field: self.0.field.clone(),
            server_text: self.0.server_text.clone(),
            source: self.0.source.clone(),
        }
    }

    pub(crate) fn closed(what: &str) -> Self {
        Self::new(Code::Closed, format!("the {what} is closed; make a new one"))
    }

    pub(crate) fn internal(message: impl fmt::Display) -> Self {
        Self::new(Code::Internal, format!("internal error, please report it: {message}"))
    }

    /// Whether no token could be made.
    #[cfg(feature = "client")]
    pub(crate) fn is_about_credentials(&self) -> bool {
        (200..300).contains(&i32::from(self.0.code))
    }

    /// Whether the login was taken, and is not known to be its user's.
    #[cfg(feature = "client")]
    pub(crate) fn is_about_identity(&self) -> bool {
        matches!(self.0.code, Code::AuthIdentityMismatch | Code::AuthIdentityUnknown)
    }

    /// Whether the login itself failed, as opposed to the way to the server.
    pub(crate) fn is_about_login(&self) -> bool {
        (200..400).contains(&i32::from(self.0.code))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Error({}: {})", self.name(), self.0.message)
    }
}

impl std::error::Error for Error {}

impl From<ShapeError> for Error {
    fn from(error: ShapeError) -> Self {
        let message = error.to_string();
        Self::new(error.code, message)
            .with(|inner| inner.field = Some(error.path).filter(|path| !path.is_empty()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_config_error_names_its_field() {
        let error = Error::config(Code::ConfigMissing, "a.b", "set it");
        assert_eq!(error.to_string(), "a.b: set it");
        assert_eq!(error.detail().field.as_deref(), Some("a.b"));
        assert_eq!(error.name(), "config-missing");
        assert!(!error.retryable());
    }
}
