//! What a connection is subscribed to: in RESP2 a subscriber can do nothing else, not even log in again.

use std::collections::HashSet;

/// `Subscriptions` follows SUBSCRIBE, PSUBSCRIBE, SSUBSCRIBE and their ends.
#[derive(Default)]
pub(super) struct Subscriptions {
    /// Kind and name: channels of different kinds may share a name.
    names: HashSet<(Kind, Vec<u8>)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Kind {
    Channel,
    Pattern,
    Shard,
}

impl Subscriptions {
    /// Follows a command, if it is one of these.
    pub(super) fn follow(&mut self, command: &str, names: &[Vec<u8>]) {
        let (kind, subscribes) = match command {
            "SUBSCRIBE" => (Kind::Channel, true),
            "PSUBSCRIBE" => (Kind::Pattern, true),
            "SSUBSCRIBE" => (Kind::Shard, true),
            "UNSUBSCRIBE" => (Kind::Channel, false),
            "PUNSUBSCRIBE" => (Kind::Pattern, false),
            "SUNSUBSCRIBE" => (Kind::Shard, false),
            _ => return,
        };
        if subscribes {
            self.names.extend(names.iter().map(|name| (kind, name.clone())));
        } else if names.is_empty() {
            self.names.retain(|(other, _)| *other != kind);
        } else {
            self.names.retain(|(other, name)| *other != kind || !names.contains(name));
        }
    }

    pub(super) fn any(&self) -> bool {
        !self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_end_by_name_or_all_of_a_kind() {
        let mut subscriptions = Subscriptions::default();
        for (command, names, any) in [
            ("SUBSCRIBE", &["a", "b"][..], true),
            ("PSUBSCRIBE", &["a"], true),
            ("UNSUBSCRIBE", &["a"], true),
            ("PUNSUBSCRIBE", &[], true),
            ("GET", &["b"], true),
            ("UNSUBSCRIBE", &["b", "x"], false),
            ("SSUBSCRIBE", &["a"], true),
            ("UNSUBSCRIBE", &[], true),
            ("SUNSUBSCRIBE", &[], false),
        ] {
            let names: Vec<_> = names.iter().map(|name| name.as_bytes().to_vec()).collect();
            subscriptions.follow(command, &names);
            assert_eq!(subscriptions.any(), any, "{command}");
        }
    }
}
