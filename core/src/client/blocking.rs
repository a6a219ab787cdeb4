//! Commands that wait at the server: how long each means to, and how it is told to wait for a shorter time.

use std::time::Duration;

use keyrotor_proto::Code;
use redis::{Arg, Cmd};

use crate::error::Error;

/// How a command says how long it waits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Wait {
    /// Which argument says so, the name being argument 0.
    at: usize,
    unit: Unit,
    /// `None`: for as long as it takes.
    pub(super) timeout: Option<Duration>,
    /// Whether several short waits, one after the other, are as good as a long one.
    pub(super) is_divisible: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Unit {
    Seconds,
    Milliseconds,
}

/// Where a command has its timeout.
enum Place {
    First,
    Last,
}

/// Commands that always wait. WAIT and WAITAOF are not among them: they ask about what their own connection wrote.
const BLOCKING: [(&str, Place, Unit); 8] = [
    ("BLPOP", Place::Last, Unit::Seconds),
    ("BRPOP", Place::Last, Unit::Seconds),
    ("BRPOPLPUSH", Place::Last, Unit::Seconds),
    ("BLMOVE", Place::Last, Unit::Seconds),
    ("BLMPOP", Place::First, Unit::Seconds),
    ("BZPOPMIN", Place::Last, Unit::Seconds),
    ("BZPOPMAX", Place::Last, Unit::Seconds),
    ("BZMPOP", Place::First, Unit::Seconds),
];

/// How this command waits; `None` where it does not. One whose timeout is no number is the server's to refuse.
pub(super) fn wait_of(command: &Cmd) -> Option<Wait> {
    let name = command.args_iter().next().and_then(simple)?;
    if let Some((_, place, unit)) = BLOCKING.iter().find(|(it, ..)| name.eq_ignore_ascii_case(it.as_bytes()))
    {
        let arguments = simple_ones(command);
        let at = match place {
            Place::First => 1,
            Place::Last => arguments.len() - 1,
        };
        return Some(wait(&arguments, at, *unit, true));
    }
    let is_group = name.eq_ignore_ascii_case(b"XREADGROUP");
    if is_group || name.eq_ignore_ascii_case(b"XREAD") {
        return wait_for_entries(&simple_ones(command), is_group);
    }
    None
}

/// How a command that reads streams waits.
fn wait_for_entries(arguments: &[&[u8]], is_group: bool) -> Option<Wait> {
    // Keys come after STREAMS; one may be called BLOCK.
    let options = arguments.iter().take_while(|word| !word.eq_ignore_ascii_case(b"STREAMS"));
    let block = options.enumerate().skip(1).find(|(_, word)| word.eq_ignore_ascii_case(b"BLOCK"))?.0;
    // `$` means from now on: asked again, it would skip what came in between.
    let is_divisible = is_group || !arguments.contains(&&b"$"[..]);
    Some(wait(arguments, block + 1, Unit::Milliseconds, is_divisible))
}

/// A command that waits was given a routing.
pub(super) fn not_routed() -> Error {
    let message = "a command that waits goes where its keys are: execute it without a routing";
    Error::new(Code::CommandUnsupported, message)
}

fn simple_ones(command: &Cmd) -> Vec<&[u8]> {
    command.args_iter().map_while(simple).collect()
}

fn simple(argument: Arg<&[u8]>) -> Option<&[u8]> {
    match argument {
        Arg::Simple(text) => Some(text),
        _ => None,
    }
}

fn wait(arguments: &[&[u8]], at: usize, unit: Unit, is_divisible: bool) -> Wait {
    let number = arguments.get(at).and_then(|text| std::str::from_utf8(text).ok()?.parse::<f64>().ok());
    let timeout = number.filter(|number| number.is_finite() && *number >= 0.0).map(|number| match unit {
        Unit::Seconds => Duration::try_from_secs_f64(number).unwrap_or(Duration::MAX),
        Unit::Milliseconds => Duration::try_from_secs_f64(number / 1000.0).unwrap_or(Duration::MAX),
    });
    match timeout {
        // What cannot be read fails at once.
        None => Wait { at, unit, timeout: Some(Duration::ZERO), is_divisible: false },
        Some(Duration::ZERO) => Wait { at, unit, timeout: None, is_divisible },
        timeout => Wait { at, unit, timeout, is_divisible },
    }
}

impl Wait {
    /// The same command, waiting this long.
    pub(super) fn shortened(&self, command: &Cmd, timeout: Duration) -> Cmd {
        let mut shorter = Cmd::new();
        for (index, argument) in command.args_iter().filter_map(simple).enumerate() {
            if index != self.at {
                shorter.arg(argument);
                continue;
            }
            // Zero would be for ever.
            let milliseconds = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1);
            match self.unit {
                Unit::Milliseconds => shorter.arg(milliseconds),
                Unit::Seconds => shorter.arg(format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)),
            };
        }
        shorter
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(line: &str) -> Cmd {
        let mut command = Cmd::new();
        for word in line.split(' ') {
            command.arg(word);
        }
        command
    }

    fn timeout(line: &str) -> Option<Option<Duration>> {
        wait_of(&command(line)).map(|wait| wait.timeout)
    }

    #[test]
    fn c11_each_command_says_how_long_it_waits_in_its_own_way() {
        let seconds = |seconds| Some(Some(Duration::from_secs_f64(seconds)));
        assert_eq!(timeout("blpop a b 1.5"), seconds(1.5));
        assert_eq!(timeout("BRPOPLPUSH a b 0"), Some(None));
        assert_eq!(timeout("BLMPOP 2 1 a LEFT"), seconds(2.0));
        assert_eq!(timeout("XREAD COUNT 1 BLOCK 250 STREAMS a 0"), seconds(0.25));
        assert_eq!(timeout("XREAD STREAMS BLOCK 0"), None);
        assert_eq!(timeout("BLPOP a soon"), seconds(0.0));
        assert_eq!(timeout("GET a"), None);
    }

    #[test]
    fn c11_a_long_wait_can_be_cut_into_short_ones() {
        let short = |line: &str| {
            let command = command(line);
            let wait = wait_of(&command).unwrap();
            (wait.shortened(&command, Duration::from_millis(1250)).get_packed_command(), wait.is_divisible)
        };
        assert_eq!(short("BLPOP a 0"), (command("BLPOP a 1.250").get_packed_command(), true));
        assert_eq!(
            short("XREADGROUP GROUP g c BLOCK 0 STREAMS a >"),
            (command("XREADGROUP GROUP g c BLOCK 1250 STREAMS a >").get_packed_command(), true)
        );
        assert!(!short("XREAD BLOCK 0 STREAMS a $").1);
    }
}
