//! What cargo knows of every crate in the lock file, on all platforms and with all features of ours.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

static METADATA: LazyLock<Value> = LazyLock::new(|| {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--all-features"])
        .current_dir(crate::repository::root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
});

static PACKAGES: LazyLock<BTreeMap<&'static str, Package>> = LazyLock::new(|| {
    list(&METADATA["packages"]).map(|package| (text(&package["id"]), Package(package))).collect()
});

static NODES: LazyLock<BTreeMap<&'static str, &'static Value>> =
    LazyLock::new(|| list(&METADATA["resolve"]["nodes"]).map(|node| (text(&node["id"]), node)).collect());

fn list(value: &'static Value) -> impl Iterator<Item = &'static Value> {
    value.as_array().unwrap().iter()
}

fn text(value: &'static Value) -> &'static str {
    value.as_str().unwrap()
}

/// One crate in one version.
#[derive(Clone, Copy)]
pub(crate) struct Package(&'static Value);

impl Package {
    pub(crate) fn name(self) -> &'static str {
        text(&self.0["name"])
    }

    pub(crate) fn version(self) -> &'static str {
        text(&self.0["version"])
    }

    pub(crate) fn licence(self) -> Option<&'static str> {
        self.0["license"].as_str()
    }

    /// The folder of a crate of ours, seen from the root.
    pub(crate) fn room(self) -> &'static str {
        let manifest = text(&self.0["manifest_path"]);
        let inside = manifest.strip_prefix(text(&METADATA["workspace_root"])).unwrap();
        inside.trim_start_matches('/').strip_suffix("/Cargo.toml").unwrap()
    }

    fn is_published(self) -> bool {
        self.0["publish"].as_array().is_none_or(|registries| !registries.is_empty())
    }

    /// Name and kind of each dependency in the manifest, optional ones too.
    pub(crate) fn declared(self) -> impl Iterator<Item = (&'static str, Option<&'static str>)> {
        list(&self.0["dependencies"]).map(|it| (text(&it["name"]), it["kind"].as_str()))
    }

    pub(crate) fn features(self) -> BTreeSet<&'static str> {
        list(&NODES[text(&self.0["id"])]["features"]).map(text).collect()
    }

    /// This crate and what it is built with, by dependencies of these kinds; `None` is the normal kind.
    fn reach(self, kinds: &[Option<&str>], seen: &mut BTreeSet<&'static str>) {
        let id = text(&self.0["id"]);
        if !seen.insert(id) {
            return;
        }
        for edge in list(&NODES[id]["deps"]) {
            if list(&edge["dep_kinds"]).any(|it| kinds.contains(&it["kind"].as_str())) {
                PACKAGES[text(&edge["pkg"])].reach(kinds, seen);
            }
        }
    }

    /// How many crates its normal dependencies come to.
    pub(crate) fn weight(self) -> usize {
        let mut seen = BTreeSet::new();
        self.reach(&[None], &mut seen);
        seen.len() - 1
    }
}

pub(crate) fn packages() -> impl Iterator<Item = Package> {
    PACKAGES.values().copied()
}

pub(crate) fn ours() -> impl Iterator<Item = Package> {
    list(&METADATA["workspace_members"]).map(|id| PACKAGES[text(id)])
}

pub(crate) fn shipped() -> impl Iterator<Item = Package> {
    ours().filter(|package| package.is_published())
}

/// Everything that the shipped crates are made of or built with.
pub(crate) fn below_shipped() -> Vec<Package> {
    let mut seen = BTreeSet::new();
    shipped().for_each(|package| package.reach(&[None, Some("build")], &mut seen));
    assert!(seen.len() > 100, "only {} crates", seen.len());
    seen.into_iter().map(|id| PACKAGES[id]).collect()
}
