//! What a server says of its part in replication, and who of several is the primary.

use keyrotor_proto::Code;
use redis::{Cmd, Value, cmd};

use crate::config::Address;
use crate::error::{Error, Result};

/// A server's part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    Primary {
        /// Names the history of its data; a replica that becomes primary begins a new one.
        history: String,
        /// How many replicas follow it.
        followers: u64,
    },
    Replica {
        /// That of its primary.
        history: String,
        /// It has what its primary has, but for what is on the way.
        is_in_sync: bool,
    },
}

impl Standing {
    pub(super) fn is_primary(&self) -> bool {
        matches!(self, Self::Primary { .. })
    }

    /// Whether what is read there is what this primary has. The primary itself may be there under another name.
    pub(super) fn has_all_of(&self, primary: &Self) -> bool {
        match (self, primary) {
            (Self::Replica { history, is_in_sync }, Self::Primary { history: other, .. }) => {
                *is_in_sync && history == other
            }
            (Self::Primary { history, .. }, Self::Primary { history: other, .. }) => history == other,
            (_, Self::Replica { .. }) => false,
        }
    }

    fn followers(&self) -> u64 {
        match self {
            Self::Primary { followers, .. } => *followers,
            Self::Replica { .. } => 0,
        }
    }
}

/// What a server is asked.
pub(super) fn question() -> Cmd {
    cmd("INFO").arg("replication").clone()
}

/// Reads the answer of `asked`.
///
/// # Errors
/// An answer that says nothing of it.
pub(super) fn read(answer: &Value, asked: &Address) -> Result<Standing> {
    let text = match answer {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).unwrap_or_default(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => text,
        _ => "",
    };
    let of =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let history = of("master_replid").unwrap_or_default().to_owned();
    match of("role") {
        Some("master") => Ok(Standing::Primary {
            history,
            followers: of("connected_slaves").and_then(|count| count.parse().ok()).unwrap_or_default(),
        }),
        Some("slave") => {
            Ok(Standing::Replica { history, is_in_sync: of("master_link_status") == Some("up") })
        }
        _ => Err(Error::new(
            Code::Protocol,
            format!("{asked} answered INFO replication with something else than its role"),
        )),
    }
}

/// The primary among those that answered. Of several that claim to be, the one that was it `before` still is, unless
/// the replicas have left it for another: what is written there is thrown away later.
///
/// # Errors
/// Where none is, with why others did not answer; where several are that have nothing to do with each other.
pub(super) fn primary<'a>(
    answers: &[(&'a Address, &Standing)],
    before: Option<&Address>,
    failure: Option<Error>,
) -> Result<&'a Address> {
    let claims: Vec<_> = answers.iter().filter(|(_, standing)| standing.is_primary()).collect();
    let Some((first, standing)) = claims.first() else { return Err(failure.map_or_else(none, explained)) };
    if claims.iter().all(|(_, other)| other.has_all_of(standing)) {
        return Ok(first);
    }
    let Some(before) = before else {
        let names: Vec<_> = claims.iter().map(|(address, _)| address.to_string()).collect();
        let message = format!(
            "{} are primaries, each with data of its own: name one of them, and its replicas",
            names.join(" and ")
        );
        return Err(Error::config(Code::ConfigConflict, "addresses", message));
    };
    let followed = claims.iter().max_by_key(|(_, standing)| standing.followers());
    let most = followed.map_or(0, |(_, standing)| standing.followers());
    let is_left = |standing: &Standing| standing.followers() == 0 && most > 0;
    let known = claims.iter().find(|(address, standing)| *address == before && !is_left(standing));
    Ok(known.or(followed).map_or(first, |(address, _)| address))
}

fn none() -> Error {
    let message = "none of the addresses is that of a primary: add it to those of its replicas, or set read_from to Primary";
    Error::new(Code::NetworkConnect, message)
}

fn explained(error: Error) -> Error {
    match error.server_text() {
        Some(text) if text.starts_with("NOPERM") => error.with_hint(
            "who reads from replicas asks the servers for their parts: add +info to the user's access string, or set \
             read_from to Primary",
        ),
        _ => error.with_hint("no other address is that of a primary"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> Address {
        Address { host: "host".into(), port }
    }

    fn said(text: &str) -> Result<Standing> {
        read(&Value::BulkString(text.as_bytes().to_vec()), &address(1))
    }

    fn claim(history: &str, followers: u64) -> Standing {
        Standing::Primary { history: history.to_owned(), followers }
    }

    fn follower(history: &str, is_in_sync: bool) -> Standing {
        Standing::Replica { history: history.to_owned(), is_in_sync }
    }

    #[test]
    fn the_servers_words_are_understood() {
        let text = "# Replication\r\nrole:master\r\nconnected_slaves:2\r\nmaster_replid:abc\r\n";
        assert_eq!(said(text).unwrap(), claim("abc", 2));
        let replica = |link| format!("role:slave\r\nmaster_link_status:{link}\r\nmaster_replid:abc\r\n");
        assert_eq!(said(&replica("up")).unwrap(), follower("abc", true));
        assert_eq!(said(&replica("down")).unwrap(), follower("abc", false));
        for odd in ["", "role:sentinel\r\n"] {
            assert_eq!(said(odd).unwrap_err().code(), Code::Protocol);
        }
    }

    #[test]
    fn one_of_several_claims_is_believed_where_one_was_known_or_all_are_the_same() {
        let (one, two, three) = (address(1), address(2), address(3));
        let (mine, other) = (claim("mine", 1), claim("other", 2));
        let replica = follower("mine", true);
        let chosen = |answers: &[(&Address, &Standing)], before: Option<&Address>| {
            primary(answers, before, None).map(|address| address.port).map_err(|error| error.code())
        };
        assert_eq!(chosen(&[(&one, &replica), (&two, &mine)], None), Ok(2));
        assert_eq!(chosen(&[(&one, &mine), (&two, &mine)], None), Ok(1), "one server under two names");
        let both = [(&one, &mine), (&two, &other)];
        assert_eq!(chosen(&both, None), Err(Code::ConfigConflict));
        assert_eq!(chosen(&both, Some(&one)), Ok(1));
        assert_eq!(chosen(&both, Some(&three)), Ok(2), "the one that others follow");
        let left = claim("mine", 0);
        assert_eq!(chosen(&[(&one, &left), (&two, &other)], Some(&one)), Ok(2), "its replicas have left it");
        assert_eq!(chosen(&[(&one, &left), (&two, &claim("other", 0))], Some(&one)), Ok(1));
        assert_eq!(chosen(&[(&one, &replica)], None), Err(Code::NetworkConnect));
    }

    #[test]
    fn only_who_has_what_the_primary_has_is_read_from() {
        let (mine, other) = (claim("mine", 0), claim("other", 0));
        assert!(mine.has_all_of(&claim("mine", 1)) && !other.has_all_of(&mine));
        assert!(follower("mine", true).has_all_of(&mine));
        assert!(!follower("mine", false).has_all_of(&mine));
        assert!(!follower("other", true).has_all_of(&mine), "it follows another primary");
    }
}
