//! A PostgreSQL of our own behind the front: made at the start, reached over a private socket, gone at the end.

mod admin;
mod programs;
mod roles;

use super::config::Settings;
use crate::Error;
use crate::clock;
use crate::host::{Guarded, account};
use programs::Programs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;

pub(crate) use roles::Login;

/// A starved machine takes many times the usual second.
const PATIENCE: Duration = Duration::from_secs(60);
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
const SOCKET: &str = ".s.PGSQL.5432";

/// `Postgres` keeps one server running. Its data stays over a restart.
pub(crate) struct Postgres {
    programs: Programs,
    socket: PathBuf,
    slot: Mutex<Slot>,
    /// One restart at a time.
    restarting: tokio::sync::Mutex<()>,
}

struct Slot {
    process: Option<Guarded>,
    /// Gone once the server was stopped for good.
    folder: Option<TempDir>,
}

impl Postgres {
    /// Makes a database cluster, starts its server and prepares roles and database.
    ///
    /// # Errors
    /// No PostgreSQL on this machine, one that does not come up, statements of the settings that fail.
    pub(crate) async fn start(settings: &Settings, login: Login) -> Result<Self, Error> {
        let programs = Programs::find()?;
        let folder = account::folder()?;
        let maker = programs.clone();
        let made = tokio::task::spawn_blocking(move || maker.make(folder.path()).map(|()| folder)).await;
        let folder =
            made.map_err(|error| Error::Backend(format!("initdb was not waited for: {error}")))??;
        login.write_rules(folder.path())?;
        let server = Self {
            programs,
            socket: folder.path().join(SOCKET),
            slot: Mutex::new(Slot { process: None, folder: Some(folder) }),
            restarting: tokio::sync::Mutex::default(),
        };
        server.launch().await?;
        roles::prepare(&server, settings).await?;
        Ok(server)
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn launch(&self) -> Result<(), Error> {
        {
            let mut slot = self.slot();
            let Some(folder) = &slot.folder else {
                return Err(Error::Backend("was stopped".into()));
            };
            slot.process = Some(self.programs.serve(folder.path())?);
        }
        let deadline = clock::instant() + PATIENCE;
        loop {
            if admin::is_ready(&self.socket).await {
                return Ok(());
            }
            let died = self.slot().process.as_mut().is_none_or(Guarded::has_died);
            if died || clock::instant() > deadline {
                let log = self.slot().folder.as_ref().map(|folder| programs::last_words(folder.path()));
                return Err(Error::Backend(format!("does not come up: {}", log.unwrap_or_default())));
            }
            clock::wait(BETWEEN_LOOKS).await;
        }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.socket).await
    }

    fn socket(&self) -> &Path {
        &self.socket
    }

    /// Stops the server as in an emergency, and starts it anew.
    ///
    /// # Errors
    /// A server that does not come up, or was stopped for good.
    pub(crate) async fn restart(&self) -> Result<(), Error> {
        let _one = self.restarting.lock().await;
        // The drop waits for it and all of its processes.
        drop(self.slot().process.take());
        self.launch().await
    }

    /// Stops the server for good, and removes its files.
    pub(crate) fn stop(&self) {
        let mut slot = self.slot();
        drop(slot.process.take());
        drop(slot.folder.take());
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // The process before its folder.
        self.stop();
    }
}
