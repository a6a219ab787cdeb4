//! A token taken apart: host, path and decoded parameters.

use super::Reason;
use crate::config::Switches;
use crate::sigv4;
use percent_encoding::percent_decode_str;

/// `Token` borrows the text it was parsed from. It has no `Debug`: it holds a secret.
pub(super) struct Token<'a> {
    pub(super) host: &'a str,
    pairs: Vec<(String, String)>,
}

impl<'a> Token<'a> {
    /// Splits and decodes `text`.
    pub(super) fn parse(text: &'a str, switches: &Switches) -> Result<Self, Reason> {
        let (place, query) = text.split_once('?').ok_or(Reason::Malformed)?;
        if place.contains("://") || query.is_empty() || text.contains(|char: char| char.is_whitespace()) {
            return Err(Reason::Malformed);
        }
        let (host, path) = place.split_at(place.find('/').unwrap_or(place.len()));
        if host.is_empty() {
            return Err(Reason::Malformed);
        }
        if !(path == "/" || path.is_empty() && switches.no_slash) {
            return Err(Reason::Path);
        }
        let pairs: Result<_, _> = query.split('&').map(|pair| parse_pair(pair, switches)).collect();
        Ok(Self { host, pairs: pairs? })
    }

    /// The decoded parameters, in the order of the text.
    pub(super) fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first value of a parameter.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.pairs().find(|(other, _)| *other == name).map(|(_, value)| value)
    }

    /// The access key id, if it looks like one: the record must not repeat just any part of a token.
    pub(super) fn access_key(&self) -> Option<String> {
        let (id, _) = self.value("X-Amz-Credential")?.split_once('/')?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let plain = (1..=128).contains(&id.len()) && id.bytes().all(plain);
        plain.then(|| id.to_owned())
    }
}

fn parse_pair(pair: &str, switches: &Switches) -> Result<(String, String), Reason> {
    let (name, value) = pair.split_once('=').ok_or(Reason::Malformed)?;
    if name.is_empty() {
        return Err(Reason::Malformed);
    }
    Ok((decode(name, switches)?, decode(value, switches)?))
}

fn decode(raw: &str, switches: &Switches) -> Result<String, Reason> {
    let whole = raw.split('%').skip(1).all(|rest| {
        rest.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    if !whole {
        return Err(Reason::Escapes);
    }
    let decoded = percent_decode_str(raw).decode_utf8().map_err(|_| Reason::Escapes)?.into_owned();
    let canonical = sigv4::encode(&decoded);
    let only_case = switches.lower_case_escapes && raised(raw) == canonical;
    if raw == canonical || only_case || switches.loose_escapes {
        return Ok(decoded);
    }
    Err(Reason::Escapes)
}

/// `raw` with the digits of its escapes in capitals.
fn raised(raw: &str) -> String {
    let mut digits = 0;
    raw.chars()
        .map(|char| {
            let digit = digits > 0;
            digits = if char == '%' { 2 } else { digits - i32::from(digit) };
            if digit { char.to_ascii_uppercase() } else { char }
        })
        .collect()
}
