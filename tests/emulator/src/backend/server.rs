//! A server of our own: started on a private socket, killed at the end.

mod process;

use super::{Reader, Users, Writer};
use crate::Error;
use crate::clock;
use crate::host::account;
use process::Process;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;

const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// `Spawned` keeps one server running.
pub(super) struct Spawned {
    socket: PathBuf,
    slot: Mutex<Slot>,
    /// One restart at a time.
    restarting: tokio::sync::Mutex<()>,
}

struct Slot {
    process: Option<Process>,
    /// Gone once the server was killed for good.
    folder: Option<TempDir>,
}

impl Spawned {
    pub(super) async fn start(users: &Users) -> Result<Self, Error> {
        let folder = account::folder()?;
        let spawned = Self {
            socket: folder.path().join("redis.sock"),
            slot: Mutex::new(Slot { process: None, folder: Some(folder) }),
            restarting: tokio::sync::Mutex::default(),
        };
        spawned.launch(users).await?;
        Ok(spawned)
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(&self, users: &Users) -> Result<(), Error> {
        {
            let mut slot = self.slot();
            let Some(folder) = &slot.folder else {
                return Err(Error::Backend("was stopped".into()));
            };
            slot.process = Some(Process::start(folder.path(), &self.socket, users)?);
        }
        let deadline = clock::instant() + PATIENCE;
        loop {
            if UnixStream::connect(&self.socket).await.is_ok() {
                return Ok(());
            }
            let died = self.slot().process.as_mut().is_none_or(Process::has_died);
            if died || clock::instant() > deadline {
                let log = self.slot().folder.as_ref().map(|folder| process::last_words(folder.path()));
                return Err(Error::Backend(format!("does not come up: {}", log.unwrap_or_default())));
            }
            clock::wait(BETWEEN_LOOKS).await;
        }
    }

    pub(super) async fn connect(&self) -> io::Result<(Reader, Writer)> {
        let (reader, writer) = UnixStream::connect(&self.socket).await?.into_split();
        Ok((Box::new(reader), Box::new(writer)))
    }

    pub(super) async fn restart(&self, users: &Users) -> Result<(), Error> {
        let _one = self.restarting.lock().await;
        // The drop kills it and waits; the server leaves its socket behind.
        drop(self.slot().process.take());
        let _ = std::fs::remove_file(&self.socket);
        self.launch(users).await
    }

    pub(super) fn kill(&self) {
        let mut slot = self.slot();
        drop(slot.process.take());
        drop(slot.folder.take());
    }
}

impl Drop for Spawned {
    fn drop(&mut self) {
        // The process before its folder.
        self.kill();
    }
}
