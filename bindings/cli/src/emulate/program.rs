//! The command that is run against the emulator.

use std::ffi::OsString;
use std::future::pending;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use keyrotor::{Code, Error};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

use super::environment::Environment;
use crate::output;

/// The program, where there is one.
pub(super) struct Program(Option<Child>);

/// A program that was not started; that was said.
pub(super) struct Unable(ErrorKind);

impl Unable {
    /// As shells say it.
    pub(super) fn exit_status(&self) -> u8 {
        match self.0 {
            ErrorKind::NotFound => 127,
            _ => 126,
        }
    }
}

impl Program {
    /// Starts the command with these variables beside ours; no command is a program that never ends.
    pub(super) fn start(command: &[OsString], environment: &Environment) -> Result<Self, Unable> {
        let Some((name, arguments)) = command.split_first() else { return Ok(Self(None)) };
        let mut command = Command::new(name);
        for name in environment.unset() {
            command.env_remove(name);
        }
        command.stdin(handed_on(io::stdin())).stdout(handed_on(io::stdout())).stderr(handed_on(io::stderr()));
        command.args(arguments).envs(environment.pairs()).spawn().map(Some).map(Self).map_err(|error| {
            let message = format!("{} could not be run: {error}", name.display());
            output::failure(&Error::new(Code::ArgumentInvalid, message));
            Unable(error.kind())
        })
    }

    pub(super) fn is_running(&self) -> bool {
        self.0.is_some()
    }

    /// Waits for its end; the outcome is its exit status, with 128 + n for a signal, as shells say it.
    pub(super) async fn ended(&mut self) -> Result<u8, Error> {
        let Some(child) = &mut self.0 else { return pending().await };
        let failed = |error| Error::new(Code::Internal, format!("the command was lost: {error}"));
        let status = child.wait().await.map_err(failed)?;
        self.0 = None;
        Ok(exit_status(status))
    }

    /// Passes a signal on to it.
    pub(super) fn pass_on(&self, signal: Signal) {
        // A terminal's Ctrl-C has reached the program already, and a second one means more to many.
        if signal == Signal::INT && std::io::stdin().is_terminal() {
            return;
        }
        let id = self.0.as_ref().and_then(Child::id).and_then(|id| i32::try_from(id).ok());
        if let Some(id) = id.and_then(Pid::from_raw) {
            // One that has just ended needs no signal.
            let _ = kill_process(id, signal);
        }
    }
}

/// A stream of ours for the program. Inheriting is not enough: Node marks its own as closed to children.
fn handed_on(stream: impl AsFd) -> Stdio {
    stream.as_fd().try_clone_to_owned().map_or_else(|_| Stdio::inherit(), Stdio::from)
}

fn exit_status(status: ExitStatus) -> u8 {
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
    code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX)
}
