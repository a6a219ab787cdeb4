//! Bytes that were read and are not yet whole replies.

use std::collections::VecDeque;

use keyrotor_proto::Code;
use redis::Value;

use super::frame::{Frame, Framer};
use super::reply::settle;
use super::value;
use crate::error::{Error, Result};

/// What one read asks for, unless the reply under way is known to be larger.
const CHUNK: usize = 16 << 10;

/// `Inbox` lends its room to whoever reads, and cuts what came into replies.
#[derive(Default)]
pub(super) struct Inbox {
    /// All of it has been written at some time, so that reads may go anywhere in it.
    room: Vec<u8>,
    filled: usize,
    wanted: usize,
    framer: Framer,
}

impl Inbox {
    /// Where the next read goes.
    pub(super) fn room(&mut self) -> &mut [u8] {
        let needed = self.filled + self.wanted.max(1);
        if self.room.len() < needed.max(CHUNK) {
            self.room.resize(needed.max(CHUNK), 0);
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
                    // A push belongs to no command; nothing here asks for any.
                    if frame.first() != Some(&b'>') {
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

    fn forget(&mut self, length: usize) {
        self.room.copy_within(length..self.filled, 0);
        self.filled -= length;
        if self.filled == 0 && self.room.len() > CHUNK {
            self.room = Vec::new();
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
