//! An access key pair that the emulator takes signatures of.

use serde::Deserialize;
use std::fmt;

/// `AccessKey` is a key pair, with the session token that its tokens must carry.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token. A key with one takes no token without it, and the other way round.
    #[serde(default)]
    pub session_token: Option<String>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessKey").field("id", &self.id).finish_non_exhaustive()
    }
}
