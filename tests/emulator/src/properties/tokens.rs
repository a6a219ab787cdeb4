//! Tokens that somebody has changed.

use super::bytes::Bytes;
use crate::config::Switches;
use crate::verify::vectors::{Vector, file};
use std::sync::LazyLock;

static VECTORS: LazyLock<Vec<Vector>> = LazyLock::new(|| file().vectors);
static STRICT: LazyLock<Vec<Essence>> =
    LazyLock::new(|| VECTORS.iter().map(|one| Essence::of(&one.token)).collect());
static LOOSE: LazyLock<Vec<Essence>> =
    LazyLock::new(|| STRICT.iter().cloned().map(Essence::loosened).collect());

/// What edits put in.
const PIECES: [&str; 16] = [
    "&",
    "=",
    "?",
    "/",
    "%",
    "%2F",
    "%2f",
    "+",
    "#",
    "\u{e9}",
    ":443",
    "http://",
    "&User=app",
    "&ResourceType=ServerlessCache",
    "&X-Amz-Security-Token=x",
    "&X-Amz-Expires=901",
];

/// The first bytes choose a valid token and whether the rest are edits of it or a text in its place. Whatever is
/// accepted for the token's purpose says just what a valid token says: the same host, parameters and signature.
pub fn tokens(data: &[u8]) {
    let mut data = Bytes::new(data);
    let (Some(chosen), Some(how)) = (data.below(VECTORS.len()), data.next()) else { return };
    let Some(vector) = VECTORS.get(chosen) else { return };
    let text = if how % 2 == 0 { edited(&vector.token, &mut data) } else { data.rest().to_vec() };
    let Ok(text) = String::from_utf8(text) else { return };
    let now = vector.epoch + 1;
    let strict = vector.judge(&text, now, &Switches::default());
    let loose = vector.judge(&text, now, &everything_loose());
    let essence = Essence::of(&text);
    if strict.accepted() {
        assert!(STRICT.contains(&essence), "accepted: {text}");
        assert!(loose.accepted(), "refused by looser rules: {text}");
    }
    if loose.accepted() {
        assert!(LOOSE.contains(&essence.loosened()), "accepted by loose rules: {text}");
    }
    assert!(!format!("{strict:?}").contains(&vector.signature), "the verdict repeats a signature");
}

fn everything_loose() -> Switches {
    Switches {
        lower_case_escapes: true,
        loose_escapes: true,
        no_slash: true,
        capital_signature: true,
        capital_host: true,
        serverless_without_resource_type: true,
        resource_type_on_nodes: true,
        longest_expires_seconds: u64::MAX,
        ..Switches::default()
    }
}

/// Applies edits until their bytes are used up.
fn edited(token: &str, data: &mut Bytes<'_>) -> Vec<u8> {
    let mut text = token.as_bytes().to_vec();
    while let (Some(edit), Some(at)) = (data.next(), data.below(text.len() + 1)) {
        let byte = data.next().unwrap_or_default();
        let length = usize::from(byte % 16).min(text.len() - at);
        match edit % 8 {
            0 => drop(text.splice(at..(at + 1).min(text.len()), [byte])),
            1 => text.insert(at, byte),
            2 => drop(text.drain(at..at + length)),
            3 => {
                let copy: Vec<u8> = text.iter().skip(at).take(length).copied().collect();
                text.extend(copy);
            }
            4 => {
                let piece = PIECES.get(usize::from(byte) % PIECES.len()).copied().unwrap_or_default();
                text.splice(at..at, piece.bytes());
            }
            5 => swap_pairs(&mut text, at, usize::from(byte)),
            6 => {
                if let Some(char) = text.get(at).copied() {
                    text.splice(at..=at, format!("%{char:02X}").into_bytes());
                }
            }
            _ => {
                if let Some(char) = text.get_mut(at) {
                    *char = if char.is_ascii_uppercase() {
                        char.to_ascii_lowercase()
                    } else {
                        char.to_ascii_uppercase()
                    };
                }
            }
        }
    }
    text
}

/// Changes two parameters' places.
fn swap_pairs(text: &mut Vec<u8>, one: usize, other: usize) {
    let Some(query) = text.iter().position(|byte| *byte == b'?') else { return };
    let tail = text.split_off(query + 1);
    let mut pairs: Vec<&[u8]> = tail.split(|byte| *byte == b'&').collect();
    let (one, other) = (one % pairs.len(), other % pairs.len());
    pairs.swap(one, other);
    text.extend(pairs.join(&b'&'));
}

/// `Essence` is what a token says, read with a decoder that is not the verifier's.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Essence {
    host: Vec<u8>,
    pairs: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Essence {
    fn of(text: &str) -> Self {
        let (place, query) = text.split_once('?').unwrap_or((text, ""));
        let host = place.strip_suffix('/').unwrap_or(place).as_bytes().to_vec();
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "(no value)"));
            (decoded(name), decoded(value))
        };
        let mut pairs: Vec<_> = query.split('&').map(pair).collect();
        pairs.sort();
        Self { host, pairs }
    }

    /// Without the case of host and signature.
    fn loosened(mut self) -> Self {
        self.host.make_ascii_lowercase();
        for (name, value) in &mut self.pairs {
            if name == b"X-Amz-Signature" {
                value.make_ascii_lowercase();
            }
        }
        self
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let digit =
        |byte: Option<&u8>| char::from(*byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let mut bytes = text.as_bytes();
    let mut out = Vec::new();
    while let Some((first, rest)) = bytes.split_first() {
        match (first, digit(rest.first()), digit(rest.get(1))) {
            (b'%', Some(high), Some(low)) => {
                out.push(high * 16 + low);
                bytes = rest.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*first);
                bytes = rest;
            }
        }
    }
    out
}
