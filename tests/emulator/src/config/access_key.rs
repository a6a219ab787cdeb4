//! An access key pair that the emulator takes signatures of.

use super::wire;
use serde::Deserialize;
use std::fmt;
use std::time::SystemTime;

/// `AccessKey` is a key pair, with the session token that its tokens must carry.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccessKey {
    /// The access key id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token. A key with one takes no token without it, and the other way round.
    #[serde(default)]
    pub session_token: Option<String>,
    /// When the key ends, by the judging clock: tokens that it signed are refused from then on. Default: never.
    #[serde(default, deserialize_with = "wire::time")]
    pub expires: Option<SystemTime>,
}

impl fmt::Debug for AccessKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("AccessKey");
        shown.field("id", &self.id).field("expires", &self.expires).finish_non_exhaustive()
    }
}
