//! What the shared library says of itself to the linker.

use std::collections::BTreeSet;
use std::process::Command;

use keyrotor_c::version::KR_ABI_VERSION;

use crate::support::compile::succeed;
use crate::support::{folder, library};

#[test]
fn b10_it_exports_what_the_header_declares_and_nothing_else() {
    let listed = succeed(
        Command::new("nm").args(["-D", "--defined-only"]).arg(library::shared().join("libkeyrotor.so")),
    );
    let exported: BTreeSet<&str> =
        listed.lines().map(|line| line.split_whitespace().last().unwrap()).collect();
    let header = std::fs::read_to_string(folder().join("include/keyrotor.h")).unwrap();
    let declared: BTreeSet<&str> = header
        .lines()
        .filter(|line| !line.trim_start().starts_with('*') && line.contains('('))
        .filter_map(|line| line.split('(').next()?.rsplit([' ', '*']).next())
        .filter(|name| name.starts_with("kr_"))
        .collect();
    assert!(declared.len() > 40, "{declared:?}");
    assert_eq!(exported, declared);
}

#[test]
fn b10_the_soname_has_the_number_of_the_abi() {
    let dynamic = succeed(Command::new("readelf").arg("-d").arg(library::shared().join("libkeyrotor.so")));
    assert!(dynamic.contains(&format!("[libkeyrotor.so.{KR_ABI_VERSION}]")), "{dynamic}");
}

#[test]
fn it_needs_nothing_but_the_c_library() {
    let dynamic = succeed(Command::new("readelf").arg("-d").arg(library::shared().join("libkeyrotor.so")));
    for line in dynamic.lines().filter(|line| line.contains("(NEEDED)")) {
        let known = ["libc.so", "libm.so", "libgcc_s.so", "libdl.so", "libpthread.so", "ld-linux"];
        assert!(known.iter().any(|name| line.contains(name)), "{line}");
    }
}
