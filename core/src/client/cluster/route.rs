//! Where in the cluster a command belongs.

use keyrotor_proto::Code;
use redis::Cmd;

use super::super::command::words;
use super::fold::Fold;
use super::split::{self, Split};
use super::table::{self, Audience, Key};
use super::{Place, slot};
use crate::error::{Error, Result};

/// Longer names are no commands of servers.
const LONGEST_NAME: usize = 32;

/// Where a command goes.
pub(super) enum Route {
    One(Place),
    Many(Audience, Fold),
    /// In parts, since its keys are not all in one slot.
    Parts(Split),
}

/// Where this command goes.
///
/// # Errors
/// [`Code::ArgumentInvalid`] for SCAN, whose cursor means something to one node only.
pub(super) fn route(command: &Cmd) -> Result<Route> {
    let mut room = [0; LONGEST_NAME];
    let Some(name) = name(command, &mut room) else {
        return Ok(Route::One(Place::Any));
    };
    if let Some((audience, fold)) = table::audience(name) {
        return Ok(Route::Many(audience, fold));
    }
    if let Some(parts) = split::split(name, command) {
        return Ok(Route::Parts(parts));
    }
    if name == b"SCAN" {
        return Err(Error::new(
            Code::ArgumentInvalid,
            "SCAN goes through the keys of one node: say which with execute_on, for each of the primaries",
        ));
    }
    Ok(Route::One(place(name, command)))
}

/// Where a command goes in which all keys are together. What has no key and only reads goes to the primary, too: a cursor
/// is that of one server.
pub(super) fn route_without_slots(command: &Cmd) -> Route {
    let mut room = [0; LONGEST_NAME];
    let Some(name) = name(command, &mut room) else { return Route::One(Place::Any) };
    match table::audience(name) {
        // The others' replies would be no single server's.
        Some((Audience::Nodes, fold @ (Fold::AllSucceed | Fold::OneSucceeds))) => {
            Route::Many(Audience::Nodes, fold)
        }
        Some(_) => Route::One(Place::Any),
        None => Route::One(place(name, command)),
    }
}

/// The first key of a command, where it has one.
pub(super) fn first_key(command: &Cmd) -> Option<&[u8]> {
    key(name(command, &mut [0; LONGEST_NAME])?, command)
}

/// How replies of many nodes become one.
pub(super) fn fold(command: &Cmd) -> Fold {
    let audience = name(command, &mut [0; LONGEST_NAME]).and_then(table::audience);
    audience.map_or(Fold::ByNode, |(_, fold)| fold)
}

fn place(name: &[u8], command: &Cmd) -> Place {
    match key(name, command) {
        Some(key) => Place::Slot { slot: slot::of(key), only_reads: table::only_reads(name) },
        None => Place::Any,
    }
}

fn key<'a>(name: &[u8], command: &'a Cmd) -> Option<&'a [u8]> {
    match table::key(name) {
        Key::At(index) => words(command).nth(index),
        Key::Counted(index) => {
            let count: u64 = std::str::from_utf8(words(command).nth(index)?).ok()?.parse().ok()?;
            if count == 0 { None } else { words(command).nth(index + 1) }
        }
        Key::Streams => {
            let mut words = words(command);
            words.find(|word| word.eq_ignore_ascii_case(b"STREAMS"))?;
            words.next()
        }
        Key::None => None,
    }
}

/// The name in capitals, with its second word where it has one.
fn name<'a>(command: &Cmd, room: &'a mut [u8; LONGEST_NAME]) -> Option<&'a [u8]> {
    let first = capitals(words(command).next()?, room)?;
    let whole = match words(command).nth(1) {
        Some(second) if table::is_half_a_name(room.get(..first)?) => {
            *room.get_mut(first)? = b' ';
            first + 1 + capitals(second, room.get_mut(first + 1..)?)?
        }
        _ => first,
    };
    room.get(..whole)
}

fn capitals(word: &[u8], room: &mut [u8]) -> Option<usize> {
    let room = room.get_mut(..word.len())?;
    room.copy_from_slice(word);
    room.make_ascii_uppercase();
    Some(word.len())
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    fn command(text: &str) -> Cmd {
        let mut words = text.split(' ');
        let mut command = cmd(words.next().unwrap());
        command.arg(words.collect::<Vec<_>>());
        command
    }

    #[test]
    fn keys_are_found_wherever_they_stand() {
        for text in [
            "get KEY",
            "SET KEY value",
            "EVAL script 2 KEY other",
            "xread COUNT 1 streams KEY other 0 0",
            "XREADGROUP GROUP g c STREAMS KEY 0",
            "OBJECT encoding KEY",
            "ZUNION 2 KEY other",
            "BITOP AND KEY other",
            "NOSUCHCOMMAND KEY",
        ] {
            assert_eq!(first_key(&command(text)), Some(&b"KEY"[..]), "{text}");
        }
        let long = "N".repeat(LONGEST_NAME + 1);
        for text in
            ["EVAL script 0", "CLIENT LIST", "CONFIG GET maxmemory", "COMMAND", "TIME", "XREAD x", &long]
        {
            assert_eq!(first_key(&command(text)), None, "{text}");
            assert!(matches!(route(&command(text)), Ok(Route::One(Place::Any))), "{text}");
        }
    }

    #[test]
    fn only_what_reads_may_go_to_a_replica() {
        for (text, expected) in
            [("get k", true), ("SET k v", false), ("eval_ro s 1 k", true), ("EVAL s 1 k", false)]
        {
            let Ok(Route::One(Place::Slot { only_reads, .. })) = route(&command(text)) else {
                panic!("{text}")
            };
            assert_eq!(only_reads, expected, "{text}");
        }
    }

    #[test]
    fn what_is_for_many_goes_to_many_and_scan_is_refused() {
        for (text, expected) in [
            ("DBSIZE", (Audience::Primaries, Fold::Sum)),
            ("script load x", (Audience::Nodes, Fold::AllSucceed)),
            ("INFO", (Audience::Primaries, Fold::ByNode)),
        ] {
            let Ok(Route::Many(audience, fold)) = route(&command(text)) else { panic!("{text}") };
            assert_eq!((audience, fold), expected);
        }
        assert_eq!(route(&command("SCAN 0")).err().unwrap().code(), Code::ArgumentInvalid);
    }
}
