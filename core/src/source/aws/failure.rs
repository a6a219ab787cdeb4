//! What the SDK's errors about credentials come down to.

use aws_credential_types::provider::error::CredentialsError;
use keyrotor_proto::Code;

use crate::error::Error;
use crate::source::SourceError;

/// How the message begins where nobody had keys, as people search for it.
pub(super) const NONE_FOUND: &str = "No AWS credentials provider found";
const FAILED: &str = "Failed to refresh IAM token";

/// A provider's error, told as the error of this source.
pub(super) fn source_error(error: &CredentialsError, source: &str) -> SourceError {
    provider_error(error).map(|plain| {
        let beginning = if plain.code() == Code::CredentialsNotFound { NONE_FOUND } else { FAILED };
        let text = match plain.message() {
            text if text.starts_with(beginning) => text.to_owned(),
            text => format!("{beginning}: {text}"),
        };
        plain.told(text).with_source(source)
    })
}

/// A provider's error, where no source is known yet.
pub(crate) fn provider_error(error: &CredentialsError) -> SourceError {
    // A function of the host's says itself what kind of failure it is.
    if let Some(said) = std::error::Error::source(error).and_then(|cause| cause.downcast_ref::<SourceError>())
    {
        return said.clone();
    }
    // The SDK's own words for the kind of failure only stand in front of what it is.
    let text = causes(error).unwrap_or_else(|| error.to_string());
    match error {
        CredentialsError::CredentialsNotLoaded(_) => {
            SourceError::Permanent(Error::new(Code::CredentialsNotFound, text))
        }
        CredentialsError::InvalidConfiguration(_) => {
            SourceError::Permanent(Error::new(Code::CredentialsFetchFailed, text))
        }
        CredentialsError::ProviderTimedOut(_) => {
            SourceError::Transient(Error::new(Code::CredentialsTimeout, text))
        }
        _ => SourceError::Transient(Error::new(Code::CredentialsFetchFailed, text)),
    }
}

/// What is behind an error, innermost last; `None` where nothing is.
pub(super) fn causes(error: &dyn std::error::Error) -> Option<String> {
    let mut text: Option<String> = None;
    let mut cause = error.source();
    while let Some(error) = cause {
        let part = error.to_string();
        text = Some(match text {
            Some(text) if text.contains(&part) => text,
            Some(text) => format!("{text}: {part}"),
            None => part,
        });
        cause = error.source();
    }
    text
}
