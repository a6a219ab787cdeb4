//! The programs of the README compile.

use std::process::Command;

use crate::support::compile::{compiler, succeed};
use crate::support::folder;

#[test]
fn the_programs_of_the_readme_compile() {
    let readme = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let target = tempfile::tempdir().unwrap();
    let mut count = 0;
    for language in ["c", "cpp"] {
        for block in readme.split(&format!("```{language}\n")).skip(1) {
            let source = target.path().join(format!("program{count}.{language}"));
            std::fs::write(&source, block.split("```").next().unwrap()).unwrap();
            let mut command: Command = compiler(&source);
            command.arg("-I").arg(folder().join("include"));
            succeed(command.arg("-c").arg(&source).arg("-o").arg(source.with_extension("o")));
            count += 1;
        }
    }
    assert_eq!(count, 3);
}
