//! What is on its way to the socket, and the TLS that it goes through.

use std::io::{self, Read, Write};
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8};
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
    /// All that it has, in place of what a buffer holds. Whether there is a secret in it.
    fn take(&self, emptied: &mut Vec<u8>) -> bool;
    fn has_more(&self) -> bool;
}

/// The writing half of a line, and the TLS of both.
///
/// One thread sends, and sends also what others want sent meanwhile: they do not wait for it. A system call that sends
/// may well take the processor from whoever makes it, and threads that waited in a row would each be woken only to find
/// somebody else sending. One that has sent for others is relieved by the next that comes, which does wait.
pub(super) struct Outgoing {
    sending: Mutex<Sending>,
    /// Taken behind `sending`, and never for as long as a system call takes: whoever reads needs it, too.
    tls: Option<Mutex<Box<ClientConnection>>>,
    relief: AtomicU8,
    /// Something is unsent that the socket did not take.
    is_choked: AtomicBool,
}

/// Nobody sends, or only for itself so far.
const NOT_NEEDED: u8 = 0;
/// Whoever sends has done enough.
const WANTED: u8 = 1;
/// Somebody waits to go on, and will send whatever is left.
const COMING: u8 = 2;
/// How often one sends before it wants to be relieved.
const TURNS: u32 = 2;

#[derive(Default)]
struct Sending {
    plain: Vec<u8>,
    sealed: Vec<u8>,
    /// A login is in `sealed`, for all to read.
    is_secret: bool,
    sent: usize,
}

impl Outgoing {
    pub(super) fn new(tls: Option<ClientConnection>) -> Self {
        let tls = tls.map(|tls| Mutex::new(Box::new(tls)));
        Self {
            sending: Mutex::default(),
            tls,
            relief: AtomicU8::new(NOT_NEEDED),
            is_choked: AtomicBool::new(false),
        }
    }

    /// Whether something is unsent that the socket did not take.
    pub(super) fn is_choked(&self) -> bool {
        self.is_choked.load(Acquire)
    }

    /// Sends what `source` has, as far as the socket takes it now; or leaves that to whoever sends already. `true`: from
    /// now on the socket takes no more, and somebody has to see when it does.
    pub(super) fn flush(&self, socket: &Socket, source: &impl Source) -> io::Result<bool> {
        match free(&self.sending).or_else(|| self.relieve()) {
            Some(sending) => self.send_for_all(sending, socket, source),
            None => Ok(false),
        }
    }

    /// [`flush`](Self::flush) of what nobody else may know of: it waits for whoever sends.
    pub(super) fn flush_after_others(&self, socket: &Socket, source: &impl Source) -> io::Result<bool> {
        self.send_for_all(locked(&self.sending), socket, source)
    }

    /// Takes the place of one that has done enough.
    fn relieve(&self) -> Option<MutexGuard<'_, Sending>> {
        self.relief.compare_exchange(WANTED, COMING, AcqRel, Relaxed).ok()?;
        let sending = locked(&self.sending);
        self.relief.store(NOT_NEEDED, Release);
        Some(sending)
    }

    fn send_for_all<'a>(
        &'a self,
        sending: MutexGuard<'a, Sending>,
        socket: &Socket,
        source: &impl Source,
    ) -> io::Result<bool> {
        let (mut mine, mut is_newly_choked, mut has_wished) = (Some(sending), false, false);
        for turn in 1_u32.. {
            let Some(mut sending) = mine.take().or_else(|| free(&self.sending)) else { break };
            let is_all = self.send(&mut sending, socket, source)?;
            is_newly_choked |= self.note_choke(&sending, !is_all);
            // At each turn: another that sent meanwhile may have taken the wish for its own.
            if turn >= TURNS {
                has_wished = true;
                let _ = self.relief.compare_exchange(NOT_NEEDED, WANTED, AcqRel, Relaxed);
            }
            let is_relieved = self.relief.load(Acquire) == COMING;
            drop(sending);
            // Whoever found it taken up to now has left something to this thread.
            if !is_all || is_relieved || !source.has_more() {
                break;
            }
        }
        if has_wished {
            let _ = self.relief.compare_exchange(WANTED, NOT_NEEDED, AcqRel, Relaxed);
        }
        Ok(is_newly_choked)
    }

    /// Says whether the socket took all, before another may send, who has something newer to say. `true`: until now it
    /// did.
    fn note_choke(&self, _sending: &MutexGuard<'_, Sending>, is_choked: bool) -> bool {
        let is_news = self.is_choked.load(Relaxed) != is_choked;
        if is_news {
            self.is_choked.store(is_choked, Release);
        }
        is_news && is_choked
    }

    /// Once. `false`: the socket takes no more for now, and something is left.
    fn send(&self, sending: &mut Sending, socket: &Socket, source: &impl Source) -> io::Result<bool> {
        if !sending.send_sealed(socket)? {
            return Ok(false);
        }
        let is_secret = source.take(&mut sending.plain);
        self.seal(sending, is_secret)?;
        sending.send_sealed(socket)
    }

    /// Puts the plain bytes where they are sent from, and what TLS has to say.
    fn seal(&self, sending: &mut Sending, is_secret: bool) -> io::Result<()> {
        let Some(tls) = &self.tls else {
            std::mem::swap(&mut sending.plain, &mut sending.sealed);
            sending.is_secret = is_secret;
            return Ok(());
        };
        let outcome = seal_under(&mut locked(tls), &sending.plain, &mut sending.sealed);
        if is_secret {
            sending.plain.zeroize();
        }
        sending.plain.clear();
        outcome
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

    /// Ends a TLS connection in good form; it is sent with the next [flush](Self::flush_after_others).
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
                Err(error) => {
                    self.wipe();
                    return Err(error);
                }
            }
        }
        self.wipe();
        if self.sealed.capacity() > KEPT {
            self.sealed = Vec::new();
        }
        Ok(true)
    }

    /// Keeps nothing of what was sent, or never will be.
    fn wipe(&mut self) {
        if std::mem::take(&mut self.is_secret) {
            self.sealed.zeroize();
        }
        self.sealed.clear();
        self.sent = 0;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.wipe();
    }
}

/// Seals plain bytes, and whatever else TLS has to say.
fn seal_under(tls: &mut ClientConnection, mut plain: &[u8], sealed: &mut Vec<u8>) -> io::Result<()> {
    loop {
        let taken = tls.writer().write(plain)?;
        plain = plain.get(taken..).unwrap_or_default();
        while tls.wants_write() {
            tls.write_tls(sealed)?;
        }
        if plain.is_empty() {
            return Ok(());
        }
        if taken == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
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
