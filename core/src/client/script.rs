//! Lua scripts, sent by their digest, and whole where the server does not have them.

use std::sync::Arc;

use redis::{Cmd, ToRedisArgs, cmd};
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

/// A Lua script and its digest. Clones share the text.
///
/// ```
/// let script = keyrotor::Script::new("return 1");
/// assert_eq!(script.sha1(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Script {
    text: Arc<str>,
    sha1: Arc<str>,
}

impl Script {
    /// Takes the digest; no I/O.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        let text = text.into();
        let sha1 = digest(&SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
        let hex: String = sha1.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Self { text, sha1: hex.into() }
    }

    /// The digest by which servers know it, in hex.
    pub fn sha1(&self) -> &str {
        &self.sha1
    }

    pub(super) fn by_digest<K: ToRedisArgs, A: ToRedisArgs>(&self, keys: &[K], arguments: &[A]) -> Cmd {
        call("EVALSHA", &self.sha1, keys, arguments)
    }

    /// Which also leaves it with the server.
    pub(super) fn whole<K: ToRedisArgs, A: ToRedisArgs>(&self, keys: &[K], arguments: &[A]) -> Cmd {
        call("EVAL", &self.text, keys, arguments)
    }
}

fn call<K: ToRedisArgs, A: ToRedisArgs>(name: &str, script: &str, keys: &[K], arguments: &[A]) -> Cmd {
    let mut command = cmd(name);
    command.arg(script).arg(keys.len()).arg(keys).arg(arguments);
    command
}
