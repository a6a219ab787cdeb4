//! What is on its way to the socket, and the TLS that it goes through.

use std::io::{self, Read, Write};
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

use rustls::ClientConnection;
use zeroize::Zeroize;

use super::super::reply::disconnected;
use super::socket::Socket;
use crate::error::Result;

/// A buffer that a large batch has blown up is given back.
const KEPT: usize = 64 << 10;

/// Where what is to be sent comes from. Calls come to it on any thread, and are followed by a
/// [flush](Outgoing::flush).
pub(super) trait Source {
    /// All that it has, in a buffer that is empty before.
    fn take(&self, emptied: &mut Vec<u8>);
    fn has_more(&self) -> bool;
}

/// The writing half of a line, and the TLS of both.
///
/// One thread sends, and sends also what others want sent meanwhile: none of them waits for it. A system call that sends
/// may well take the processor from whoever makes it, and threads that waited in a row would each be woken only to find
/// somebody else sending.
pub(super) struct Outgoing {
    sending: Mutex<Sending>,
    /// Taken behind `sending`, and never for as long as a system call takes: whoever reads needs it, too.
    tls: Option<Mutex<Box<ClientConnection>>>,
    /// Something is unsent that the socket did not take.
    is_choked: AtomicBool,
}

#[derive(Default)]
struct Sending {
    is_under_tls: bool,
    plain: Vec<u8>,
    sealed: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub(super) fn new(tls: Option<ClientConnection>) -> Self {
        let sending = Sending { is_under_tls: tls.is_some(), ..Sending::default() };
        let tls = tls.map(|tls| Mutex::new(Box::new(tls)));
        Self { sending: Mutex::new(sending), tls, is_choked: AtomicBool::new(false) }
    }

    /// Whether something is unsent that the socket did not take.
    pub(super) fn is_choked(&self) -> bool {
        self.is_choked.load(Acquire)
    }

    /// Sends what `source` has, as far as the socket takes it now; or leaves that to whoever sends already.
    pub(super) fn flush(&self, socket: &Socket, source: &impl Source) -> io::Result<()> {
        while let Some(mut sending) = free(&self.sending) {
            let is_all = self.send(&mut sending, socket, source)?;
            drop(sending);
            // Whoever found it taken up to now has left something to this thread.
            if !is_all || !source.has_more() {
                break;
            }
        }
        Ok(())
    }

    /// [`flush`](Self::flush) of what TLS has to say, which nobody else looks for: it waits for whoever sends.
    pub(super) fn flush_tls(&self, socket: &Socket, source: &impl Source) -> io::Result<()> {
        self.send(&mut locked(&self.sending), socket, source)?;
        self.flush(socket, source)
    }

    /// `false`: the socket takes no more for now, and something is left.
    fn send(&self, sending: &mut Sending, socket: &Socket, source: &impl Source) -> io::Result<bool> {
        let mut is_all = sending.send_sealed(socket)?;
        while is_all {
            source.take(&mut sending.plain);
            self.seal(sending)?;
            if sending.sealed.is_empty() {
                break;
            }
            is_all = sending.send_sealed(socket)?;
        }
        // Told before another may send, who has something newer to tell.
        self.is_choked.store(!is_all, Release);
        Ok(is_all)
    }

    /// Puts the plain bytes where they are sent from, and what TLS has to say.
    fn seal(&self, sending: &mut Sending) -> io::Result<()> {
        let Some(tls) = &self.tls else {
            std::mem::swap(&mut sending.plain, &mut sending.sealed);
            return Ok(());
        };
        let mut tls = locked(tls);
        let mut rest = sending.plain.as_slice();
        loop {
            let taken = tls.writer().write(rest)?;
            rest = rest.get(taken..).unwrap_or_default();
            while tls.wants_write() {
                tls.write_tls(&mut sending.sealed)?;
            }
            if rest.is_empty() {
                sending.plain.clear();
                return Ok(());
            }
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
    }

    /// Opens what came in, and hands it out in pieces: `give` takes one by filling the room that it is asked for,
    /// and is told how much it was. What came with the handshake goes first, and what was in order before an error.
    pub(super) fn unseal(&self, mut came: &[u8], give: &mut dyn Plain) -> Result<Unsealed> {
        let Some(tls) = &self.tls else { return Ok(Unsealed::More) };
        let mut tls = locked(tls);
        let mut opened = Ok(());
        loop {
            if has_ended(&mut tls, give)? {
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
    pub(super) fn complain(&self, socket: &Socket) {
        let Some(tls) = &self.tls else { return };
        let mut sending = locked(&self.sending);
        {
            let mut tls = locked(tls);
            while tls.wants_write() && tls.write_tls(&mut sending.sealed).is_ok() {}
        }
        // One that has hung up hears nothing.
        let _ = sending.send_sealed(socket);
    }

    /// Ends a TLS connection in good form; it is sent with the next [flush of TLS's](Self::flush_tls).
    pub(super) fn say_goodbye(&self) {
        if let Some(tls) = &self.tls {
            locked(tls).send_close_notify();
        }
    }
}

impl Sending {
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
        if !self.is_under_tls {
            // It may have been a login.
            self.sealed.as_mut_slice().zeroize();
        }
        self.sealed.clear();
        if self.sealed.capacity() > KEPT {
            self.sealed = Vec::new();
        }
        Ok(true)
    }
}

/// `None`: another has it.
fn free<T>(mutex: &Mutex<T>) -> Option<MutexGuard<'_, T>> {
    match mutex.try_lock() {
        Ok(guard) => Some(guard),
        Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
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
