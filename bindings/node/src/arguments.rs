//! A command's arguments.

use keyrotor::Cmd;
use napi::bindgen_prelude::{Either, Uint8Array};

/// Text, sent as UTF-8, or bytes.
pub(crate) type Argument = Either<String, Uint8Array>;

pub(crate) fn command(arguments: &[Argument]) -> Cmd {
    let mut command = Cmd::new();
    for argument in arguments {
        match argument {
            Either::A(text) => command.arg(text),
            Either::B(bytes) => command.arg(&**bytes),
        };
    }
    command
}
