//! Commands with keys in many slots: a part for each slot, and one reply out of theirs.

use redis::{Cmd, Value};

use super::super::command::words;
use super::fold::{self, Fold};
use super::slot;
use crate::error::{Error, Result};

/// A command in parts, in the order of their first keys.
pub(super) struct Split {
    pub(super) parts: Vec<Part>,
    gathering: Gathering,
}

/// The keys of one slot.
pub(super) struct Part {
    pub(super) command: Cmd,
    /// Which of the whole command's keys they are.
    keys: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Gathering {
    /// One value for each key.
    InPlace,
    Fold(Fold),
}

/// How such a command's words hang together.
struct Form {
    /// Words from one key to the next.
    step: usize,
    /// Words after the last key that belong to all of them.
    tail: usize,
    gathering: Gathering,
}

fn form(name: &[u8]) -> Option<Form> {
    let form = |step, tail, gathering| Some(Form { step, tail, gathering });
    match name {
        b"MGET" => form(1, 0, Gathering::InPlace),
        b"JSON.MGET" => form(1, 1, Gathering::InPlace),
        b"DEL" | b"UNLINK" | b"EXISTS" | b"TOUCH" => form(1, 0, Gathering::Fold(Fold::Sum)),
        b"MSET" => form(2, 0, Gathering::Fold(Fold::AllSucceed)),
        b"JSON.MSET" => form(3, 0, Gathering::Fold(Fold::AllSucceed)),
        _ => None,
    }
}

/// The parts of a command whose keys may be, and are, in more than one slot.
pub(super) fn split(name: &[u8], command: &Cmd) -> Option<Split> {
    let Form { step, tail, gathering } = form(name)?;
    let words: Vec<&[u8]> = words(command).skip(1).collect();
    let (items, tail) = words.split_at_checked(words.len().checked_sub(tail)?)?;
    let slots: Vec<u16> =
        items.chunks(step).filter_map(|item| item.first()).map(|key| slot::of(key)).collect();
    let (first, others) = slots.split_first()?;
    // A command with a word too few is the server's to refuse.
    if others.iter().all(|slot| slot == first) || items.len() % step != 0 {
        return None;
    }
    let mut order: Vec<u16> = Vec::new();
    let mut parts: Vec<Part> = Vec::new();
    for (index, (item, slot)) in items.chunks(step).zip(slots).enumerate() {
        let place = order.iter().position(|known| *known == slot).unwrap_or_else(|| {
            order.push(slot);
            let mut command = Cmd::new();
            command.arg(name);
            parts.push(Part { command, keys: Vec::new() });
            parts.len() - 1
        });
        if let Some(part) = parts.get_mut(place) {
            part.command.arg(item);
            part.keys.push(index);
        }
    }
    for part in &mut parts {
        part.command.arg(tail);
    }
    Some(Split { parts, gathering })
}

impl Split {
    /// A key of each of the first two parts.
    pub(super) fn first_keys(&self) -> Vec<&[u8]> {
        self.parts.iter().take(2).filter_map(|part| words(&part.command).nth(1)).collect()
    }

    /// One reply out of those of the parts.
    pub(super) fn gather(&self, replies: Vec<Result<Value>>) -> Result<Value> {
        match self.gathering {
            Gathering::Fold(fold) => {
                fold::fold(fold, replies.into_iter().map(|reply| (String::new(), reply)).collect())
            }
            Gathering::InPlace => self.in_place(replies),
        }
    }

    fn in_place(&self, replies: Vec<Result<Value>>) -> Result<Value> {
        let mut whole = vec![Value::Nil; self.parts.iter().map(|part| part.keys.len()).sum()];
        for (part, reply) in self.parts.iter().zip(replies) {
            let values = match reply? {
                Value::Array(values) if values.len() == part.keys.len() => values,
                _ => return Err(Error::internal("a node answered with another number of values than keys")),
            };
            for (key, value) in part.keys.iter().zip(values) {
                if let Some(place) = whole.get_mut(*key) {
                    *place = value;
                }
            }
        }
        Ok(Value::Array(whole))
    }
}

#[cfg(test)]
mod tests {
    use redis::cmd;

    use super::*;

    fn texts(command: &Cmd) -> Vec<String> {
        words(command).map(|word| String::from_utf8_lossy(word).into_owned()).collect()
    }

    #[test]
    fn keys_of_one_slot_go_together_and_values_come_back_in_order() {
        let mut command = cmd("MGET");
        command.arg(&["foo", "bar", "{foo}2", "{bar}2"]);
        let split = split(b"MGET", &command).unwrap();
        let parts: Vec<_> = split.parts.iter().map(|part| texts(&part.command)).collect();
        assert_eq!(parts, [["MGET", "foo", "{foo}2"], ["MGET", "bar", "{bar}2"]]);
        let replies = [[1, 3], [2, 4]].map(|values| Ok(Value::Array(values.map(Value::Int).to_vec())));
        let expected = Value::Array([1, 2, 3, 4].map(Value::Int).to_vec());
        assert_eq!(split.gather(replies.into()).unwrap(), expected);
    }

    #[test]
    fn values_stay_with_their_keys_and_what_belongs_to_all_is_in_all() {
        let split_of = |words: &[&str]| {
            let split = split(words[0].as_bytes(), cmd(words[0]).arg(&words[1..])).unwrap();
            split.parts.iter().map(|part| texts(&part.command).join(" ")).collect::<Vec<_>>()
        };
        assert_eq!(split_of(&["MSET", "foo", "1", "bar", "2"]), ["MSET foo 1", "MSET bar 2"]);
        assert_eq!(split_of(&["JSON.MGET", "foo", "bar", "$"]), ["JSON.MGET foo $", "JSON.MGET bar $"]);
    }

    #[test]
    fn what_is_in_one_slot_or_malformed_stays_whole() {
        assert!(split(b"DEL", cmd("DEL").arg(&["foo", "{foo}2"])).is_none());
        assert!(split(b"MSET", cmd("MSET").arg(&["foo", "1", "bar"])).is_none());
        assert!(split(b"DEL", &cmd("DEL")).is_none());
        assert!(split(b"JSON.MGET", &cmd("JSON.MGET")).is_none());
        assert!(split(b"GET", cmd("GET").arg("foo")).is_none());
    }
}
