//! The refresh policy of a request.

use keyrotor_proto::{RefreshPolicy, RetryPolicy};

use super::duration;
use crate::error::Result;
use crate::manager::{RetryConfig, TokenRefreshConfig};

/// What is unset keeps its default; bounds are checked by the manager.
pub(super) fn refresh(policy: RefreshPolicy, lazy: Option<bool>) -> Result<TokenRefreshConfig> {
    let defaults = TokenRefreshConfig::default();
    Ok(TokenRefreshConfig {
        interval: None,
        ratio: policy.ratio.unwrap_or(defaults.ratio),
        margin: policy.margin.map_or(Ok(defaults.margin), |d| duration(d, "refresh.margin"))?,
        source_timeout: policy
            .source_timeout
            .map_or(Ok(defaults.source_timeout), |d| duration(d, "refresh.source_timeout"))?,
        retry: retry(policy.retry.unwrap_or_default())?,
        lazy,
    })
}

fn retry(policy: RetryPolicy) -> Result<RetryConfig> {
    let defaults = RetryConfig::default();
    Ok(RetryConfig {
        max_attempts: policy.max_attempts.unwrap_or(defaults.max_attempts),
        initial_delay: policy
            .initial_delay
            .map_or(Ok(defaults.initial_delay), |d| duration(d, "refresh.retry.initial_delay"))?,
        max_delay: policy
            .max_delay
            .map_or(Ok(defaults.max_delay), |d| duration(d, "refresh.retry.max_delay"))?,
        backoff_multiplier: policy.backoff_multiplier.unwrap_or(defaults.backoff_multiplier),
        jitter_percentage: policy.jitter_percentage.or(defaults.jitter_percentage),
    })
}
