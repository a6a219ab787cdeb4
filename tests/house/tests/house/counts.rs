//! How many crates each shipped one brings along, on all platforms and with all features together. Of the core's, some
//! 40 are deadpool-postgres and azure_identity, which no binding turns on.

use crate::graph::shipped;

/// Raise a number only for something that is worth its crates.
const AT_MOST: [(&str, usize); 7] = [
    ("keyrotor-proto", 55),
    ("keyrotor", 263),
    ("keyrotor-emulator", 121),
    ("keyrotor-c", 264),
    ("keyrotor-python", 306),
    ("keyrotor-node", 312),
    ("keyrotor-cli", 301),
];

#[test]
fn counts_of_crates_stay_small() {
    let mut over = Vec::new();
    for package in shipped() {
        let name = package.name();
        let limit = AT_MOST.iter().find(|(other, _)| *other == name);
        let limit = limit.unwrap_or_else(|| panic!("{name} has no limit yet")).1;
        let count = package.weight();
        println!("{name:20} {count:4} of {limit}");
        if count > limit {
            over.push((name, count, limit));
        }
        assert!(count + 10 > limit, "{name} needs {count} crates only: lower its limit of {limit}");
    }
    assert!(over.is_empty(), "more crates than allowed: {over:?}");
    assert_eq!(shipped().count(), AT_MOST.len(), "a limit names a crate that is not shipped");
}
