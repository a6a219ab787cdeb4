//! The client's side of the stream: finds the commands that the gate must read, lets all others run through.

use super::inline;

/// The longest command that is kept whole: AUTH, HELLO and the like, and inline lines.
pub(crate) const KEPT: usize = 1 << 20;
/// The longest line: a count, or an inline command.
pub(crate) const LINE: usize = 64 << 10;
/// Redis' limits: for arguments, and for clients that have not logged in.
const LARGEST_ARGUMENT: usize = 512 << 20;
const MOST_UNAUTHENTICATED: usize = 10;
const LARGEST_UNAUTHENTICATED: usize = 16 << 10;
const LONGEST_NAME: usize = 16;
/// The commands that are kept whole.
const KEPT_NAMES: [&str; 14] = [
    "AUTH",
    "HELLO",
    "RESET",
    "QUIT",
    "CLIENT",
    "MULTI",
    "EXEC",
    "DISCARD",
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "SSUBSCRIBE",
    "UNSUBSCRIBE",
    "PUNSUBSCRIBE",
    "SUNSUBSCRIBE",
];

/// `Event` is what the parser found at the start of its input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// A command that need not be read begins; its first bytes are in [`Parser::head`]. `true` if it ends there.
    Head(bool),
    /// The bytes just consumed belong to that command. `true` if it ends with them.
    Body(bool),
    /// A command to be read.
    Whole(Vec<Vec<u8>>),
}

/// The text of a protocol error, as Redis says it.
pub(crate) type Broken = &'static str;

#[derive(Clone, Copy)]
enum State {
    Start,
    Inline,
    Count,
    NameSize,
    Name(usize),
    PassSize,
    Pass(usize),
    KeepSize,
    Keep(usize),
}

/// `Parser` reads commands from pieces of any size.
pub(crate) struct Parser {
    state: State,
    /// Arguments of the current command that are still to come.
    left: usize,
    /// The raw bytes of the current command that were not reported as `Body`.
    head: Vec<u8>,
    line: Vec<u8>,
    args: Vec<Vec<u8>>,
    authenticated: bool,
}

impl Parser {
    pub(crate) fn new() -> Self {
        let (head, line, args) = (Vec::new(), Vec::new(), Vec::new());
        Self { state: State::Start, left: 0, head, line, args, authenticated: false }
    }

    /// The bytes of a command that begins, and of one that broke off.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    /// The bytes that are held of a command that is not complete.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn held(&self) -> usize {
        self.head.len() + self.line.len() + self.args.iter().map(Vec::len).sum::<usize>()
    }

    /// Chooses Redis' limits for clients before or after their login.
    pub(crate) fn authenticated(&mut self, authenticated: bool) {
        self.authenticated = authenticated;
    }

    /// Consumes input up to the next event; without one, all of it. After an error, [`head`](Self::head) holds what
    /// earlier calls consumed without an event.
    pub(crate) fn next(&mut self, input: &[u8]) -> Result<(usize, Option<Event>), Broken> {
        let unreported = !matches!(self.state, State::Start | State::PassSize | State::Pass(_));
        let held = if unreported { self.head.len() } else { 0 };
        self.find(input).inspect_err(|_| self.head.truncate(held))
    }

    fn find(&mut self, input: &[u8]) -> Result<(usize, Option<Event>), Broken> {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty()) {
            let passing = matches!(self.state, State::PassSize | State::Pass(_));
            let (taken, event) = self.step(rest)?;
            used += taken;
            if event.is_some() {
                return Ok((used, event));
            }
            if passing && used == input.len() {
                return Ok((used, Some(Event::Body(false))));
            }
        }
        Ok((used, None))
    }

    fn step(&mut self, rest: &[u8]) -> Result<(usize, Option<Event>), Broken> {
        match self.state {
            State::Start => Ok((self.start(rest), None)),
            State::Pass(left) => Ok(self.pass(left.min(rest.len()), left)),
            State::Name(left) | State::Keep(left) => self.keep(rest, left),
            State::Inline | State::Count | State::NameSize | State::PassSize | State::KeepSize => {
                let Some(taken) = self.take_line(rest)? else {
                    return Ok((rest.len(), None));
                };
                let line = std::mem::take(&mut self.line);
                let event = self.line(&line);
                // The allocation is used again.
                self.line = line;
                self.line.clear();
                event.map(|event| (taken, event))
            }
        }
    }

    fn start(&mut self, rest: &[u8]) -> usize {
        self.head.clear();
        self.args.clear();
        match rest.first() {
            Some(b'*') => self.state = State::Count,
            // Redis skips empty lines between commands.
            Some(b'\r' | b'\n') => return 1,
            _ => self.state = State::Inline,
        }
        0
    }

    /// Gathers a line; `Some(taken)` once its end is there.
    fn take_line(&mut self, rest: &[u8]) -> Result<Option<usize>, Broken> {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(rest.len(), |end| end + 1);
        let piece = rest.get(..taken).unwrap_or_default();
        if self.line.len() + piece.len() > LINE {
            return Err(match self.state {
                State::Inline => "Protocol error: too big inline request",
                State::Count => "Protocol error: too big mbulk count string",
                _ => "Protocol error: too big bulk count string",
            });
        }
        self.line.extend_from_slice(piece);
        if !matches!(self.state, State::PassSize) {
            self.head.extend_from_slice(piece);
        }
        Ok(end.map(|_| taken))
    }

    fn line(&mut self, line: &[u8]) -> Result<Option<Event>, Broken> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.state {
            State::Inline => {
                let args = inline::split(line).ok_or("Protocol error: unbalanced quotes in request")?;
                self.state = State::Start;
                return Ok((!args.is_empty()).then_some(Event::Whole(args)));
            }
            State::Count => self.count(line)?,
            State::NameSize => {
                let size = self.size(line)?;
                self.kept(size)?;
                self.state = State::Name(size + 2);
            }
            State::KeepSize => {
                let size = self.size(line)?;
                self.kept(size)?;
                self.state = State::Keep(size + 2);
            }
            _ => self.state = State::Pass(self.size(line)? + 2),
        }
        Ok(None)
    }

    fn count(&mut self, line: &[u8]) -> Result<(), Broken> {
        let count = line.get(1..).and_then(number).filter(|count| *count <= i64::from(i32::MAX));
        let count = count.ok_or("Protocol error: invalid multibulk length")?;
        self.left = usize::try_from(count).unwrap_or(0);
        if !self.authenticated && self.left > MOST_UNAUTHENTICATED {
            return Err("Protocol error: unauthenticated multibulk length");
        }
        self.state = if self.left == 0 { State::Start } else { State::NameSize };
        Ok(())
    }

    fn size(&self, line: &[u8]) -> Result<usize, Broken> {
        let Some((b'$', digits)) = line.split_first() else {
            return Err("Protocol error: expected '$'");
        };
        let size = number(digits).and_then(|size| usize::try_from(size).ok());
        let size =
            size.filter(|size| *size <= LARGEST_ARGUMENT).ok_or("Protocol error: invalid bulk length")?;
        if !self.authenticated && size > LARGEST_UNAUTHENTICATED {
            return Err("Protocol error: unauthenticated bulk length");
        }
        Ok(size)
    }

    fn kept(&self, more: usize) -> Result<(), Broken> {
        if self.head.len() + more > KEPT { Err("Protocol error: invalid bulk length") } else { Ok(()) }
    }

    fn pass(&mut self, taken: usize, left: usize) -> (usize, Option<Event>) {
        if taken < left {
            self.state = State::Pass(left - taken);
            return (taken, None);
        }
        self.left = self.left.saturating_sub(1);
        self.state = if self.left == 0 { State::Start } else { State::PassSize };
        (taken, (self.left == 0).then_some(Event::Body(true)))
    }

    fn keep(&mut self, rest: &[u8], left: usize) -> Result<(usize, Option<Event>), Broken> {
        let taken = left.min(rest.len());
        let name = matches!(self.state, State::Name(_));
        self.head.extend_from_slice(rest.get(..taken).unwrap_or_default());
        self.line.extend_from_slice(rest.get(..taken).unwrap_or_default());
        if taken < left {
            self.state = if name { State::Name(left - taken) } else { State::Keep(left - taken) };
            return Ok((taken, None));
        }
        let mut argument = std::mem::take(&mut self.line);
        argument.truncate(argument.len().saturating_sub(2));
        self.left = self.left.saturating_sub(1);
        if name && !is_kept(&argument) {
            self.state = if self.left == 0 { State::Start } else { State::PassSize };
            argument.clear();
            self.line = argument;
            return Ok((taken, Some(Event::Head(self.left == 0))));
        }
        self.args.push(argument);
        self.state = if self.left == 0 { State::Start } else { State::KeepSize };
        Ok((taken, (self.left == 0).then(|| Event::Whole(std::mem::take(&mut self.args)))))
    }
}

/// The name in capitals, if it can be one that the gate reads.
pub(crate) fn capitals(name: &[u8]) -> String {
    let short = name.get(..name.len().min(LONGEST_NAME)).unwrap_or_default();
    short.iter().map(|byte| char::from(byte.to_ascii_uppercase())).collect()
}

fn is_kept(name: &[u8]) -> bool {
    KEPT_NAMES.iter().any(|kept| name.eq_ignore_ascii_case(kept.as_bytes()))
}

fn number(digits: &[u8]) -> Option<i64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
