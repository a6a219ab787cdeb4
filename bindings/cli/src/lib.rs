//! The shell's binding: `keyrotor token`, `explain-token`, `ping` and `emulate`.
//!
//! What a command is asked for goes to standard output, everything else to standard error. It exits with 0, with 1
//! where the thing failed or a token has a problem, with 2 where the arguments are wrong; `emulate -- COMMAND` with the
//! status of the command.

#[cfg(feature = "emulator")]
mod emulate;
mod explain;
mod output;
mod ping;
mod time;
mod token;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use keyrotor::{Code, Error};

const SUCCESS: u8 = 0;
const FAILURE: u8 = 1;
const WRONG_ARGUMENTS: u8 = 2;

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

/// Runs the command that these arguments name, the first of which is the program. The outcome is the exit status.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are asked for; everything else is wrong.
            let _ = error.print();
            return if error.use_stderr() { WRONG_ARGUMENTS } else { SUCCESS };
        }
    };
    match runtime().and_then(|runtime| runtime.block_on(arguments.command.run())) {
        Ok(status) => status,
        Err(error) => {
            output::failure(&error);
            FAILURE
        }
    }
}

impl Command {
    /// The outcome is the exit status.
    async fn run(self) -> Result<u8, Error> {
        match self {
            Self::Token(target) => token::run(target).await.map(|()| SUCCESS),
            Self::ExplainToken(arguments) => explain::run(&arguments),
            Self::Ping(arguments) => ping::run(*arguments).await.map(|()| SUCCESS),
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
