//! Every crate, the tests' too, may be used under a licence that `.cargo/deny.toml` allows.

use crate::deny::{exceptions, licences};
use crate::graph::packages;

/// An SPDX expression, in the words and brackets that it is made of.
fn words(expression: &str) -> Vec<String> {
    // The slash is an old spelling of OR.
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    spaced.replace(" WITH ", "\u{0}").split_whitespace().map(|word| word.replace('\u{0}', " WITH ")).collect()
}

/// `OR` binds less than `AND`.
fn any(words: &mut &[String], allowed: &[&str]) -> bool {
    let mut fine = all(words, allowed);
    while let Some(("OR", rest)) = next(words) {
        *words = rest;
        fine |= all(words, allowed);
    }
    fine
}

fn all(words: &mut &[String], allowed: &[&str]) -> bool {
    let mut fine = one(words, allowed);
    while let Some(("AND", rest)) = next(words) {
        *words = rest;
        fine &= one(words, allowed);
    }
    fine
}

fn one(words: &mut &[String], allowed: &[&str]) -> bool {
    let (word, rest) = next(words).unwrap();
    *words = rest;
    if word != "(" {
        return allowed.contains(&word);
    }
    let fine = any(words, allowed);
    *words = &words[1..];
    fine
}

fn next<'a>(words: &&'a [String]) -> Option<(&'a str, &'a [String])> {
    words.split_first().map(|(word, rest)| (word.as_str(), rest))
}

fn is_fine(expression: &str, allowed: &[&str]) -> bool {
    let words = words(expression);
    let mut left = &words[..];
    let fine = any(&mut left, allowed);
    assert!(left.is_empty(), "cannot read the licence {expression:?}");
    fine
}

#[test]
fn licences_are_read_as_they_mean() {
    let allowed = ["MIT", "ISC", "A WITH B"];
    for fine in ["MIT", "X OR MIT", "X/MIT", "X / ISC", "MIT AND ISC", "(X OR ISC) AND MIT", "A WITH B OR X"]
    {
        assert!(is_fine(fine, &allowed), "{fine}");
    }
    for wrong in ["X", "A", "MIT AND X", "X AND MIT OR X", "(MIT OR ISC) AND X", "MIT AND (X OR Y)"] {
        assert!(!is_fine(wrong, &allowed), "{wrong}");
    }
}

#[test]
fn licences_are_all_allowed() {
    let exceptions = exceptions();
    for package in packages() {
        let mut allowed = licences();
        let more = exceptions.iter().filter(|(name, _)| *name == package.name());
        more.for_each(|(_, more)| allowed.extend(more));
        let licence = package.licence().unwrap_or_else(|| panic!("{} states no licence", package.name()));
        assert!(is_fine(licence, &allowed), "{} {}: {licence}", package.name(), package.version());
    }
}

#[test]
fn licences_that_are_allowed_are_met() {
    let met = |name: &str| {
        packages().any(|it| it.licence().is_some_and(|text| words(text).iter().any(|w| w == name)))
    };
    for name in licences() {
        assert!(met(name), "no crate has the licence {name}; take it out of deny.toml");
    }
    for (name, _) in exceptions() {
        let mut named = packages().filter(|package| package.name() == name);
        let needed = named.any(|package| !is_fine(package.licence().unwrap(), &licences()));
        assert!(needed, "{name} needs no exception; take it out of deny.toml");
    }
}
