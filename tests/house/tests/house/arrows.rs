//! Arrows point one way: bindings → core → proto. The emulator is a second opinion and depends on none of ours.

use crate::graph::{Package, ours, packages};

/// Whether the crate in this folder may depend on that one in the code that it ships.
fn may_use(from: &str, to: &str) -> bool {
    match from {
        "core" | "tests/model" => to == "proto",
        "bindings/cli" => to == "core" || to == "tests/emulator",
        "proto" | "tests/emulator" | "tests/house" => false,
        // `python -m keyrotor` and npm's `keyrotor` are the command, too.
        "bindings/python" | "bindings/node" => to == "core" || to == "bindings/cli",
        binding if binding.starts_with("bindings/") => to == "core",
        other => panic!("{other} has no rule yet: which crates of ours may it use?"),
    }
}

fn may_test_with(from: &str, to: &str) -> bool {
    may_use(from, to) || (to == "tests/emulator" && from != "tests/emulator")
}

fn room_of(name: &str) -> Option<&'static str> {
    ours().find(|package| package.name() == name).map(Package::room)
}

#[test]
fn arrows_point_one_way() {
    let mut arrows = Vec::new();
    for package in ours() {
        for (name, kind) in package.declared() {
            let Some(to) = room_of(name) else { continue };
            let from = package.room();
            let fine = if kind == Some("dev") { may_test_with(from, to) } else { may_use(from, to) };
            assert!(fine, "{from} must not depend on {to}");
            arrows.push((from, to));
        }
    }
    for wanted in
        [("core", "proto"), ("bindings/c", "core"), ("bindings/python", "core"), ("bindings/node", "core")]
    {
        assert!(arrows.contains(&wanted), "{wanted:?} is missing in {arrows:?}");
    }
}

/// One without a rule of its own would be missed by the walk above where it has no dependency of ours.
#[test]
fn arrows_are_ruled_for_every_room() {
    for package in ours() {
        assert!(!may_use(package.room(), package.room()), "{} uses itself", package.room());
    }
}

#[test]
fn arrows_of_languages_end_at_their_binding() {
    let languages =
        |name: &str| ["pyo3", "napi", "cbindgen", "clap"].iter().any(|prefix| name.starts_with(prefix));
    assert!(packages().any(|package| languages(package.name())));
    for package in ours().filter(|package| !package.room().starts_with("bindings/")) {
        let named: Vec<&str> =
            package.declared().map(|(name, _)| name).filter(|name| languages(name)).collect();
        assert!(named.is_empty(), "{} knows a host language: {named:?}", package.room());
    }
}
