//! One credential without a manager: for commands that run once, and for tokens that must be reproduced.

use std::time::SystemTime;

use keyrotor_proto::TokenManagerRequest;

use crate::callbacks::Callbacks;
use crate::config;
use crate::error::Result;
use crate::manager::over_budget;
use crate::source::{Fetch, Fetched, SourceError};

/// Doubts about a request, as `status` of its manager would name them: a name outside the service's pattern. No I/O.
///
/// # Errors
/// A `config-*` error about the request.
pub fn doubts(request: &TokenManagerRequest) -> Result<Vec<String>> {
    Ok(config::token_manager(request.clone(), &Callbacks::new())?.source.warnings())
}

/// Makes one credential, dated `at`. Nothing is cached and nothing stays behind. Needs a tokio runtime.
///
/// # Errors
/// A `config-*` error about the request, or the source's own.
pub async fn fetch_once(request: TokenManagerRequest, at: SystemTime) -> Result<Fetched> {
    fetch_once_with(request, at, &Callbacks::new()).await
}

/// [`fetch_once`] with the functions that the request names.
///
/// # Errors
/// As [`fetch_once`].
pub async fn fetch_once_with(
    request: TokenManagerRequest,
    at: SystemTime,
    callbacks: &Callbacks,
) -> Result<Fetched> {
    let login = config::token_manager(request, callbacks)?;
    login.refresh.validate(login.source.token_life(), login.interval_field)?;
    let budget = login.refresh.source_timeout;
    match tokio::time::timeout(budget, login.source.fetch(Fetch::at(at))).await {
        Ok(fetched) => fetched.map_err(SourceError::into_error),
        Err(_) => Err(over_budget(login.source.name(), budget)),
    }
}

#[cfg(test)]
mod tests {
    use keyrotor_proto::{Code, Format};

    use super::*;
    use crate::callbacks::Callback;

    #[tokio::test(start_paused = true)]
    async fn t16_one_fetch_has_the_budget_of_its_request() {
        let request = br#"{"authenticationInfo": {"callbackCredentials": {"name": "hangs"}},
            "refresh": {"sourceTimeout": "7s"}}"#;
        let request = keyrotor_proto::decode(request, Format::Json).unwrap();
        let hangs = Callback::future(|_| Box::pin(std::future::pending()));
        let callbacks = Callbacks::new().with_credentials("hangs", hangs);
        #[expect(clippy::disallowed_methods, reason = "tokio's own clock, which this test has paused")]
        let begun = tokio::time::Instant::now();
        let error = fetch_once_with(request, SystemTime::UNIX_EPOCH, &callbacks).await.unwrap_err();
        assert_eq!((error.code(), error.source_name()), (Code::CredentialsTimeout, Some("callback")));
        assert_eq!(begun.elapsed().as_secs(), 7);
    }
}
