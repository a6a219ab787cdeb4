//! The lists of `.cargo/deny.toml`, so that they stand in one place.

use std::sync::LazyLock;

use serde_json::Value;

static DENY: LazyLock<Value> =
    LazyLock::new(|| toml::from_str(&crate::repository::read(".cargo/deny.toml")).unwrap());

fn list(section: &str, name: &str) -> &'static [Value] {
    DENY[section][name].as_array().unwrap_or_else(|| panic!("deny.toml has no list {section}.{name}"))
}

fn name(value: &'static Value) -> &'static str {
    value["crate"].as_str().unwrap()
}

fn texts(values: &'static [Value]) -> Vec<&'static str> {
    values.iter().map(|value| value.as_str().unwrap()).collect()
}

pub(crate) fn banned() -> Vec<&'static str> {
    list("bans", "deny").iter().map(name).collect()
}

pub(crate) fn licences() -> Vec<&'static str> {
    texts(list("licenses", "allow"))
}

/// Crates that may have further licences.
pub(crate) fn exceptions() -> Vec<(&'static str, Vec<&'static str>)> {
    let exceptions = list("licenses", "exceptions").iter();
    exceptions.map(|it| (name(it), texts(it["allow"].as_array().unwrap()))).collect()
}

/// Name, start of the version, and reason of each crate that may be there once more.
pub(crate) fn duplicates() -> Vec<(&'static str, &'static str, &'static str)> {
    let skipped = list("bans", "skip").iter();
    skipped
        .map(|it| {
            let (name, version) = name(it).split_once(':').unwrap();
            (name, version, it["reason"].as_str().unwrap())
        })
        .collect()
}
