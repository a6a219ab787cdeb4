//! Random bytes, read as numbers.

/// `Bytes` gives one after the other; none are left at the end.
pub(super) struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below `end`, which is not zero.
    pub(super) fn below(&mut self, end: usize) -> Option<usize> {
        let high = self.next()?;
        let low = self.next().unwrap_or_default();
        Some(usize::from(u16::from_be_bytes([high, low])) % end)
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// Cuts `stream` into pieces, the length of each up to seven bits of `seed` in turn.
pub(super) fn pieces(stream: &[u8], seed: u8) -> impl Iterator<Item = &[u8]> {
    let mut rest = stream;
    let mut length = usize::from(seed);
    std::iter::from_fn(move || {
        // A short cycle of lengths that differ: 1 to 128.
        length = (length * 5 + 3) % 128;
        let (piece, more) = rest.split_at(rest.len().min(length + 1));
        rest = more;
        (!piece.is_empty()).then_some(piece)
    })
}
