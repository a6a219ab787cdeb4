//! A server of our own: started on a private socket, killed at the end.

mod process;
mod settings;

use super::{Reader, Users, Writer};
use crate::Error;
use crate::clock;
use crate::host::account;
use crate::reserved::Reserved;
use process::Process;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;

const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_LOOKS: Duration = Duration::from_millis(10);

/// `Spawned` keeps one server running.
pub(super) struct Spawned {
    plan: Plan,
    socket: PathBuf,
    slot: Mutex<Slot>,
    /// One start or stop at a time.
    changing: tokio::sync::Mutex<()>,
}

/// `Plan` is what to start.
pub(crate) struct Plan {
    /// The program, if not the usual one.
    pub(crate) program: Option<PathBuf>,
    pub(crate) users: Arc<Users>,
    /// Where the server is one of a cluster's.
    pub(crate) member: Option<Member>,
}

/// `Member` is a server's place in a cluster.
pub(crate) struct Member {
    /// Where its clients find it, which is not where it listens.
    pub(crate) ip: IpAddr,
    pub(crate) port: u16,
    /// The port on which the servers talk among themselves.
    pub(crate) bus: Bus,
    pub(crate) node_timeout: Duration,
}

/// `Bus` holds the port while the server is not there to do it.
pub(crate) struct Bus(Reserved);

impl Bus {
    /// Takes a free port.
    pub(crate) fn new(ip: IpAddr) -> Result<Self, Error> {
        let reserved = Reserved::new(SocketAddr::new(ip, 0));
        reserved.map(Self).map_err(|source| Error::Listen { what: "the cluster's servers", source })
    }

    pub(crate) fn port(&self) -> u16 {
        self.0.address().port()
    }
}

struct Slot {
    process: Option<Process>,
    /// Gone once the server was killed for good.
    folder: Option<TempDir>,
}

impl Spawned {
    pub(super) async fn start(plan: Plan) -> Result<Self, Error> {
        let folder = account::folder()?;
        let program = plan.program.map(|program| account::runnable(&program, folder.path())).transpose()?;
        let plan = Plan { program, ..plan };
        let spawned = Self {
            plan,
            socket: folder.path().join("redis.sock"),
            slot: Mutex::new(Slot { process: None, folder: Some(folder) }),
            changing: tokio::sync::Mutex::default(),
        };
        spawned.launch().await?;
        Ok(spawned)
    }

    pub(super) fn member(&self) -> Option<&Member> {
        self.plan.member.as_ref()
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
            let Plan { program, users, member } = &self.plan;
            let settings = settings::text(folder.path(), &self.socket, users, member.as_ref());
            slot.process = Some(Process::start(program.as_deref(), folder.path(), &settings)?);
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

    /// Opens a connection for commands of our own.
    pub(super) async fn connect_plainly(&self) -> io::Result<UnixStream> {
        UnixStream::connect(&self.socket).await
    }

    pub(super) async fn restart(&self) -> Result<(), Error> {
        let _one = self.changing.lock().await;
        self.end();
        self.launch().await
    }

    /// Kills the server; its folder stays.
    pub(super) async fn stop(&self) {
        let _one = self.changing.lock().await;
        self.end();
    }

    /// Starts the server again, if it was stopped or has ended.
    pub(super) async fn resume(&self) -> Result<(), Error> {
        let _one = self.changing.lock().await;
        if self.is_running() {
            return Ok(());
        }
        self.end();
        self.launch().await
    }

    pub(super) fn is_running(&self) -> bool {
        self.slot().process.as_mut().is_some_and(|process| !process.has_died())
    }

    fn end(&self) {
        // The drop kills it and waits; the server leaves its socket behind.
        drop(self.slot().process.take());
        let _ = std::fs::remove_file(&self.socket);
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
