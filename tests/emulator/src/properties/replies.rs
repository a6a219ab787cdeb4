//! Whatever a backend answers, in whichever pieces.

use super::bytes::{Bytes, pieces};
use crate::resp::reply::{Frame, Framer};

const LONGEST_LINE: usize = 64;
const DEEPEST: usize = 1024;

/// The first byte chooses the pieces, the rest is the backend's stream. Replies end at the same places for any cut of
/// it, and nothing is held without bound.
pub fn replies(data: &[u8]) {
    let mut data = Bytes::new(data);
    let seed = data.next().unwrap_or_default();
    let whole = frames(std::iter::once(data.rest()));
    let cut = frames(pieces(data.rest(), seed));
    assert_eq!(whole, cut);
}

/// The replies and where each ends, and whether nothing is open at the end.
fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<(usize, Frame)>, bool) {
    let mut framer = Framer::default();
    let (mut found, mut at) = (Vec::new(), 0);
    for piece in pieces {
        let mut rest = piece;
        while !rest.is_empty() {
            let (used, frame) = framer.next(rest);
            assert!(used > 0, "no way on");
            let (line, open) = framer.held();
            assert!(line <= LONGEST_LINE && open <= DEEPEST, "{line} bytes and {open} aggregates are held");
            at += used;
            found.extend(frame.map(|frame| (at, frame)));
            rest = rest.get(used..).unwrap_or_default();
        }
    }
    (found, framer.is_between())
}
