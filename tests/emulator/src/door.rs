//! A node's address: open while the node is up, refused by the system while it is down.

use crate::reserved::Reserved;
use std::io;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// `Door` is opened and closed from outside, and watched by the one task that takes connections.
pub(crate) struct Door {
    reserved: Reserved,
    /// What the task should listen on; taken by it.
    next: Mutex<Option<TcpListener>>,
    wanted: watch::Sender<bool>,
    /// Whether the system takes connections for us.
    listening: watch::Sender<bool>,
}

impl Door {
    /// A door at this address, still closed.
    pub(crate) fn new(address: SocketAddr) -> io::Result<Self> {
        let reserved = Reserved::new(address)?;
        let (wanted, listening) = (watch::Sender::new(false), watch::Sender::new(false));
        Ok(Self { reserved, next: Mutex::default(), wanted, listening })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.reserved.address()
    }

    pub(crate) fn is_open(&self) -> bool {
        *self.wanted.borrow()
    }

    /// From here on clients can connect.
    pub(crate) fn open(&self) -> io::Result<()> {
        if !self.is_open() {
            let listener = self.reserved.listen()?;
            *self.next() = Some(listener);
            self.listening.send_replace(true);
            self.wanted.send_replace(true);
        }
        Ok(())
    }

    /// Returns once connections are refused.
    pub(crate) async fn close(&self) {
        self.wanted.send_replace(false);
        if self.next().take().is_some() {
            self.listening.send_replace(false);
        }
        let mut listening = self.listening.subscribe();
        // The sender lives as long as `self`.
        let _ = listening.wait_for(|listening| !listening).await;
    }

    fn next(&self) -> MutexGuard<'_, Option<TcpListener>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The side of the task that takes connections.
    pub(crate) fn keeper(&self) -> Keeper<'_> {
        Keeper { door: self, wanted: self.wanted.subscribe(), listener: None }
    }
}

/// `Keeper` takes connections while its door is open. Dropped, it closes the door.
pub(crate) struct Keeper<'a> {
    door: &'a Door,
    wanted: watch::Receiver<bool>,
    listener: Option<TcpListener>,
}

impl Keeper<'_> {
    /// The next connection. May be dropped while it waits.
    pub(crate) async fn accept(&mut self) -> io::Result<TcpStream> {
        loop {
            if *self.wanted.borrow_and_update() {
                let next = self.door.next().take();
                self.listener = next.or_else(|| self.listener.take());
            } else {
                self.let_go();
            }
            let taken = async {
                match &self.listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            // The sender lives as long as the door.
            tokio::select! {
                taken = taken => return taken.map(|(tcp, _)| tcp),
                _ = self.wanted.changed() => {}
            }
        }
    }

    fn let_go(&mut self) {
        if self.listener.take().is_some() {
            self.door.listening.send_replace(false);
        }
    }
}

impl Drop for Keeper<'_> {
    fn drop(&mut self) {
        self.let_go();
    }
}
