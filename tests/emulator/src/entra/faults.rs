//! Faults on command, as with the other fronts: set in-process or over the [control API](crate::control).

use crate::Error;
use crate::entra::service::Service;
use crate::trouble::Limit;
use hyper::StatusCode;
use serde::Deserialize;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

/// `EntraEndpoint` is an endpoint that can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntraEndpoint {
    /// The token endpoint.
    Token,
    /// App Service's managed identities.
    AppService,
    /// IMDS' managed identities.
    Imds,
    /// OpenID configuration, keys and instance discovery.
    Discovery,
}

impl EntraEndpoint {
    const ALL: [Self; 4] = [Self::Token, Self::AppService, Self::Imds, Self::Discovery];
}

/// `EntraFaults` breaks a running front: the endpoint that is named, or all. Clones act on the same one.
#[derive(Clone)]
pub struct EntraFaults {
    service: Arc<Service>,
}

impl fmt::Debug for EntraFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EntraFaults").finish_non_exhaustive()
    }
}

impl EntraFaults {
    pub(super) fn new(service: Arc<Service>) -> Self {
        Self { service }
    }

    /// Answers come so much later, until cleared.
    pub fn slow(&self, endpoint: Option<EntraEndpoint>, time: Duration) {
        each(endpoint, |endpoint| self.service.conditions.slow(endpoint, time));
    }

    /// Answers have this status.
    ///
    /// # Errors
    /// A status that is none of an error, 400 to 599.
    pub fn failing(&self, endpoint: Option<EntraEndpoint>, status: u16, limit: Limit) -> Result<(), Error> {
        let known = StatusCode::from_u16(status).ok();
        let status = known.filter(|status| status.is_client_error() || status.is_server_error());
        let problem = "must be a status from 400 to 599";
        let status = status.ok_or(Error::Fault { field: "status", problem })?;
        each(endpoint, |endpoint| self.service.conditions.failing(endpoint, status, limit));
        Ok(())
    }

    /// Too many requests: status 429, with `Retry-After` of so many whole seconds unless it is zero.
    pub fn throttling(&self, endpoint: Option<EntraEndpoint>, retry_after: Duration, limit: Limit) {
        self.service.retry_after.store(retry_after.as_secs(), Relaxed);
        each(endpoint, |endpoint| self.service.conditions.throttling(endpoint, limit));
    }

    /// Connections are closed without an answer.
    pub fn gone(&self, endpoint: Option<EntraEndpoint>, limit: Limit) {
        each(endpoint, |endpoint| self.service.conditions.gone(endpoint, limit));
    }

    /// Tokens made from now on live so long; `None` ends it. Those that the platform would repeat are forgotten.
    pub fn life(&self, endpoint: Option<EntraEndpoint>, life: Option<Duration>) {
        each(endpoint, |endpoint| self.service.conditions.set_life(endpoint, life));
        self.service.cache.clear();
    }

    /// Answers state an end that is so much later than the token's own; zero ends it.
    pub fn lie(&self, endpoint: Option<EntraEndpoint>, lie: Duration) {
        each(endpoint, |endpoint| self.service.conditions.set_lie(endpoint, lie));
    }

    /// Tokens are signed with the next key. Those of the one before count on, unless it is revoked. Tokens that the
    /// platform would repeat are forgotten.
    pub fn rotate_keys(&self, revoke: bool) {
        self.service.issuer.rotate(revoke);
        self.service.cache.clear();
    }

    /// Writes a new assertion of the workload identity into its file.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn rotate_token_files(&self) -> Result<(), Error> {
        self.service.workload.rotate()
    }

    /// Ends all faults. Keys stay as they are.
    pub fn clear(&self) {
        // Short-lived tokens must not outlast the fault that made them.
        if EntraEndpoint::ALL.into_iter().any(|endpoint| self.service.conditions.life(endpoint).is_some()) {
            self.service.cache.clear();
        }
        self.service.conditions.clear();
    }
}

fn each(endpoint: Option<EntraEndpoint>, act: impl FnMut(EntraEndpoint)) {
    match endpoint {
        Some(endpoint) => [endpoint].into_iter().for_each(act),
        None => EntraEndpoint::ALL.into_iter().for_each(act),
    }
}
