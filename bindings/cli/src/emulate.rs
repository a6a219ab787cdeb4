//! `keyrotor emulate`: a local cloud that really checks tokens, until it is interrupted or the command that it runs
//! ends.

mod arguments;
mod bundle;
mod environment;
mod made_up;
mod program;
mod ready;
mod settings;
mod signals;

use keyrotor::{Code, Error};
use keyrotor_emulator::{Cloud, Refusals};

pub(crate) use arguments::Arguments;
use environment::Environment;
use program::Program;
use signals::{End, Signals};

/// Runs until the end; the outcome is the exit status.
pub(crate) async fn run(arguments: Arguments) -> Result<u8, Error> {
    // Before the start, so that an interrupt during it still stops what it began.
    let mut signals = Signals::listen(arguments.until_eof)?;
    let (config, show) = settings::settle(arguments)?;
    let cloud = tokio::select! {
        cloud = Cloud::start(config.clone()) => cloud.map_err(failed)?,
        _ = signals.next() => return Ok(0),
    };
    let refusals = cloud.refusals();
    let outcome = serve(&cloud, &Environment::of(&cloud, &config, &show)?, &show, refusals, signals).await;
    cloud.stop().await;
    outcome
}

async fn serve(
    cloud: &Cloud,
    environment: &Environment,
    show: &settings::Show,
    mut refusals: Refusals,
    mut signals: Signals,
) -> Result<u8, Error> {
    ready::announce(cloud, environment, show)?;
    let mut program = match Program::start(&show.command, environment) {
        Ok(program) => program,
        Err(unable) => return Ok(unable.exit_status()),
    };
    let status = loop {
        tokio::select! {
            Some(refusal) = refusals.next() => show.note(refusal),
            ended = program.ended() => break ended?,
            end = signals.next() => match end {
                End::Signal(signal) if program.is_running() => program.pass_on(signal),
                _ => break 0,
            },
        }
    };
    while let Some(refusal) = refusals.ready() {
        show.note(refusal);
    }
    Ok(status)
}

/// What kept it from starting, under the name that fits.
fn failed(error: keyrotor_emulator::Error) -> Error {
    use keyrotor_emulator::Error as Failure;
    let message = format!("the emulator did not start: {error}");
    match error {
        Failure::Config { field, problem } => {
            Error::config(Code::ConfigInvalid, field, format!("the emulator did not start: {problem}"))
        }
        Failure::Backend(_) => Error::new(Code::NetworkConnect, message),
        Failure::Certificates(_) => Error::new(Code::Internal, message),
        _ => Error::new(Code::ArgumentInvalid, message),
    }
}
