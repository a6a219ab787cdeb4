//! What a login is made with.

use std::sync::Arc;
use std::time::SystemTime;

use crate::secret::Secret;
use crate::source::Fetched;

/// A user name, the secret that goes with it, and how long it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credential {
    /// The name to log in with.
    pub user: Arc<str>,
    /// The token or password.
    pub secret: Secret,
    /// When the secret was made.
    pub issued_at: SystemTime,
    /// When it ends: the earlier of its own end and that of the cloud credentials that signed it. `None` for a
    /// password that does not expire.
    pub expires_at: Option<SystemTime>,
    /// Grows by one with each new secret of a manager; 1 is its first. A source that gives the same again, as Azure's
    /// platforms do until they renew a token, makes no new one; a secret whose end was put off is new.
    pub generation: u64,
}

impl Credential {
    pub(crate) fn is_same_as(&self, fetched: &Fetched) -> bool {
        self.secret == fetched.secret && self.user == fetched.user && self.expires_at == fetched.expires_at
    }
}
