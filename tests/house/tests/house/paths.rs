//! Nothing that is committed knows the machine on which it was written.

use crate::repository::{files, text};

/// Cut in two, so that this file does not name them.
const OF_A_MACHINE: [&str; 4] =
    [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("../sh", "ared")];
const REGISTRY: &str = concat!("registry.npm", "js.org");

/// The place that a line names on a machine, if it does.
fn place(line: &str) -> Option<&'static str> {
    OF_A_MACHINE.into_iter().find(|place| line.match_indices(place).any(|(at, _)| is_path(line, at, place)))
}

/// One inside of a longer path or address is a folder of that name; those of users need a name behind them.
fn is_path(line: &str, at: usize, place: &str) -> bool {
    let before = line[..at].chars().next_back();
    let after = line[at + place.len()..].chars().next();
    let begins = before.is_none_or(|it| !it.is_alphanumeric() && !"._-".contains(it));
    let names = after.is_some_and(|it| it.is_alphanumeric() || it == '_');
    begins && (names || !place.ends_with("me/"))
}

#[test]
fn paths_of_a_machine_are_told_from_others() {
    for (line, found) in [
        (concat!("cd /wo", "rk/main"), true),
        (concat!("\"/ro", "ot/.cargo\""), true),
        (concat!("file:///ho", "me/somebody/x"), true),
        (concat!("see ../sh", "ared/design.md"), true),
        (concat!("actions/wo", "rk/x"), false),
        (concat!("/ho", "me/<name>"), false),
    ] {
        assert_eq!(place(line).is_some(), found, "{line}");
    }
}

#[test]
fn paths_of_a_machine_are_in_no_file() {
    let mut found = Vec::new();
    for path in files() {
        for (number, line) in text(&path).unwrap_or_default().lines().enumerate() {
            let registry = line.contains(REGISTRY) && path.ends_with("package-lock.json");
            if let Some(place) = place(line).or(registry.then_some(REGISTRY)) {
                found.push(format!("{path}:{} names {place}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}
