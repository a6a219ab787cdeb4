//! The manual of a token's life names tests that there are, and promises that there are.

use std::collections::BTreeSet;

use crate::promises::{ids, is_id, test_name};
use crate::repository::{files, read};

const MANUAL: &str = "core/docs/guide.md";
const ROWS: usize = 42;

/// Functions in Rust and Python that stand under an attribute of a test, or are called one.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for path in files().iter().filter(|path| path.ends_with(".rs") || path.ends_with(".py")) {
        let mut is_marked = path.ends_with(".py");
        for line in read(path).lines() {
            if let Some(name) = test_name(path, line).filter(|_| is_marked) {
                let prefix = if path.ends_with(".py") { "test_" } else { "" };
                tests.insert(format!("{prefix}{name}"));
            }
            let line = line.trim_start();
            if path.ends_with(".rs") && !line.starts_with("#[") && !line.starts_with("///") {
                is_marked = false;
            }
            is_marked |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
        }
    }
    assert!(tests.len() > 300, "only {} tests", tests.len());
    tests
}

/// Number and last cell of each row of the last table.
fn rows() -> Vec<(usize, String)> {
    let manual = read(MANUAL);
    let rows = manual.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.trim_end_matches('|').split(" | ").collect();
        Some((cells[0].trim().parse().ok()?, cells[2].trim().to_owned()))
    });
    rows.collect()
}

#[test]
fn guide_has_each_row_once() {
    let numbers: Vec<usize> = rows().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=ROWS).collect::<Vec<_>>());
}

#[test]
fn guide_names_tests_that_there_are() {
    let (tests, promises) = (tests(), ids());
    for (number, shown) in rows() {
        if let Some(promise) = shown.strip_prefix("not yet: ") {
            assert!(promises.contains(promise), "{number}: there is no promise {promise}");
            continue;
        }
        for name in shown.split(", ") {
            let name = name.strip_prefix('`').and_then(|name| name.strip_suffix('`'));
            let name =
                name.unwrap_or_else(|| panic!("{number}: `test`, `test` or not yet: T01, not {shown}"));
            assert!(tests.contains(name), "{number}: there is no test {name}");
        }
    }
}

#[test]
fn guide_names_promises_that_there_are() {
    let (manual, promises) = (read(MANUAL), ids());
    let words = manual.split(|letter: char| !letter.is_ascii_alphanumeric());
    let named: BTreeSet<&str> =
        words.filter(|word| is_id(word) && word.starts_with(|letter: char| letter.is_uppercase())).collect();
    assert!(named.len() > 20, "{named:?}");
    for id in named {
        assert!(promises.contains(id), "{MANUAL} names {id}");
    }
}
