//! The shell's binding: `keyrotor token`, `explain-token`, `ping` and `emulate`.
//!
//! What a command is asked for goes to standard output, everything else to standard error. It exits with 0, with 1
//! where the thing failed, with 2 where the arguments are wrong.

#[cfg(feature = "emulator")]
mod emulate;
mod explain;
mod output;
mod ping;
mod time;
mod token;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use keyrotor::{Code, Error};

/// Short-lived cloud tokens for caches and databases.
#[derive(Debug, Parser)]
#[command(name = "keyrotor", version, about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print a login token, for use as a password
    #[command(subcommand)]
    Token(token::Target),
    /// Say what is in a token, and what is wrong with it; no key and no network needed
    ExplainToken(explain::Arguments),
    /// Connect, log in and PING, with the time of each
    Ping(Box<ping::Arguments>),
    /// Run a local cache that really checks tokens
    #[cfg(feature = "emulator")]
    Emulate(Box<emulate::Arguments>),
}

/// Runs the command that these arguments name, the first of which is the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for; everything else is wrong.
            let code = if error.use_stderr() { 2 } else { 0 };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    match runtime().and_then(|runtime| runtime.block_on(arguments.command.run())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            output::failure(&error);
            ExitCode::FAILURE
        }
    }
}

impl Command {
    async fn run(self) -> Result<(), Error> {
        match self {
            Self::Token(target) => token::run(target).await,
            Self::ExplainToken(arguments) => explain::run(&arguments),
            Self::Ping(arguments) => ping::run(*arguments).await,
            #[cfg(feature = "emulator")]
            Self::Emulate(arguments) => emulate::run(*arguments).await,
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, Error> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|error| Error::new(Code::Internal, format!("no runtime could be started: {error}")))
}
