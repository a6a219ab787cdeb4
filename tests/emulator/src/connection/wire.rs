//! The four ends of a connection, and what has been read of each.

use super::GOODBYE;
use super::intake::Intake;
use crate::backend::{Reader, Writer};
use crate::clock;
use crate::gate::Gate;
use crate::record::Closed;
use crate::resp;
use crate::resp::reply::{Frame, Framer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// The size of a read.
pub(super) const PIECE: usize = 64 << 10;

/// `Wire` joins a client and its backend connection.
pub(super) struct Wire {
    pub(super) intake: Intake,
    pub(super) client: Writer,
    pub(super) replies: Replies,
    pub(super) backend: Writer,
    /// Whether it came without TLS where TLS is spoken: only the cluster's own servers may.
    pub(super) unsealed: bool,
}

/// `Replies` is the backend's side, followed frame by frame.
pub(super) struct Replies {
    pub(super) from: Reader,
    framer: Framer,
    buffer: Vec<u8>,
    /// What of the buffer was read but not framed.
    rest: std::ops::Range<usize>,
}

impl Wire {
    pub(super) fn new(from_client: Reader, client: Writer, from_backend: Reader, backend: Writer) -> Self {
        let framer = Framer::default();
        let replies = Replies { from: from_backend, framer, buffer: vec![0; PIECE], rest: 0..0 };
        Self { intake: Intake::new(from_client), client, replies, backend, unsealed: false }
    }

    /// Sends to the client what was said here, not by the backend.
    pub(super) async fn answer(&mut self, gate: &Gate, text: &mut Vec<u8>) -> Result<(), Closed> {
        if !text.is_empty() {
            gate.held_back().await;
            send(&mut self.client, text).await.map_err(|_| Closed::Client)?;
            text.clear();
        }
        Ok(())
    }

    /// Says something before the end, unless a reply is under way.
    pub(super) async fn last_words(&mut self, words: &str) {
        if self.replies.framer.is_between() {
            let mut text = Vec::new();
            resp::error(&mut text, words);
            // The client is cut whether it has heard this or not.
            tokio::select! {
                _ = send(&mut self.client, &text) => {}
                () = clock::wait(GOODBYE) => {}
            }
        }
    }

    /// Sends one command to the backend and its reply to the client.
    pub(super) async fn relay(&mut self, gate: &Gate, request: &[u8]) -> Result<Frame, Closed> {
        send(&mut self.backend, request).await.map_err(|_| Closed::Backend)?;
        self.replies.pass_one(gate, &mut self.client, gate.cut()).await
    }
}

impl Replies {
    /// Sends the next reply to the client, or the rest of one that has begun; of a whole one that is longer than
    /// `cut` only so much, and then no more ever.
    pub(super) async fn pass_one(
        &mut self,
        gate: &Gate,
        client: &mut Writer,
        cut: Option<u64>,
    ) -> Result<Frame, Closed> {
        let whole = self.framer.is_between();
        let mut room = cut.filter(|_| whole).map(|cut| usize::try_from(cut).unwrap_or(usize::MAX));
        loop {
            let (piece, frame) = self.next().await?;
            gate.held_back().await;
            let kept = room.and_then(|room| piece.get(..room)).filter(|kept| kept.len() < piece.len());
            if let Some(kept) = kept
                && gate.claim_cut()
            {
                // It breaks off either way.
                let _ = send(client, kept).await;
                return Err(Closed::Cut);
            }
            room = room.map(|room| room.saturating_sub(piece.len()));
            send(client, piece).await.map_err(|_| Closed::Client)?;
            if let Some(frame) = frame {
                return Ok(frame);
            }
        }
    }

    /// What was read and not passed on.
    pub(super) fn rest(&self) -> &[u8] {
        self.buffer.get(self.rest.clone()).unwrap_or_default()
    }

    /// The bytes up to the end of the next reply, or all that are there.
    async fn next(&mut self) -> Result<(&[u8], Option<Frame>), Closed> {
        self.fill().await?;
        let input = self.buffer.get(self.rest.clone()).unwrap_or_default();
        let (used, frame) = self.framer.next(input);
        self.rest.start += used;
        Ok((input.get(..used).unwrap_or_default(), frame))
    }

    /// All bytes that are there, up to the first reply that `stop` knows.
    pub(super) async fn all(&mut self, stop: impl Fn(Frame) -> bool) -> Result<(&[u8], bool), Closed> {
        self.fill().await?;
        let input = self.buffer.get(self.rest.clone()).unwrap_or_default();
        let mut used = 0;
        let mut stopped = false;
        while let Some(rest) = input.get(used..).filter(|rest| !rest.is_empty() && !stopped) {
            let (taken, frame) = self.framer.next(rest);
            used += taken;
            stopped = frame.is_some_and(&stop);
        }
        self.rest.start += used;
        Ok((input.get(..used).unwrap_or_default(), stopped))
    }

    /// Waits until there is something.
    pub(super) async fn fill(&mut self) -> Result<(), Closed> {
        if self.rest.is_empty() {
            match self.from.read(&mut self.buffer).await {
                Ok(0) | Err(_) => return Err(Closed::Backend),
                Ok(read) => self.rest = 0..read,
            }
        }
        Ok(())
    }
}

/// Writes all of it, out of TLS' buffers too.
pub(super) async fn send(to: &mut Writer, bytes: &[u8]) -> std::io::Result<()> {
    to.write_all(bytes).await?;
    to.flush().await
}
