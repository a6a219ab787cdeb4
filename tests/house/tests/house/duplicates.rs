//! No crate in two versions, in what is shipped or in what builds it, but for those that `.cargo/deny.toml` explains.

use std::collections::{BTreeMap, BTreeSet};

use crate::deny::duplicates;
use crate::graph::below_shipped;

fn versions() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut versions: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for package in below_shipped() {
        versions.entry(package.name()).or_default().insert(package.version());
    }
    versions
}

fn is_of(version: &str, start: &str) -> bool {
    version.strip_prefix(start).is_some_and(|rest| rest.starts_with('.'))
}

#[test]
fn duplicates_are_explained() {
    let allowed = duplicates();
    for (name, versions) in versions() {
        let unexplained = versions.iter().filter(|version| {
            !allowed.iter().any(|(other, start, _)| name == *other && is_of(version, start))
        });
        assert!(unexplained.count() <= 1, "{name} is there as {versions:?}; `cargo tree -d` says why");
    }
}

#[test]
fn duplicates_that_are_gone_are_not_explained() {
    let versions = versions();
    for (name, start, reason) in duplicates() {
        let found = versions.get(name).cloned().unwrap_or_default();
        let needed = found.len() > 1 && found.iter().any(|version| is_of(version, start));
        assert!(needed, "{name} {start} is no duplicate any more: {found:?}; take it out of deny.toml");
        assert!(reason.len() > 3, "{name} {start} has no reason");
    }
}
