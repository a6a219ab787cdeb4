//! One credential without a manager: for commands that run once, and for tokens that must be reproduced.

use std::time::SystemTime;

use keyrotor_proto::TokenManagerRequest;

use crate::config;
use crate::error::Result;
use crate::manager::over_budget;
use crate::source::{Fetch, Fetched, SourceError};

/// Doubts about a request, as `status` of its manager would name them: a name outside the service's pattern. No I/O.
///
/// # Errors
/// A `config-*` error about the request.
pub fn doubts(request: &TokenManagerRequest) -> Result<Vec<String>> {
    Ok(config::token_manager(request.clone())?.source.warnings())
}

/// Makes one credential, dated `at`. Nothing is cached and nothing stays behind. Needs a tokio runtime.
///
/// # Errors
/// A `config-*` error about the request, or the source's own.
pub async fn fetch_once(request: TokenManagerRequest, at: SystemTime) -> Result<Fetched> {
    let login = config::token_manager(request)?;
    login.refresh.validate(login.source.token_life(), login.interval_field)?;
    let budget = login.refresh.source_timeout;
    match tokio::time::timeout(budget, login.source.fetch(Fetch::at(at))).await {
        Ok(fetched) => fetched.map_err(SourceError::into_error),
        Err(_) => Err(over_budget(login.source.name(), budget)),
    }
}
