//! Messages with a type, read one at a time and never further.

use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// PostgreSQL's own bound of a password (`PG_MAX_AUTH_TOKEN_LENGTH`).
const LARGEST_PASSWORD: usize = 65_535;
/// What a server sends before it is ready is small; this bounds it all the same.
const LARGEST: usize = 1 << 20;
const PROTOCOL: u32 = 196_608;

/// `Message` is a type and the bytes after the length. It has no `Debug`: it may hold a password.
pub(crate) struct Message {
    pub(crate) kind: u8,
    pub(crate) body: Vec<u8>,
}

impl Message {
    /// The message as it is sent.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        encode(self.kind, &self.body)
    }

    /// The number that an authentication request begins with.
    pub(crate) fn authentication(&self) -> Option<u32> {
        let number = self.body.first_chunk().map(|number| u32::from_be_bytes(*number));
        number.filter(|_| self.kind == b'R')
    }
}

/// Reads a message of the server.
///
/// # Errors
/// The stream's, and `InvalidData` for a length that cannot be.
pub(crate) async fn read_message(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Message> {
    read(from, LARGEST).await
}

/// Reads a client's answer to a request for authentication.
///
/// # Errors
/// As [`read_message`].
pub(crate) async fn read_password(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Message> {
    read(from, LARGEST_PASSWORD).await
}

async fn read(from: &mut (impl AsyncRead + Unpin), largest: usize) -> io::Result<Message> {
    let kind = from.read_u8().await?;
    let length = usize::try_from(from.read_u32().await?).unwrap_or(usize::MAX);
    let size = length.checked_sub(4).filter(|size| *size <= largest).ok_or(io::ErrorKind::InvalidData)?;
    let mut body = vec![0; size];
    from.read_exact(&mut body).await?;
    Ok(Message { kind, body })
}

pub(super) fn encode(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap_or(u32::MAX);
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

/// An authentication request: 0 is "ok", 3 asks for a password in the clear.
pub(crate) fn authentication(number: u32) -> Vec<u8> {
    encode(b'R', &number.to_be_bytes())
}

/// A simple query.
pub(crate) fn query(sql: &str) -> Vec<u8> {
    encode(b'Q', &[sql.as_bytes(), &[0]].concat())
}

/// A first packet for this user and database.
pub(crate) fn startup_message(user: &str, database: &str) -> Vec<u8> {
    let text = format!("user\0{user}\0database\0{database}\0\0");
    let length = u32::try_from(text.len() + 8).unwrap_or(u32::MAX);
    [&length.to_be_bytes()[..], &PROTOCOL.to_be_bytes(), text.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_go_both_ways() {
        let bytes = [authentication(3), query("SELECT 1")].concat();
        let mut from = bytes.as_slice();
        let asked = read_message(&mut from).await.expect("a request");
        assert_eq!((asked.authentication(), asked.bytes()), (Some(3), authentication(3)));
        let query = read_message(&mut from).await.expect("a query");
        assert_eq!((query.kind, query.body.as_slice(), from.len()), (b'Q', &b"SELECT 1\0"[..], 0));
        assert_eq!(query.authentication(), None);
    }

    #[tokio::test]
    async fn lengths_that_cannot_be_are_errors() {
        for bytes in [&b"p\0\0\0\x03"[..], b"p\xff\xff\xff\xff", b"p\0\x01\x00\x04", b"p\0\0\0\x05", b"p"] {
            assert!(read_password(&mut &*bytes).await.is_err(), "{bytes:?}");
        }
    }
}
