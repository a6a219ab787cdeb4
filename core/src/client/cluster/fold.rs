//! One reply out of those of many nodes.

use std::collections::BTreeMap;

use keyrotor_proto::Code;
use redis::Value;

use crate::error::{Error, Result};

/// How replies of many nodes become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fold {
    /// Any of them, once all succeeded.
    AllSucceed,
    /// The first that succeeded.
    OneSucceeds,
    FirstNotNil,
    /// Numbers, added.
    Sum,
    /// Lists of numbers: 1 where all have more than 0.
    And,
    /// Lists, one after the other.
    Join,
    /// Names with numbers, those of one name added.
    SumByName,
    /// All of them, each under its node's address.
    ByNode,
}

/// A node's address and its reply.
type Named = (String, Result<Value>);

/// One reply out of those of the nodes with these addresses. Unless one success is enough, the first error is the
/// outcome.
pub(super) fn fold(fold: Fold, replies: Vec<Named>) -> Result<Value> {
    match fold {
        Fold::OneSucceeds => first(replies, |_| true)?.ok_or_else(no_nodes),
        Fold::FirstNotNil => Ok(first(replies, |value| *value != Value::Nil)?.unwrap_or(Value::Nil)),
        Fold::AllSucceed => all(replies)?.pop().ok_or_else(no_nodes),
        Fold::Sum => Ok(Value::Int(all(replies)?.iter().map(number).sum::<Result<i64>>()?)),
        Fold::And => and(all(replies)?),
        Fold::Join => {
            let lists = all(replies)?.into_iter().map(list).collect::<Result<Vec<_>>>()?;
            Ok(Value::Array(lists.concat()))
        }
        Fold::SumByName => sum_by_name(all(replies)?),
        Fold::ByNode => {
            let named = replies.into_iter().map(|(node, reply)| Ok((Value::SimpleString(node), reply?)));
            Ok(Value::Map(named.collect::<Result<_>>()?))
        }
    }
}

fn all(replies: Vec<Named>) -> Result<Vec<Value>> {
    replies.into_iter().map(|(_, reply)| reply).collect()
}

/// The first success that is it; `None` where there are successes only, none of which is.
fn first(replies: Vec<Named>, is_it: impl Fn(&Value) -> bool) -> Result<Option<Value>> {
    let mut failure = None;
    for (_, reply) in replies {
        match reply {
            Ok(value) if is_it(&value) => return Ok(Some(value)),
            Ok(_) => {}
            Err(error) => failure = Some(error),
        }
    }
    failure.map_or(Ok(None), Err)
}

fn and(values: Vec<Value>) -> Result<Value> {
    let mut lists = values.into_iter().map(list);
    let mut whole = lists.next().ok_or_else(no_nodes)??;
    for list in lists {
        for (mine, other) in whole.iter_mut().zip(list?) {
            let both = number(mine)? > 0 && number(&other)? > 0;
            *mine = Value::Int(both.into());
        }
    }
    Ok(Value::Array(whole))
}

fn sum_by_name(values: Vec<Value>) -> Result<Value> {
    let mut sums: BTreeMap<Vec<u8>, i64> = BTreeMap::new();
    for (name, count) in values.into_iter().map(pairs).collect::<Result<Vec<_>>>()?.concat() {
        let Value::BulkString(name) = name else { return Err(unexpected("a name")) };
        *sums.entry(name).or_default() += number(&count)?;
    }
    Ok(Value::Map(sums.into_iter().map(|(name, sum)| (Value::BulkString(name), Value::Int(sum))).collect()))
}

/// A map, which RESP2 writes as a list.
fn pairs(value: Value) -> Result<Vec<(Value, Value)>> {
    if let Value::Map(pairs) = value {
        return Ok(pairs);
    }
    let mut items = list(value)?.into_iter();
    let mut pairs = Vec::with_capacity(items.len() / 2);
    while let (Some(name), Some(count)) = (items.next(), items.next()) {
        pairs.push((name, count));
    }
    Ok(pairs)
}

fn list(value: Value) -> Result<Vec<Value>> {
    match value {
        Value::Array(values) | Value::Set(values) => Ok(values),
        _ => Err(unexpected("a list")),
    }
}

fn number(value: &Value) -> Result<i64> {
    match value {
        Value::Int(number) => Ok(*number),
        Value::Boolean(truth) => Ok((*truth).into()),
        _ => Err(unexpected("a number")),
    }
}

fn unexpected(expected: &str) -> Error {
    let message = format!(
        "a node of the cluster did not answer with {expected}, so that its answer cannot be added to the \
                           others'"
    );
    Error::new(Code::Protocol, message)
}

fn no_nodes() -> Error {
    Error::new(Code::NetworkConnect, "the cluster has no node that this command is for")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(by: Fold, replies: impl IntoIterator<Item = Result<Value>>) -> Result<Value> {
        fold(by, replies.into_iter().enumerate().map(|(node, reply)| (format!("n:{node}"), reply)).collect())
    }

    fn ints(values: &[i64]) -> Value {
        Value::Array(values.iter().copied().map(Value::Int).collect())
    }

    fn failure() -> Result<Value> {
        Err(Error::internal("a node failed"))
    }

    #[test]
    fn each_fold_makes_one_reply() {
        let one_and_two = || [Ok(Value::Int(1)), Ok(Value::Int(2))];
        assert_eq!(outcome(Fold::Sum, one_and_two()).unwrap(), Value::Int(3));
        assert_eq!(outcome(Fold::OneSucceeds, [failure(), Ok(Value::Okay)]).unwrap(), Value::Okay);
        assert_eq!(outcome(Fold::FirstNotNil, [Ok(Value::Nil), Ok(Value::Okay)]).unwrap(), Value::Okay);
        assert_eq!(outcome(Fold::FirstNotNil, [Ok(Value::Nil)]).unwrap(), Value::Nil);
        assert_eq!(outcome(Fold::And, [Ok(ints(&[1, 1])), Ok(ints(&[1, 0]))]).unwrap(), ints(&[1, 0]));
        assert_eq!(outcome(Fold::Join, [Ok(ints(&[1])), Ok(ints(&[2, 3]))]).unwrap(), ints(&[1, 2, 3]));
        let Value::Map(named) = outcome(Fold::ByNode, one_and_two()).unwrap() else { panic!() };
        assert_eq!(named[1], (Value::SimpleString("n:1".into()), Value::Int(2)));
    }

    #[test]
    fn counts_of_one_name_are_added_in_both_protocols() {
        let name = || Value::BulkString(b"channel".to_vec());
        let resp2 = Value::Array(vec![name(), Value::Int(1)]);
        let resp3 = Value::Map(vec![(name(), Value::Int(2))]);
        let expected = Value::Map(vec![(name(), Value::Int(3))]);
        assert_eq!(outcome(Fold::SumByName, [Ok(resp2), Ok(resp3)]).unwrap(), expected);
    }

    #[test]
    fn one_failure_fails_what_needs_all() {
        for by in [Fold::AllSucceed, Fold::Sum, Fold::Join, Fold::ByNode] {
            outcome(by, [Ok(Value::Int(1)), failure()]).unwrap_err();
        }
        outcome(Fold::OneSucceeds, [failure(), failure()]).unwrap_err();
        assert_eq!(outcome(Fold::Sum, [Ok(Value::Nil)]).unwrap_err().code(), Code::Protocol);
    }
}
