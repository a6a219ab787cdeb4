//! Finds where a reply ends, however its bytes arrive. What it says is read elsewhere, once it is whole.

/// A line of a reply names a length or is a short text; a longer one is no reply.
const LONGEST_LINE: usize = 1 << 20;

/// What the bytes so far hold.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// The next reply ends before this position.
    Whole(usize),
    /// It goes on; this many bytes at least are still to come.
    Part(usize),
    /// This is no RESP.
    Broken,
}

/// Walks through one reply; bytes that were looked at are not looked at again.
#[derive(Debug, Default)]
pub(super) struct Framer {
    /// Where the next element starts.
    at: usize,
    /// Up to where its line was searched for an end.
    searched: usize,
    /// Elements still to come; zero between replies.
    left: u64,
}

impl Framer {
    /// Looks at `input`, which starts with the reply and has only grown since the last call.
    pub(super) fn look(&mut self, input: &[u8]) -> Frame {
        if self.left == 0 {
            self.left = 1;
        }
        while self.left > 0 {
            match self.element(input) {
                Ok(()) => {}
                Err(frame) => return frame,
            }
        }
        let end = self.at;
        *self = Self::default();
        Frame::Whole(end)
    }

    fn element(&mut self, input: &[u8]) -> Result<(), Frame> {
        let line = self.line(input)?;
        let Some((kind, rest)) = line.split_first() else { return Err(Frame::Broken) };
        let after = self.at + line.len() + 2;
        match kind {
            b'+' | b'-' | b':' | b'_' | b',' | b'#' | b'(' => {
                self.left -= 1;
                self.at = after;
            }
            b'$' | b'=' | b'!' => {
                let end = match length(rest)? {
                    None => after,
                    Some(length) => {
                        after.checked_add(length).and_then(|end| end.checked_add(2)).ok_or(Frame::Broken)?
                    }
                };
                if input.len() < end {
                    return Err(Frame::Part(end - input.len()));
                }
                self.left -= 1;
                self.at = end;
            }
            b'*' | b'~' | b'>' => self.aggregate(after, length(rest)?.unwrap_or(0), 1)?,
            b'%' => self.aggregate(after, double(length(rest)?.unwrap_or(0))?, 1)?,
            // An attribute precedes the element that it belongs to and is none itself.
            b'|' => self.aggregate(after, double(length(rest)?.unwrap_or(0))?, 0)?,
            _ => return Err(Frame::Broken),
        }
        self.searched = self.at;
        Ok(())
    }

    fn aggregate(&mut self, after: usize, members: usize, itself: u64) -> Result<(), Frame> {
        let members = u64::try_from(members).map_err(|_| Frame::Broken)?;
        self.left = (self.left - itself).checked_add(members).ok_or(Frame::Broken)?;
        self.at = after;
        Ok(())
    }

    /// The line that starts at `at`, without its end.
    fn line<'a>(&mut self, input: &'a [u8]) -> Result<&'a [u8], Frame> {
        let from = self.searched.max(self.at);
        let unseen = input.get(from..).unwrap_or_default();
        let Some(found) = unseen.windows(2).position(|pair| pair == b"\r\n") else {
            // A lone CR at the end may be the first half of the line's end.
            self.searched = input.len().saturating_sub(1).max(self.at);
            let is_endless = input.len() - self.at.min(input.len()) > LONGEST_LINE;
            return Err(if is_endless { Frame::Broken } else { Frame::Part(1) });
        };
        input.get(self.at..from + found).ok_or(Frame::Broken)
    }
}

/// A length as it stands after a type byte; `None` for −1, which is null.
fn length(digits: &[u8]) -> Result<Option<usize>, Frame> {
    let text = std::str::from_utf8(digits).map_err(|_| Frame::Broken)?;
    if text == "-1" {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| Frame::Broken)
}

fn double(pairs: usize) -> Result<usize, Frame> {
    pairs.checked_mul(2).ok_or(Frame::Broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPLIES: [&[u8]; 16] = [
        b"+OK\r\n",
        b"-ERR \xff\r\n",
        b":-12\r\n",
        b"_\r\n",
        b",inf\r\n",
        b"#t\r\n",
        b"(3492890328409238509324850943850943825024385\r\n",
        b"$-1\r\n",
        b"$0\r\n\r\n",
        b"$5\r\n\r\n\r\n$\r\n",
        b"=8\r\ntxt:text\r\n",
        b"!3\r\nERR\r\n",
        b"*-1\r\n",
        b"*3\r\n:1\r\n*0\r\n*2\r\n$1\r\na\r\n_\r\n",
        b"%1\r\n+a\r\n~2\r\n:1\r\n:2\r\n",
        b"|1\r\n+ttl\r\n:3\r\n$1\r\nx\r\n",
    ];

    #[test]
    fn a_reply_ends_at_the_same_place_however_it_arrives() {
        for reply in REPLIES {
            let whole = [reply, b"+NEXT\r\n"].concat();
            assert_eq!(Framer::default().look(&whole), Frame::Whole(reply.len()), "{reply:?}");
            let mut framer = Framer::default();
            for end in 1..reply.len() {
                let frame = framer.look(&whole[..end]);
                assert!(matches!(frame, Frame::Part(more) if more >= 1), "{reply:?} at {end}: {frame:?}");
            }
            assert_eq!(framer.look(&whole), Frame::Whole(reply.len()), "{reply:?}");
            assert_eq!(framer.look(b"+NEXT\r\n"), Frame::Whole(7), "nothing is left of the last one");
        }
    }

    #[test]
    fn what_is_missing_of_a_text_is_known_at_once() {
        assert_eq!(Framer::default().look(b"$1000\r\nab"), Frame::Part(1000));
    }

    #[test]
    fn what_is_no_resp_is_broken() {
        for input in [&b"HTTP/1.1 400\r\n"[..], b"\r\n", b"$x\r\n", b"$-2\r\n", b"*99999999999999999999\r\n"]
        {
            assert_eq!(Framer::default().look(input), Frame::Broken, "{input:?}");
        }
        assert_eq!(Framer::default().look(&[b'+'; LONGEST_LINE + 2]), Frame::Broken);
        let deep = [b"%18446744073709551615\r\n".as_slice(), b"+a\r\n"].concat();
        assert_eq!(Framer::default().look(&deep), Frame::Broken);
    }
}
