//! The scenarios use what their README says, and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::promises;
use crate::repository::{files, read};

const FOLDER: &str = "tests/scenarios/";

fn scenarios() -> Vec<(String, Map<String, Value>)> {
    let mut paths = files();
    paths.retain(|path| path.starts_with(FOLDER) && path.ends_with(".json"));
    assert!(paths.len() > 8);
    paths.into_iter().map(|path| (path.clone(), object(&path))).collect()
}

fn object(path: &str) -> Map<String, Value> {
    serde_json::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What may stand in a step: beside its verb, and inside of the verb's own object.
#[derive(Default, Debug)]
struct Shape {
    beside: BTreeSet<String>,
    inside: BTreeSet<String>,
}

/// The table of steps in the README: verb → shape.
fn documented() -> BTreeMap<String, Shape> {
    let mut steps: BTreeMap<String, Shape> = BTreeMap::new();
    let readme = read("tests/scenarios/README.md");
    for row in readme.lines().filter(|line| line.starts_with("| `{")) {
        let (step, about) = row[3..].split_once("` |").unwrap();
        let mut names = quoted(step);
        let verb = names.remove(0).1;
        let shape = steps.entry(verb).or_default();
        for (depth, name) in names {
            let place = if depth == 1 { &mut shape.beside } else { &mut shape.inside };
            place.insert(name);
        }
        shape.inside.extend(about.split('`').skip(1).step_by(2).map(str::to_owned));
    }
    assert!(steps.len() >= 8, "{steps:?}");
    steps
}

/// The quoted names of a step, with the number of brackets around each.
fn quoted(step: &str) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let mut depth = 0;
    for (index, part) in step.split('"').enumerate() {
        if index % 2 == 1 {
            names.push((depth, part.to_owned()));
        } else {
            let count = |brackets: [char; 2]| part.matches(brackets).count();
            depth = depth + count(['{', '[']) - count(['}', ']']);
        }
    }
    names
}

fn check(path: &str, step: &Value, steps: &BTreeMap<String, Shape>) {
    let members = step.as_object().unwrap();
    let verbs: Vec<&String> = members.keys().filter(|name| steps.contains_key(*name)).collect();
    assert_eq!(verbs.len(), 1, "{path}: no one step that the README knows: {step}");
    let (verb, shape) = (verbs[0], &steps[verbs[0]]);
    for name in members.keys().filter(|name| *name != verb) {
        assert!(shape.beside.contains(name), "{path}: {verb} with {name} is not in the README: {step}");
    }
    for name in members[verb].as_object().into_iter().flat_map(Map::keys) {
        assert!(
            shape.inside.contains(name),
            "{path}: {verb} with {name} inside is not in the README: {step}"
        );
    }
}

#[test]
fn scenarios_use_documented_steps_only() {
    let steps = documented();
    let mut used = BTreeSet::new();
    for (path, scenario) in scenarios().iter().filter(|(path, _)| !path.ends_with("base.json")) {
        let known = ["promises", "about", "emulator", "environment", "request", "steps"];
        let unknown: Vec<&String> = scenario.keys().filter(|name| !known.contains(&name.as_str())).collect();
        assert!(unknown.is_empty(), "{path}: {unknown:?} is not in the README");
        assert!(scenario["about"].as_str().unwrap().ends_with('.'), "{path}: about is one sentence");
        for step in scenario["steps"].as_array().unwrap() {
            check(path, step, &steps);
            used.extend(step.as_object().unwrap().keys().cloned());
        }
    }
    for verb in steps.keys() {
        assert!(used.contains(verb), "no scenario uses {verb}; take it out of the README and the runners");
    }
}

#[test]
fn scenarios_name_promises_that_exist() {
    let known = promises::ids();
    for (path, scenario) in scenarios().iter().filter(|(path, _)| !path.ends_with("base.json")) {
        let named = scenario["promises"].as_array().unwrap();
        assert!(!named.is_empty(), "{path} shows no promise");
        for id in named {
            assert!(known.contains(id.as_str().unwrap()), "{path}: {id}");
        }
    }
}

#[test]
fn scenarios_have_one_base() {
    let base = object("tests/scenarios/base.json");
    assert_eq!(base.keys().collect::<Vec<_>>(), ["emulator", "request"]);
}
