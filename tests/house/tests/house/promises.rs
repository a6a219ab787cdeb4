//! `tests/PROMISES.md` says the truth about the tests: what is held has one, and what has one is known.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::repository::{files, read};

const CONTRACT: &str = "tests/PROMISES.md";

/// The groups of ids, and how many there are of each.
const GROUPS: [(char, u8); 4] = [('T', 20), ('S', 5), ('C', 18), ('B', 10)];

pub(crate) fn ids() -> BTreeSet<String> {
    GROUPS.iter().flat_map(|(group, count)| (1..=*count).map(move |n| format!("{group}{n:02}"))).collect()
}

pub(crate) fn is_id(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| "TSCBtscb".contains(first))
        && word.len() == 3
        && letters.all(|it| it.is_ascii_digit())
}

/// Id and state of each row of the contract.
fn rows() -> Vec<(String, String)> {
    let contract = read(CONTRACT);
    let mut rows = Vec::new();
    for line in contract.lines().filter(|line| line.starts_with("| ")) {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        if is_id(cells[0]) {
            assert_eq!(cells.len(), 4, "id, promise, how it is shown, state: {line}");
            assert!(cells.iter().all(|cell| !cell.is_empty()), "an empty cell: {line}");
            rows.push((cells[0].to_owned(), cells[3].to_owned()));
        }
    }
    rows
}

/// The ids at the beginning of a test's name: `t12_t18_nothing_…` or `B02 C01 native …`.
fn leading(name: &str) -> impl Iterator<Item = String> + '_ {
    name.split(['_', ' ']).take_while(|word| is_id(word)).map(str::to_uppercase)
}

/// The name of the test that this line of this file begins, if it begins one.
pub(crate) fn test_name<'a>(path: &str, line: &'a str) -> Option<&'a str> {
    let line = line.trim_start();
    let (_, end) = path.rsplit_once('.')?;
    match end {
        "rs" => line.strip_prefix("async ").unwrap_or(line).strip_prefix("fn ")?.split('(').next(),
        "py" => line.strip_prefix("async ").unwrap_or(line).strip_prefix("def test_")?.split('(').next(),
        "ts" | "mts" | "js" | "mjs" => {
            let call =
                ["test(", "it(", "describe(", "await t.test("].iter().find_map(|it| line.strip_prefix(it))?;
            Some(call.trim_start_matches(['\'', '"', '`']))
        }
        _ => None,
    }
}

/// Id → the tests and scenarios that carry it.
fn carried() -> BTreeMap<String, Vec<String>> {
    let mut carried: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files() {
        if path.starts_with("tests/house/") {
            continue;
        }
        if path.starts_with("tests/scenarios/") && path.ends_with(".json") {
            let scenario: Value = serde_json::from_str(&read(&path)).unwrap();
            for id in scenario["promises"].as_array().into_iter().flatten() {
                carried.entry(id.as_str().unwrap().to_owned()).or_default().push(path.clone());
            }
        } else if [".rs", ".py", ".ts", ".mts", ".js", ".mjs"].iter().any(|end| path.ends_with(end)) {
            for name in read(&path).lines().filter_map(|line| test_name(&path, line)) {
                for id in leading(name) {
                    carried.entry(id).or_default().push(format!("{path}: {name}"));
                }
            }
        }
    }
    assert!(carried.len() > 20, "{carried:?}");
    carried
}

#[test]
fn promises_stand_in_the_contract_once_each() {
    let rows = rows();
    let found: BTreeSet<String> = rows.iter().map(|(id, _)| id.clone()).collect();
    assert_eq!(found, ids());
    assert_eq!(rows.len(), found.len(), "an id stands there twice");
}

#[test]
fn promises_have_the_state_that_the_tests_give_them() {
    let carried = carried();
    for (id, state) in rows() {
        let tests = carried.get(&id).map_or(0, Vec::len);
        println!("{id} {tests:3} {state}");
        match state.split_once(": ") {
            None if state == "held" => assert!(tests > 0, "{id} is said to be held, but no test carries it"),
            None if state == "planned" => assert_eq!(tests, 0, "{id} has tests: {:?}", carried.get(&id)),
            Some(("partly", missing)) => assert!(missing.len() > 10, "{id}: what is missing?"),
            _ => panic!("{id}: the state is `held`, `partly: what is missing` or `planned`, not {state:?}"),
        }
    }
}

#[test]
fn promises_in_test_names_are_known() {
    let known = ids();
    for (id, tests) in carried() {
        assert!(known.contains(&id), "{CONTRACT} has no {id}: {tests:?}");
    }
}

#[test]
fn promises_are_found_in_test_names() {
    let of = |path: &str, line: &str| -> Vec<String> {
        test_name(path, line).into_iter().flat_map(leading).collect()
    };
    assert_eq!(of("a.rs", "    async fn t12_t18_nothing() {"), ["T12", "T18"]);
    assert_eq!(of("a.py", "def test_c03_lease() -> None:"), ["C03"]);
    assert_eq!(of("a.ts", "  test('B02 C01 alike: t99', async () => {"), ["B02", "C01"]);
    for (path, line) in
        [("a.rs", "let t12_x = 1;"), ("a.rs", "fn text() {"), ("a.py", "def t12_x():"), ("a.c", "t12_x()")]
    {
        assert!(of(path, line).is_empty(), "{line}");
    }
}
