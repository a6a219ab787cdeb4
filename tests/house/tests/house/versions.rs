//! One version everywhere.

use serde_json::Value;

use crate::graph::ours;
use crate::repository::{exists, files, read};

fn version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

#[test]
fn versions_of_all_crates_are_the_workspaces() {
    for package in ours() {
        assert_eq!(package.version(), version(), "{}", package.name());
    }
    let manifest: Value = toml::from_str(&read("Cargo.toml")).unwrap();
    for (name, dependency) in manifest["workspace"]["dependencies"].as_object().unwrap() {
        if dependency.get("path").is_some() {
            assert_eq!(dependency["version"], version(), "{name} in the root's Cargo.toml");
        }
    }
}

#[test]
fn versions_of_the_python_package_are_the_workspaces() {
    let project: Value = toml::from_str(&read("bindings/python/pyproject.toml")).unwrap();
    let project = &project["project"];
    let dynamic = project["dynamic"].as_array().is_some_and(|names| names.contains(&Value::from("version")));
    assert!(dynamic || project["version"] == version(), "{project}");
}

#[test]
fn versions_of_the_node_package_are_the_workspaces() {
    for file in ["package.json", "package-lock.json"] {
        let package: Value = serde_json::from_str(&read(&format!("bindings/node/{file}"))).unwrap();
        assert_eq!(package["version"], version(), "{file}");
        let root = package.pointer("/packages//version").unwrap_or(&package["version"]);
        assert_eq!(*root, version(), "{file}");
    }
}

/// What a version looks like in a line of a header, a pkg-config or a CMake file, if it states one.
fn stated(line: &str) -> Option<&str> {
    let line = line.trim();
    let value = line
        .strip_prefix("Version:")
        .or_else(|| line.strip_prefix("#define KR_VERSION "))
        .or_else(|| line.strip_prefix("set(PACKAGE_VERSION ").map(|rest| rest.trim_end_matches(')')))?;
    Some(value.trim().trim_matches('"'))
}

#[test]
fn versions_that_c_users_see_are_the_workspaces() {
    assert_eq!(stated("Version: 1.2.3"), Some("1.2.3"));
    assert_eq!(stated("#define KR_VERSION \"1.2.3\""), Some("1.2.3"));
    assert_eq!(stated("set(PACKAGE_VERSION \"1.2.3\")"), Some("1.2.3"));
    let ends = [".h", ".hpp", ".pc", ".pc.in", ".cmake", ".cmake.in"];
    let mut files = files();
    files.retain(|path| path.starts_with("bindings/c/") && ends.iter().any(|end| path.ends_with(end)));
    assert!(files.iter().any(|path| path.ends_with("keyrotor.h")));
    for path in files {
        for found in read(&path).lines().filter_map(stated) {
            // A file to be filled in leaves a placeholder.
            assert!(found == version() || found.contains('@'), "{path} says {found}");
        }
    }
}

#[test]
fn versions_in_the_change_log_begin_with_the_workspaces() {
    assert!(exists("LICENSE"));
    let log = read("CHANGELOG.md");
    let newest = log.lines().find_map(|line| line.strip_prefix("## ")).unwrap();
    assert_eq!(newest.split_whitespace().next(), Some(version()), "CHANGELOG.md");
}
