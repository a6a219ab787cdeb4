//! What nobody can guess: keys, tokens and names that are new each time.

use crate::Error;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `Random` asks the system once, so that drawing cannot fail.
pub(super) struct Random {
    seed: hmac::Key,
    drawn: AtomicU64,
}

impl Random {
    pub(super) fn new() -> Result<Self, Error> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::Keys("the system gives no random bytes"))?;
        Ok(Self { seed: hmac::Key::new(hmac::HMAC_SHA256, &seed), drawn: AtomicU64::new(0) })
    }

    pub(super) fn bytes(&self, count: usize) -> Vec<u8> {
        let block = |_| hmac::sign(&self.seed, &self.drawn.fetch_add(1, Relaxed).to_be_bytes());
        (0..count.div_ceil(32)).map(block).flat_map(|tag| tag.as_ref().to_vec()).take(count).collect()
    }

    pub(super) fn base64(&self, bytes: usize) -> String {
        STANDARD.encode(self.bytes(bytes))
    }

    /// Capital letters and digits, as in the ids of keys and roles.
    pub(super) fn letters(&self, count: usize) -> String {
        letters(&self.bytes(count))
    }

    /// In the form of a UUID.
    pub(super) fn uuid(&self) -> String {
        let hex = crate::sigv4::hex(&self.bytes(16));
        let part = |from, to| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}

/// A capital letter or digit for each byte.
pub(super) fn letters(bytes: &[u8]) -> String {
    bytes
        .iter()
        .filter_map(|byte| LETTERS.get(usize::from(byte % 32)))
        .map(|letter| char::from(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_drawn_twice() {
        let random = Random::new().expect("a seed");
        assert_ne!(random.bytes(100)[..32], random.bytes(32));
        assert_eq!(random.bytes(33).len(), 33);
        assert_eq!(random.letters(9).len(), 9);
        let uuid = random.uuid();
        assert_eq!(uuid.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{uuid}");
    }
}
