//! Bytes that were read and are not yet whole replies.

use std::collections::VecDeque;
use std::sync::Arc;

use keyrotor_proto::Code;
use redis::Value;

use super::frame::{Frame, Framer};
use super::pushes::Pushes;
use super::reply::settle;
use super::value;
use crate::error::{Error, Result};

/// What one read asks for at least.
const CHUNK: usize = 16 << 10;
/// A room that a large reply has blown up beyond this is given back.
const KEPT: usize = 64 << 10;
/// What is set aside for a reply that says how long it is, before more of it than this has come: it may be a lie.
const ON_TRUST: usize = 1 << 20;

/// `Inbox` lends its room to whoever reads, and cuts what came into replies.
#[derive(Default)]
pub(super) struct Inbox {
    /// All of it has been written at some time, so that reads may go anywhere in it.
    room: Vec<u8>,
    filled: usize,
    wanted: usize,
    framer: Framer,
    /// Where messages go; elsewhere nobody asks for any.
    pushes: Option<Arc<Pushes>>,
}

impl Inbox {
    pub(super) fn new(pushes: Option<Arc<Pushes>>) -> Self {
        Self { pushes, ..Self::default() }
    }

    /// Where the next read goes.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let free = self.room.len() - self.filled;
        let sought = self.wanted.clamp(CHUNK, self.filled.max(ON_TRUST));
        if free < CHUNK.min(sought) || self.wanted > free && free < sought {
            self.room.resize(self.filled + sought, 0);
        }
        self.room.get_mut(self.filled..).unwrap_or_default()
    }

    /// Takes note that `length` bytes were read into [`room`](Self::room), and appends the replies that became whole.
    ///
    /// # Errors
    /// [`Code::Protocol`] where the bytes are no replies: nothing more can be read from this connection.
    pub(super) fn received(&mut self, length: usize, replies: &mut VecDeque<Result<Value>>) -> Result<()> {
        self.filled = (self.filled + length).min(self.room.len());
        let mut start = 0;
        self.wanted = 0;
        while start < self.filled {
            let rest = self.room.get(start..self.filled).unwrap_or_default();
            match self.framer.look(rest) {
                Frame::Whole(length) => {
                    let (frame, _) = rest.split_at_checked(length).unwrap_or((rest, &[]));
                    if !self.is_message(frame) {
                        replies.push_back(read(frame));
                    }
                    start += length;
                }
                Frame::Part(more) => {
                    self.wanted = more;
                    break;
                }
                Frame::Broken => return Err(not_resp(rest)),
            }
        }
        self.forget(start);
        Ok(())
    }

    /// A message belongs to no command. Confirmations of subscriptions are replies, and come to subscribers only.
    fn is_message(&self, frame: &[u8]) -> bool {
        match &self.pushes {
            Some(pushes) => pushes.take(frame),
            None => frame.first() == Some(&b'>'),
        }
    }

    /// Keeps no room that nothing is in.
    pub(super) fn give_back(&mut self) {
        if self.filled == 0 {
            self.room = Vec::new();
        }
    }

    fn forget(&mut self, length: usize) {
        if length == 0 {
            return;
        }
        self.room.copy_within(length..self.filled, 0);
        self.filled -= length;
        if self.room.len() > KEPT {
            self.give_back();
        }
    }
}

fn read(frame: &[u8]) -> Result<Value> {
    let value = value::read(frame);
    settle(value.ok_or_else(|| Error::new(Code::Protocol, "the server's reply could not be read")))
}

fn not_resp(bytes: &[u8]) -> Error {
    let start = String::from_utf8_lossy(bytes.get(..bytes.len().min(24)).unwrap_or_default());
    let advice = "is it a Redis or Valkey server, and one without TLS where tls_mode is NoTls?";
    Error::new(
        Code::Protocol,
        format!("the server's reply could not be read (it begins {start:?}); {advice}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(inbox: &mut Inbox, bytes: &[u8]) -> Result<VecDeque<Result<Value>>> {
        let mut replies = VecDeque::new();
        inbox.room()[..bytes.len()].copy_from_slice(bytes);
        inbox.received(bytes.len(), &mut replies)?;
        Ok(replies)
    }

    #[test]
    fn replies_come_out_whole_and_in_order() {
        let mut inbox = Inbox::default();
        let replies = receive(&mut inbox, b"+a\r\n>2\r\n+invalidate\r\n_\r\n:2\r\n$4\r\nte").unwrap();
        let values: Vec<_> = replies.into_iter().map(Result::unwrap).collect();
        assert_eq!(values, [Value::SimpleString("a".into()), Value::Int(2)]);
        let replies = receive(&mut inbox, b"xt\r\n").unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::BulkString(b"text".to_vec()));
    }

    #[test]
    fn a_large_reply_gets_its_room_at_once_and_gives_it_back() {
        let mut inbox = Inbox::default();
        assert!(receive(&mut inbox, b"$1000000\r\n").unwrap().is_empty());
        assert!(inbox.room().len() >= 1_000_002);
        let rest = [vec![b'x'; 1_000_000], b"\r\n".to_vec()].concat();
        assert_eq!(receive(&mut inbox, &rest).unwrap().len(), 1);
        assert_eq!(inbox.room().len(), CHUNK);
        inbox.give_back();
        assert_eq!(inbox.room.capacity(), 0);
    }

    #[test]
    fn what_has_come_is_not_given_back() {
        let mut inbox = Inbox::default();
        assert!(receive(&mut inbox, b"$4\r\nte").unwrap().is_empty());
        inbox.give_back();
        let replies = receive(&mut inbox, b"xt\r\n").unwrap();
        assert_eq!(replies[0].as_ref().unwrap(), &Value::BulkString(b"text".to_vec()));
    }

    #[test]
    fn replies_a_little_longer_than_a_chunk_are_soon_read_in_one_piece() {
        let reply = [format!("${CHUNK}\r\n").as_bytes(), &[b'x'; CHUNK], b"\r\n"].concat();
        let mut inbox = Inbox::default();
        let mut reads = 0;
        for _ in 0..3 {
            let mut rest = reply.as_slice();
            while !rest.is_empty() {
                let room = inbox.room();
                let (read, later) = rest.split_at(room.len().min(rest.len()));
                room[..read.len()].copy_from_slice(read);
                inbox.received(read.len(), &mut VecDeque::new()).unwrap();
                rest = later;
                reads += 1;
            }
        }
        assert_eq!(reads, 4, "only the first one takes two");
    }

    #[test]
    fn b01_a_length_that_is_a_lie_costs_little_memory() {
        for length in ["107374182400", "9223372036854775000"] {
            let mut inbox = Inbox::default();
            assert!(receive(&mut inbox, format!("${length}\r\n").as_bytes()).unwrap().is_empty());
            for _ in 0..8 {
                let read = inbox.room().len();
                assert!(read <= 2 * ON_TRUST + 8 * CHUNK, "{read}");
                inbox.received(CHUNK, &mut VecDeque::new()).unwrap();
            }
        }
    }

    #[test]
    fn a_long_list_is_read_in_chunks_to_its_end() {
        let items = 4000;
        let reply = format!("*{items}\r\n{}", "$20\r\n12345678901234567890\r\n".repeat(items));
        let (mut inbox, mut replies, mut reads) = (Inbox::default(), VecDeque::new(), 0);
        let mut rest = reply.as_bytes();
        while !rest.is_empty() {
            let room = inbox.room();
            assert!(room.len() >= CHUNK / 2, "{}", room.len());
            let read = room.len().min(rest.len());
            room[..read].copy_from_slice(&rest[..read]);
            inbox.received(read, &mut replies).unwrap();
            rest = &rest[read..];
            reads += 1;
        }
        assert_eq!(replies.len(), 1);
        assert!(reads <= 2 * reply.len() / CHUNK, "{reads}");
    }

    #[test]
    fn an_error_that_is_no_text_is_its_commands_error_only() {
        let replies = receive(&mut Inbox::default(), b"-ERR \xff\x00!\r\n+OK\r\n").unwrap();
        let error = replies[0].as_ref().unwrap_err();
        assert_eq!(error.code(), Code::ServerError);
        assert!(error.server_text().is_some_and(|text| text.starts_with("ERR \u{fffd}")), "{error}");
        assert_eq!(replies[1].as_ref().unwrap(), &Value::Okay);
    }

    #[test]
    fn what_is_no_reply_is_said() {
        let error = receive(&mut Inbox::default(), b"HTTP/1.1 400 Bad Request\r\n").unwrap_err();
        assert_eq!(error.code(), Code::Protocol);
        assert!(error.message().contains("HTTP/1.1"), "{error}");
    }
}
