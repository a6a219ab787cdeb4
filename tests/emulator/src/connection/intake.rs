//! What the client sends: bytes in, events out.

use super::wire::PIECE;
use crate::backend::Reader;
use crate::resp::request::{Broken, Event, Parser};
use std::ops::Range;
use tokio::io::AsyncReadExt;

/// `Intake` buffers one read at a time.
pub(super) struct Intake {
    pub(super) from: Reader,
    pub(super) parser: Parser,
    buffer: Vec<u8>,
    rest: Range<usize>,
}

impl Intake {
    pub(super) fn new(from: Reader) -> Self {
        Self { from, parser: Parser::new(), buffer: vec![0; PIECE], rest: 0..0 }
    }

    /// The next event and the bytes that it consumed; `None` once more must be read.
    pub(super) fn event(&mut self) -> Result<Option<(Event, &[u8])>, Broken> {
        let input = self.buffer.get(self.rest.clone()).unwrap_or_default();
        if input.is_empty() {
            return Ok(None);
        }
        let (used, event) = self.parser.next(input)?;
        self.rest.start += used;
        Ok(event.map(|event| (event, input.get(..used).unwrap_or_default())))
    }

    /// The bytes of a command that begins.
    pub(super) fn head(&self) -> &[u8] {
        self.parser.head()
    }

    /// What is there of a stream that broke off.
    pub(super) fn broken(&self) -> Vec<u8> {
        [self.parser.head(), self.rest()].concat()
    }

    /// What was read and not yet looked at.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.rest.clone()).unwrap_or_default()
    }

    /// Reads; `false` at the end.
    pub(super) async fn fill(&mut self) -> bool {
        match self.from.read(&mut self.buffer).await {
            Ok(0) | Err(_) => false,
            Ok(read) => {
                self.rest = 0..read;
                true
            }
        }
    }
}
