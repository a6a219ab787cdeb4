//! Compiles the C and C++ programs, with all warnings as errors.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use super::{folder, library};

/// How a program is compiled.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// With AddressSanitizer, leaks included, and UndefinedBehaviorSanitizer.
    Sanitized,
    /// As it ships; for valgrind, and where the sanitizers' own threads and descriptors would be counted.
    Plain,
}

static OUTPUT: LazyLock<tempfile::TempDir> = LazyLock::new(|| tempfile::tempdir().unwrap());

/// The compiler for this source with its language's flags.
pub(crate) fn compiler(source: &Path) -> Command {
    let is_cpp = source.extension().is_some_and(|extension| extension == "cpp");
    let mut command = Command::new(if is_cpp { "c++" } else { "cc" });
    command.arg(if is_cpp { "-std=c++17" } else { "-std=c99" });
    command.args(["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-g", "-D_POSIX_C_SOURCE=200809L"]);
    command
}

/// Compiles a source of this crate and links it with the shared library of this build.
pub(crate) fn compile(source: &str, how: How) -> PathBuf {
    let source = folder().join(source);
    let name = format!("{}-{}", source.file_name().unwrap().to_str().unwrap(), how as u8);
    // Several tests may compile the same program at the same time.
    let program =
        tempfile::Builder::new().prefix(&name).tempdir_in(OUTPUT.path()).unwrap().keep().join("program");
    let mut command = compiler(&source);
    if how == How::Sanitized {
        command.args([
            "-fsanitize=address,undefined",
            "-fno-sanitize-recover=all",
            "-fno-omit-frame-pointer",
        ]);
    }
    let libraries = library::shared().display();
    command.arg(&source).arg("-o").arg(&program).arg("-I").arg(folder().join("include"));
    command
        .args([format!("-L{libraries}"), format!("-Wl,-rpath,{libraries}")])
        .args(["-lkeyrotor", "-lpthread"]);
    succeed(&mut command);
    program
}

/// Runs a command that must succeed, and returns what it printed.
pub(crate) fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}\n{}", output.status, both(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// All that a command has printed.
pub(crate) fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}
