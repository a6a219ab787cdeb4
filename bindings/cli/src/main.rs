//! The `keyrotor` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    keyrotor_cli::run(std::env::args_os()).into()
}
