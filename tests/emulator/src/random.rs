//! What nobody can guess: keys, tokens and names that are new each time.

use crate::Error;
use crate::sigv4::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `Random` asks the system once, so that drawing cannot fail.
pub(crate) struct Random {
    seed: hmac::Key,
    drawn: AtomicU64,
}

impl Random {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| Error::Keys("the system gives no random bytes"))?;
        Ok(Self { seed: hmac::Key::new(hmac::HMAC_SHA256, &seed), drawn: AtomicU64::new(0) })
    }

    pub(crate) fn bytes(&self, count: usize) -> Vec<u8> {
        let block = |_| hmac::sign(&self.seed, &self.drawn.fetch_add(1, Relaxed).to_be_bytes());
        (0..count.div_ceil(32)).map(block).flat_map(|tag| tag.as_ref().to_vec()).take(count).collect()
    }

    pub(crate) fn base64(&self, bytes: usize) -> String {
        STANDARD.encode(self.bytes(bytes))
    }

    /// Capital letters and digits, as in the ids of keys and roles.
    pub(crate) fn letters(&self, count: usize) -> String {
        letters(&self.bytes(count))
    }

    /// Lower-case hex.
    pub(crate) fn hex(&self, bytes: usize) -> String {
        hex(&self.bytes(bytes))
    }

    /// A time from `least` up to `most`.
    pub(crate) fn between(&self, least: Duration, most: Duration) -> Duration {
        let bytes = self.bytes(2);
        let drawn = bytes.iter().fold(0.0, |sum, byte| sum * 256.0 + f64::from(*byte));
        least + most.saturating_sub(least).mul_f64(drawn / f64::from(u16::MAX))
    }

    /// In the form of a UUID.
    pub(crate) fn uuid(&self) -> String {
        let hex = hex(&self.bytes(16));
        let part = |from, to| hex.get(from..to).unwrap_or_default();
        [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
    }
}

/// A capital letter or digit for each byte.
pub(crate) fn letters(bytes: &[u8]) -> String {
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
        let (least, most) = (Duration::from_secs(60), Duration::from_secs(90));
        for _ in 0..100 {
            let between = random.between(least, most);
            assert!(least <= between && between <= most, "{between:?}");
        }
    }
}
