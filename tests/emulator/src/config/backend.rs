//! Which server holds the data.

use serde::Deserialize;
use std::fmt;

/// `Backend` names the server behind the gate.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum Backend {
    /// Starts `redis-server` (or `valkey-server`) on a private socket and kills it at the end.
    #[default]
    Auto,
    /// Uses a running server: `redis://[user:password@]host[:port]`. The ACL users are made in it and stay.
    Url(String),
}

impl From<String> for Backend {
    fn from(text: String) -> Self {
        if text == "auto" { Self::Auto } else { Self::Url(text) }
    }
}

impl fmt::Debug for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("Auto"),
            // The text may hold a password.
            Self::Url(_) => f.write_str("Url(***)"),
        }
    }
}
