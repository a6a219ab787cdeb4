//! What a node says of the cluster.

use std::collections::BTreeMap;

use keyrotor_proto::Code;
use redis::{Value, cmd};

use super::part::Part;
use crate::config::Address;
use crate::error::{Error, Result};

/// The cluster as one of its nodes sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Survey {
    /// By the address of the primary.
    pub(super) shards: BTreeMap<Address, Holding>,
    /// The newest change that the node has heard of; 0 where it does not say.
    epoch: u64,
}

/// A shard's replicas and slots.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Holding {
    pub(super) replicas: Vec<Address>,
    /// First and last of each range.
    pub(super) slots: Vec<(u16, u16)>,
}

/// What a node is asked.
pub(super) fn questions() -> Part<'static> {
    let ask = |what| cmd("CLUSTER").arg(what).clone();
    Part::of(vec![ask("SLOTS"), ask("INFO")])
}

/// Reads the answers of `asked`.
///
/// # Errors
/// The server's error, and an answer that is none or that names no slot.
pub(super) fn read(answers: Vec<Result<Value>>, asked: &Address) -> Result<Survey> {
    let mut answers = answers.into_iter();
    let slots = answers.next().unwrap_or_else(|| Err(unreadable(asked)));
    let Value::Array(ranges) = slots.map_err(|error| explained(error, asked))? else {
        return Err(unreadable(asked));
    };
    let mut survey =
        Survey { epoch: answers.next().and_then(epoch).unwrap_or_default(), ..Survey::default() };
    for range in ranges {
        survey.add(range, asked).ok_or_else(|| unreadable(asked))?;
    }
    if survey.shards.is_empty() {
        let message = format!(
            "{asked} knows of no node that has a slot; it may have just started, or belong to no cluster"
        );
        return Err(Error::new(Code::ServerError, message));
    }
    survey.shards.values_mut().for_each(Holding::sort);
    Ok(survey)
}

/// The best of them: the newest, and of those the one that most agree with.
pub(super) fn best(surveys: Vec<Survey>) -> Option<Survey> {
    let agreeing = |survey: &Survey| surveys.iter().filter(|other| other.shards == survey.shards).count();
    surveys.iter().max_by_key(|survey| (survey.epoch, agreeing(survey))).cloned()
}

impl Survey {
    /// The addresses of all nodes.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.shards.iter().flat_map(|(primary, holding)| std::iter::once(primary).chain(&holding.replicas))
    }

    /// The same with other addresses.
    pub(super) fn with_addresses(self, reachable: impl Fn(Address) -> Address) -> Self {
        let shards = self.shards.into_iter().map(|(primary, holding)| {
            let replicas = holding.replicas.into_iter().map(&reachable).collect();
            (reachable(primary), Holding { replicas, ..holding })
        });
        Self { shards: shards.collect(), epoch: self.epoch }
    }

    /// Adds `[first, last, primary, replica…]`.
    fn add(&mut self, range: Value, asked: &Address) -> Option<()> {
        let Value::Array(parts) = range else { return None };
        let mut parts = parts.into_iter();
        let (first, last) = (number(parts.next()?)?, number(parts.next()?)?);
        let mut nodes = parts.map(|node| address(node, asked));
        // A primary whose address is not known is one that cannot be sent anything.
        let Some(primary) = nodes.next()? else { return Some(()) };
        let holding = self.shards.entry(primary).or_default();
        holding.slots.push((first, last));
        for replica in nodes.flatten() {
            if !holding.replicas.contains(&replica) {
                holding.replicas.push(replica);
            }
        }
        Some(())
    }
}

impl Holding {
    /// Nodes list the same in different orders.
    fn sort(&mut self) {
        self.replicas.sort_unstable();
        self.slots.sort_unstable();
    }
}

/// `[host, port, id, …]`. No host means that of whoever was asked (Redis, CLUSTER SLOTS: "If NULL, … the same endpoint");
/// `?` means that it has one and does not know it.
fn address(node: Value, asked: &Address) -> Option<Address> {
    let Value::Array(parts) = node else { return None };
    let mut parts = parts.into_iter();
    let host = match parts.next()? {
        Value::Nil => asked.host.clone(),
        host => text(host)?,
    };
    let host = if host.is_empty() { asked.host.clone() } else { host };
    let port = number(parts.next()?)?;
    (host != "?" && port != 0).then_some(Address { host, port })
}

fn epoch(info: Result<Value>) -> Option<u64> {
    let info = text(info.ok()?)?;
    info.lines().find_map(|line| line.strip_prefix("cluster_current_epoch:")?.trim().parse().ok())
}

fn number(value: Value) -> Option<u16> {
    match value {
        Value::Int(number) => number.try_into().ok(),
        _ => None,
    }
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) | Value::VerbatimString { text, .. } => Some(text),
        _ => None,
    }
}

fn unreadable(asked: &Address) -> Error {
    let message = format!("{asked} answered CLUSTER SLOTS with something else than slots");
    Error::new(Code::Protocol, message)
}

fn explained(error: Error, asked: &Address) -> Error {
    match error.server_text() {
        Some(text) if text.contains("cluster support disabled") => {
            error.with_hint(&format!("{asked} is no node of a cluster: unset cluster_mode_enabled"))
        }
        Some(text) if text.starts_with("NOPERM") => {
            error.with_hint("a cluster's user must be allowed CLUSTER SLOTS: add +cluster|slots to its ACL")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked() -> Address {
        Address { host: "asked".into(), port: 1 }
    }

    fn node(host: Option<&str>, port: i64) -> Value {
        let host = host.map_or(Value::Nil, |host| Value::BulkString(host.into()));
        Value::Array(vec![host, Value::Int(port), Value::BulkString(b"id".to_vec())])
    }

    fn range(first: i64, last: i64, nodes: &[Value]) -> Value {
        Value::Array([&[Value::Int(first), Value::Int(last)], nodes].concat())
    }

    fn survey(ranges: Vec<Value>, epoch: u64) -> Survey {
        let info = Value::BulkString(format!("cluster_state:ok\r\ncluster_current_epoch:{epoch}\r\n").into());
        read(vec![Ok(Value::Array(ranges)), Ok(info)], &asked()).unwrap()
    }

    fn names(survey: &Survey) -> Vec<String> {
        survey.addresses().map(ToString::to_string).collect()
    }

    #[test]
    fn ranges_of_one_primary_are_one_shard_and_no_host_is_that_of_the_node_asked() {
        let nodes = [node(Some("a"), 1), node(None, 2), node(Some(""), 3), node(Some("?"), 4)];
        let survey = survey(vec![range(10, 20, &nodes), range(0, 5, &nodes)], 7);
        assert_eq!(names(&survey), ["a:1", "asked:2", "asked:3"]);
        assert_eq!(survey.shards.values().next().unwrap().slots, [(0, 5), (10, 20)]);
        assert_eq!(survey.epoch, 7);
    }

    #[test]
    fn the_newest_wins_and_among_equals_the_one_that_most_agree_with() {
        let of = |host: &str, epoch| survey(vec![range(0, 1, &[node(Some(host), 1)])], epoch);
        assert_eq!(names(&best(vec![of("a", 1), of("b", 2), of("a", 1)]).unwrap()), ["b:1"]);
        assert_eq!(names(&best(vec![of("a", 1), of("b", 1), of("b", 1)]).unwrap()), ["b:1"]);
        assert!(best(Vec::new()).is_none());
    }

    #[test]
    fn what_is_no_cluster_is_said() {
        let disabled =
            super::super::super::reply::server_error("ERR This instance has cluster support disabled");
        let error = read(vec![Err(disabled)], &asked()).unwrap_err();
        assert!(error.message().contains("unset cluster_mode_enabled"), "{error}");
        read(vec![Ok(Value::Array(Vec::new()))], &asked()).unwrap_err();
        read(vec![Ok(Value::Okay)], &asked()).unwrap_err();
        read(vec![Ok(Value::Array(vec![Value::Int(1)]))], &asked()).unwrap_err();
    }
}
