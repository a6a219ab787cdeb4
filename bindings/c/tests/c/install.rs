//! The library as a stranger finds it: installed, found by pkg-config and CMake, linked in both ways.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::json;

use crate::support::compile::{compiler, succeed};
use crate::support::emulator::Emulator;
use crate::support::program::Requests;
use crate::support::{folder, library, repository};

/// Installed once, and moved, since nothing in it may depend on where it was made.
fn prefix() -> &'static Path {
    static PREFIX: LazyLock<(tempfile::TempDir, PathBuf)> = LazyLock::new(|| {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first");
        let mut install = Command::new(repository().join("scripts/install-c"));
        succeed(install.arg(&first).env("KEYROTOR_C_BUILT", library::built()));
        let moved = folder.path().join("moved");
        std::fs::rename(first, &moved).unwrap();
        (folder, moved)
    });
    &PREFIX.1
}

fn is_installed(tool: &Path) -> bool {
    Command::new(tool).arg("--version").output().is_ok_and(|output| output.status.success())
}

/// Runs the example that prints a token.
fn check_example(program: &Path) {
    let emulator = Emulator::start(&[]);
    let requests = Requests::write(&emulator, &json!({}));
    let token = succeed(Command::new(program).arg(requests.file("manager.json")));
    assert!(token.contains("X-Amz-Signature="), "{token}");
}

fn compile_with(flags: &[String], name: &str) -> PathBuf {
    let source = folder().join("examples/token.c");
    let program = prefix().join(name);
    succeed(compiler(&source).arg(&source).arg("-o").arg(&program).args(flags));
    program
}

#[test]
fn b10_what_is_installed_is_what_was_built() {
    let installed = prefix().join("lib/libkeyrotor.so");
    let built = std::fs::read(library::shared().join("libkeyrotor.so")).unwrap();
    assert!(std::fs::read(&installed).unwrap() == built, "another build is installed");
    let real = std::fs::canonicalize(installed).unwrap();
    assert_eq!(
        real.file_name().unwrap().to_str(),
        Some(concat!("libkeyrotor.so.", env!("CARGO_PKG_VERSION")))
    );
    assert!(prefix().join("share/keyrotor/proto/keyrotor/v1/connection.proto").is_file());
}

#[test]
fn b10_pkg_config_finds_it() {
    let libraries = prefix().join("lib");
    let flags = if is_installed(Path::new("pkg-config")) {
        let mut command = Command::new("pkg-config");
        command.env("PKG_CONFIG_PATH", libraries.join("pkgconfig"));
        let flags = succeed(command.args(["--cflags", "--libs", "keyrotor >= 0.1"]));
        flags.split_whitespace().map(str::to_owned).collect()
    } else {
        println!("skipped: pkg-config is not installed; plain flags are tried");
        let include = prefix().join("include");
        vec![format!("-I{}", include.display()), format!("-L{}", libraries.display()), "-lkeyrotor".into()]
    };
    let rpath = format!("-Wl,-rpath,{}", libraries.display());
    check_example(&compile_with(&[flags, vec![rpath]].concat(), "shared"));
}

#[test]
fn b10_it_links_statically() {
    let archive = prefix().join("lib/libkeyrotor.a").display().to_string();
    let include = format!("-I{}", prefix().join("include").display());
    let system = ["-lpthread", "-lm", "-ldl"].map(str::to_owned);
    check_example(&compile_with(&[vec![include, archive], system.to_vec()].concat(), "static"));
}

#[test]
fn b10_cmake_finds_it() {
    let own = repository().join(".venv/bin/cmake");
    let cmake = if is_installed(&own) { own } else { PathBuf::from("cmake") };
    if !is_installed(&cmake) {
        println!("skipped: cmake is not installed");
        return;
    }
    let project = tempfile::tempdir().unwrap();
    let source = folder().join("examples/token.c");
    let lists = format!(
        "cmake_minimum_required(VERSION 3.16)\nproject(stranger C)\nfind_package(keyrotor 0.1 REQUIRED)\n\
         add_executable(shared {0})\ntarget_link_libraries(shared keyrotor::keyrotor)\n\
         add_executable(static {0})\ntarget_link_libraries(static keyrotor::static)\n",
        source.display()
    );
    std::fs::write(project.path().join("CMakeLists.txt"), lists).unwrap();
    let build = project.path().join("build");
    let prefix = format!("-DCMAKE_PREFIX_PATH={}", prefix().display());
    succeed(Command::new(&cmake).arg("-S").arg(project.path()).arg("-B").arg(&build).arg(prefix));
    succeed(Command::new(&cmake).arg("--build").arg(&build));
    check_example(&build.join("shared"));
    check_example(&build.join("static"));
}
