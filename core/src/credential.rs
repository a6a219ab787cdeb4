//! What a login is made with.

use std::sync::Arc;
use std::time::SystemTime;

use crate::secret::Secret;

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
    /// Grows by one with each new secret of a manager; 1 is its first.
    pub generation: u64,
}
