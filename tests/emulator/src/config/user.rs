//! A user of the cache.

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;

/// What a user may do unless it is said.
const EVERYTHING: &str = "~* &* +@all";

/// `User` may log in with a token made for it.
///
/// In a file: its name, or `{"name": "reader", "acl": "~app:* +@read"}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The user name, which is the user id too. Kept in lower case, as the services do.
    pub name: String,
    /// What it may do, as the access string of ElastiCache and MemoryDB: rules of `ACL SETUSER` without passwords.
    /// Default `~* &* +@all`.
    pub acl: String,
    /// The tags that a policy's `aws:ResourceTag/…` sees.
    pub tags: BTreeMap<String, String>,
}

impl User {
    /// The rules one by one; `None` if one of them could let somebody in without a token or end the line.
    pub(crate) fn rules(&self) -> Option<Vec<&str>> {
        let rules: Vec<_> = self.acl.split(' ').filter(|rule| !rule.is_empty()).collect();
        let fine = |rule: &&str| {
            let harmless = rule.starts_with(['+', '-', '~', '&', '%'])
                || matches!(
                    *rule,
                    "on" | "off"
                        | "allkeys"
                        | "resetkeys"
                        | "allchannels"
                        | "resetchannels"
                        | "allcommands"
                        | "nocommands"
                        | "clearselectors"
                );
            harmless && !rule.chars().any(|char| char.is_control() || char == '"')
        };
        rules.iter().all(fine).then_some(rules)
    }
}

impl<T: Into<String>> From<T> for User {
    fn from(name: T) -> Self {
        Self { name: name.into(), acl: EVERYTHING.to_owned(), tags: BTreeMap::new() }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whole {
    name: String,
    acl: Option<String>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
}

impl<'de> Deserialize<'de> for User {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NameOrWhole)
    }
}

struct NameOrWhole;

impl<'de> Visitor<'de> for NameOrWhole {
    type Value = User;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a user name, or an object with name and acl")
    }

    fn visit_str<E>(self, name: &str) -> Result<User, E> {
        Ok(User::from(name))
    }

    fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<User, M::Error> {
        let Whole { name, acl, tags } = Whole::deserialize(MapAccessDeserializer::new(map))?;
        Ok(User { acl: acl.unwrap_or_else(|| EVERYTHING.to_owned()), tags, ..User::from(name) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_set_no_password() {
        let rules =
            |acl: &str| User { acl: acl.into(), ..User::from("app") }.rules().map(|rules| rules.len());
        assert_eq!(rules("on ~app:* %R~b &news +@read -get +config|get  allchannels"), Some(8));
        for acl in
            [">pass", "~* nopass", "resetpass", "reset", "<x", "#ab", "on\n+@all", "on\tnopass", "\"~a\""]
        {
            assert_eq!(rules(acl), None, "{acl}");
        }
    }
}
