//! Faults on command: what the endpoints do on bad days.

use super::desk::Desk;
use super::endpoint::Endpoint;
use crate::Error;
use crate::trouble::Limit;
use hyper::StatusCode;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// `Faults` breaks the endpoints: the one that is named, or all. Clones act on the same ones.
#[derive(Clone)]
pub struct Faults {
    desk: Arc<Desk>,
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Faults").finish_non_exhaustive()
    }
}

impl Faults {
    pub(super) fn new(desk: Arc<Desk>) -> Self {
        Self { desk }
    }

    /// Answers come so much later, until cleared.
    pub fn slow(&self, endpoint: Option<Endpoint>, time: Duration) {
        each(endpoint, |endpoint| self.desk.conditions.slow(endpoint, time));
    }

    /// Answers have this status.
    ///
    /// # Errors
    /// A status that is none of an error, 400 to 599.
    pub fn failing(&self, endpoint: Option<Endpoint>, status: u16, limit: Limit) -> Result<(), Error> {
        let known = StatusCode::from_u16(status).ok();
        let status = known.filter(|status| status.is_client_error() || status.is_server_error());
        let problem = "must be a status from 400 to 599";
        let status = status.ok_or(Error::Fault { field: "status", problem })?;
        each(endpoint, |endpoint| self.desk.conditions.failing(endpoint, status, limit));
        Ok(())
    }

    /// Too many requests: `Throttling` from STS, status 429 from the others.
    pub fn throttling(&self, endpoint: Option<Endpoint>, limit: Limit) {
        each(endpoint, |endpoint| self.desk.conditions.throttling(endpoint, limit));
    }

    /// Connections are closed without an answer.
    pub fn gone(&self, endpoint: Option<Endpoint>, limit: Limit) {
        each(endpoint, |endpoint| self.desk.conditions.gone(endpoint, limit));
    }

    /// Keys made from now on live so long, to the next whole second; `None` ends it. Those handed out before live on,
    /// but are not handed out again.
    pub fn life(&self, endpoint: Option<Endpoint>, life: Option<Duration>) {
        each(endpoint, |endpoint| {
            self.desk.conditions.set_life(endpoint, life);
            self.desk.issuer.renew(endpoint);
        });
    }

    /// `Expiration` is stated so much later than the key really ends; zero ends it.
    pub fn lie(&self, endpoint: Option<Endpoint>, lie: Duration) {
        each(endpoint, |endpoint| self.desk.conditions.set_lie(endpoint, lie));
    }

    /// All keys handed out so far count no longer, and the next is a new one. Returns how many counted till now.
    pub fn rotate_keys(&self, endpoint: Option<Endpoint>) -> usize {
        let mut revoked = 0;
        each(endpoint, |endpoint| revoked += self.desk.issuer.revoke(endpoint));
        revoked
    }

    /// Writes new tokens of the service account. Pod Identity refuses the ones before from now on.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub fn rotate_token_files(&self) -> Result<(), Error> {
        self.desk.projected.rotate()
    }

    /// Ends all faults. Keys that were revoked stay so.
    pub fn clear(&self) {
        for endpoint in Endpoint::ALL {
            // Short-lived keys must not outlast the fault that made them.
            if self.desk.conditions.life(endpoint).is_some() {
                self.desk.issuer.renew(endpoint);
            }
        }
        self.desk.conditions.clear();
    }
}

fn each(endpoint: Option<Endpoint>, act: impl FnMut(Endpoint)) {
    match endpoint {
        Some(endpoint) => [endpoint].into_iter().for_each(act),
        None => Endpoint::ALL.into_iter().for_each(act),
    }
}
