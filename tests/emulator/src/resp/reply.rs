//! The backend's side of the stream: where each reply ends. Pushes and attributes are not replies.

/// Lines longer than this are not remembered: only `+RESET` must be known.
const LINE: usize = 64;
/// Deeper than any server nests its replies.
const DEEPEST: usize = 1024;

/// `Frame` is a reply that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Whether it is an error.
    pub(crate) error: bool,
    /// Whether it is `+RESET`.
    pub(crate) reset: bool,
}

/// `Framer` follows a stream of replies in pieces of any size, RESP2 or RESP3.
#[derive(Default)]
pub(crate) struct Framer {
    line: Vec<u8>,
    /// Bytes of a bulk, with its line end, that are still to come.
    bulk: usize,
    /// Open aggregates: what is still to come of each, and whether its end completes an element.
    open: Vec<(u64, bool)>,
    first: Option<Frame>,
    lost: bool,
}

impl Framer {
    /// Consumes up to the end of the next reply; without one, all of the input.
    pub(crate) fn next(&mut self, input: &[u8]) -> (usize, Option<Frame>) {
        let mut used = 0;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty() && !self.lost) {
            let (taken, element) = if self.bulk > 0 { self.take_bulk(rest) } else { self.take_line(rest) };
            used += taken;
            if let Some(counts) = element
                && let Some(frame) = self.close(counts)
            {
                return (used, Some(frame));
            }
        }
        (input.len(), None)
    }

    /// Whether all that has begun is complete.
    pub(crate) fn is_between(&self) -> bool {
        self.bulk == 0 && self.open.is_empty() && self.line.is_empty() && !self.lost
    }

    /// The lines and open aggregates that are held.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.line.len(), self.open.len())
    }

    fn take_bulk(&mut self, rest: &[u8]) -> (usize, Option<bool>) {
        let taken = self.bulk.min(rest.len());
        self.bulk -= taken;
        (taken, (self.bulk == 0).then_some(true))
    }

    /// Reads a line; `Some` once an element is complete, with whether it counts as one.
    fn take_line(&mut self, rest: &[u8]) -> (usize, Option<bool>) {
        let end = rest.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(rest.len(), |end| end + 1);
        let room = LINE.saturating_sub(self.line.len());
        self.line.extend_from_slice(rest.get(..taken.min(room)).unwrap_or_default());
        if end.is_none() {
            return (taken, None);
        }
        let line = std::mem::take(&mut self.line);
        let element = self.line(&line);
        self.line = line;
        self.line.clear();
        (taken, element)
    }

    fn line(&mut self, line: &[u8]) -> Option<bool> {
        let kind = line.first().copied().unwrap_or_default();
        if self.open.is_empty() {
            self.first = Some(Frame { error: matches!(kind, b'-' | b'!'), reset: line == b"+RESET\r\n" });
        }
        let size = || std::str::from_utf8(line.get(1..)?).ok()?.trim_end().parse::<i64>().ok();
        match kind {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => Some(true),
            b'$' | b'!' | b'=' => match size() {
                Some(size) if size >= 0 => {
                    self.bulk = usize::try_from(size).unwrap_or(usize::MAX - 2) + 2;
                    None
                }
                Some(_) => Some(true),
                None => self.lose(),
            },
            b'*' | b'~' | b'>' | b'%' | b'|' => {
                let Some(size) = size() else { return self.lose() };
                let each = if matches!(kind, b'%' | b'|') { 2 } else { 1 };
                let count = u64::try_from(size).unwrap_or(0).saturating_mul(each);
                // A push stands beside the replies, an attribute before the element that it describes.
                let counts = !(kind == b'|' || kind == b'>' && self.open.is_empty());
                if count == 0 {
                    return Some(counts);
                }
                if self.open.len() == DEEPEST {
                    return self.lose();
                }
                self.open.push((count, counts));
                None
            }
            _ => self.lose(),
        }
    }

    /// Something that is no reply, such as a replica's stream: from here on all passes unread.
    fn lose(&mut self) -> Option<bool> {
        self.lost = true;
        None
    }

    /// Counts an element as complete, and the aggregates that end with it.
    fn close(&mut self, mut counts: bool) -> Option<Frame> {
        loop {
            if !counts {
                return None;
            }
            let Some((left, outer)) = self.open.last_mut() else {
                return self.first.take();
            };
            *left = left.saturating_sub(1);
            if *left > 0 {
                return None;
            }
            counts = *outer;
            self.open.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(stream: &str, step: usize) -> Vec<Frame> {
        let mut framer = Framer::default();
        let mut frames = Vec::new();
        for piece in stream.as_bytes().chunks(step) {
            let mut rest = piece;
            while !rest.is_empty() {
                let (used, frame) = framer.next(rest);
                frames.extend(frame);
                rest = &rest[used..];
            }
        }
        frames
    }

    #[test]
    fn replies_are_counted() {
        for (stream, replies) in [
            ("+OK\r\n:1\r\n-ERR x\r\n$-1\r\n*-1\r\n_\r\n#t\r\n,1.5\r\n(12\r\n", 9),
            ("$7\r\n+OK\r\n\r\n\r\n$0\r\n\r\n", 2),
            ("*2\r\n*1\r\n:1\r\n*0\r\n%1\r\n+a\r\n~2\r\n:1\r\n:2\r\n", 2),
            (">2\r\n+message\r\n$1\r\na\r\n+OK\r\n>0\r\n", 1),
            ("|1\r\n+ttl\r\n:3\r\n*2\r\n|1\r\n+a\r\n+b\r\n:1\r\n:2\r\n+OK\r\n", 2),
            ("!5\r\nERR x\r\n=7\r\ntxt:abc\r\n", 2),
            ("+FULLRESYNC x 1\r\n$EOF:12\r\n+OK\r\n+OK\r\n", 1),
        ] {
            for step in 1..=stream.len() {
                assert_eq!(frames(stream, step).len(), replies, "{stream:?} by {step}");
            }
        }
    }

    #[test]
    fn errors_and_resets_are_told_apart() {
        let found = frames("-ERR x\r\n+RESET\r\n$6\r\n+RESET\r\n*1\r\n+RESET\r\n+OK\r\n", 7);
        let errors: Vec<_> = found.iter().map(|frame| frame.error).collect();
        let resets: Vec<_> = found.iter().map(|frame| frame.reset).collect();
        assert_eq!(errors, [true, false, false, false, false]);
        assert_eq!(resets, [false, true, false, false, false]);
    }
}
