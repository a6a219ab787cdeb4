//! What is on its way to the socket, and the TLS that it goes through.

use std::io::{self, Read, Write};

use rustls::ClientConnection;
use zeroize::Zeroize;

use super::super::reply::disconnected;
use super::socket::Socket;
use crate::error::Result;

/// A buffer that a large batch has blown up is given back.
const KEPT: usize = 64 << 10;

/// The writing half of a line. TLS stands here, since it writes while it reads, too.
pub(super) struct Outgoing {
    tls: Option<Box<ClientConnection>>,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub(super) fn new(tls: Option<ClientConnection>) -> Self {
        Self { tls: tls.map(Box::new), plain: Vec::new(), sealed: Vec::new(), sent: 0 }
    }

    /// Sends what `refill` has to offer. `false`: the socket takes no more for now, and something is left.
    pub(super) fn flush(
        &mut self,
        socket: &Socket,
        mut refill: impl FnMut(&mut Vec<u8>),
    ) -> io::Result<bool> {
        loop {
            if !self.send_sealed(socket)? {
                return Ok(false);
            }
            refill(&mut self.plain);
            if self.plain.is_empty() && !self.tls.as_ref().is_some_and(|tls| tls.wants_write()) {
                return Ok(true);
            }
            self.seal()?;
        }
    }

    fn send_sealed(&mut self, socket: &Socket) -> io::Result<bool> {
        while let Some(unsent) = self.sealed.get(self.sent..).filter(|unsent| !unsent.is_empty()) {
            match socket.send(unsent) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        self.sent = 0;
        if self.tls.is_none() {
            // It may have been a login.
            self.sealed.as_mut_slice().zeroize();
        }
        self.sealed.clear();
        if self.sealed.capacity() > KEPT {
            self.sealed = Vec::new();
        }
        Ok(true)
    }

    /// Puts the plain bytes where they are sent from.
    fn seal(&mut self) -> io::Result<()> {
        let Some(tls) = &mut self.tls else {
            std::mem::swap(&mut self.plain, &mut self.sealed);
            return Ok(());
        };
        let mut rest = self.plain.as_slice();
        loop {
            let taken = tls.writer().write(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
            while tls.wants_write() {
                tls.write_tls(&mut self.sealed)?;
            }
            if rest.is_empty() {
                self.plain.clear();
                return Ok(());
            }
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
    }

    /// Opens what came in, and hands it out in pieces: `give` takes one by filling the room that it is asked for,
    /// and is told how much it was. What came with the handshake goes first, and what was in order before an error.
    pub(super) fn unseal(&mut self, mut came: &[u8], give: &mut dyn Plain) -> Result<Unsealed> {
        let Some(tls) = &mut self.tls else { return Ok(Unsealed::More) };
        let mut opened = Ok(());
        loop {
            if has_ended(tls, give)? {
                return Ok(Unsealed::End);
            }
            opened.map_err(disconnected)?;
            if came.is_empty() {
                return Ok(if tls.wants_write() { Unsealed::Answer } else { Unsealed::More });
            }
            tls.read_tls(&mut came).map_err(disconnected)?;
            opened = tls.process_new_packets().map(drop);
        }
    }

    /// Tells the server what was wrong, if TLS has a word for it and the socket takes it.
    pub(super) fn complain(&mut self, socket: &Socket) {
        if let Some(tls) = &mut self.tls {
            while tls.wants_write() && tls.write_tls(&mut self.sealed).is_ok() {}
            // One that has hung up hears nothing.
            let _ = self.send_sealed(socket);
        }
    }

    /// Ends a TLS connection in good form; it is sent with the next flush.
    pub(super) fn say_goodbye(&mut self) {
        if let Some(tls) = &mut self.tls {
            tls.send_close_notify();
        }
    }
}

/// Hands out what is open. Whether the server said goodbye behind it.
fn has_ended(tls: &mut ClientConnection, give: &mut dyn Plain) -> Result<bool> {
    loop {
        match tls.reader().read(give.room()) {
            Ok(0) => return Ok(true),
            Ok(length) => give.took(length)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(disconnected(error)),
        }
    }
}

/// What goes on after bytes were unsealed.
pub(super) enum Unsealed {
    More,
    /// TLS has an answer of its own to send.
    Answer,
    /// The server said goodbye.
    End,
}

/// Takes plain bytes.
pub(super) trait Plain {
    fn room(&mut self) -> &mut [u8];
    fn took(&mut self, length: usize) -> Result<()>;
}
