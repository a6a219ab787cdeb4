//! Who calls: tasks of the runtime that moves the connections, or threads of a host's that move them themselves.

use std::pin::pin;
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};

use keyrotor::host::{Hosting, attend};
use keyrotor::{Client, Cmd, Error, Routing, Value, cmd};
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

/// Where all actors of a stage run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    Runtime,
    /// Each on a thread of its own, as with C and with Python's `Client`.
    Threads,
}

impl Host {
    pub(crate) fn hosting(self) -> Hosting {
        match self {
            Self::Runtime => Hosting::Runtime,
            Self::Threads => Hosting::Callers,
        }
    }

    /// Lets an actor begin, which has to wait by this and by its [`Caller`] alone.
    pub(crate) fn begin(self, runtime: &Handle, actor: impl Future<Output = ()> + Send + 'static) -> Begun {
        match self {
            Self::Runtime => Begun::Task(runtime.spawn(actor)),
            Self::Threads => Begun::Thread(thread::spawn(move || {
                // Each of its waits holds the thread, so that there is nothing to come back for.
                let outcome = pin!(actor).poll(&mut Context::from_waker(Waker::noop()));
                assert!(outcome.is_ready(), "an actor waits elsewhere");
            })),
        }
    }

    pub(crate) async fn pause(self, time: Duration) {
        match self {
            Self::Runtime => tokio::time::sleep(time).await,
            Self::Threads => thread::sleep(time),
        }
    }

    /// Waits for something that an actor does.
    pub(crate) async fn wait<T>(self, work: impl Future<Output = T>) -> T {
        match self {
            Self::Runtime => work.await,
            Self::Threads => attend(work, || Ok::<(), Error>(())).unwrap(),
        }
    }

    /// `None`: it was given up.
    async fn wait_at_most<T>(self, patience: Duration, work: impl Future<Output = T>) -> Option<T> {
        match self {
            Self::Runtime => tokio::time::timeout(patience, work).await.ok(),
            Self::Threads => {
                let end = Instant::now() + patience;
                let is_wanted = || if Instant::now() < end { Ok(()) } else { Err(Ending::GivenUp) };
                match attend(work, is_wanted) {
                    Ok(outcome) => Some(outcome),
                    Err(Ending::GivenUp) => None,
                    Err(Ending::Failed(error)) => panic!("{error}"),
                }
            }
        }
    }
}

enum Ending {
    GivenUp,
    Failed(Error),
}

impl From<Error> for Ending {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// An actor at work.
pub(crate) enum Begun {
    Task(JoinHandle<()>),
    Thread(thread::JoinHandle<()>),
}

impl Begun {
    pub(crate) async fn end(self) {
        match self {
            Self::Task(task) => task.await.unwrap(),
            Self::Thread(thread) => spawn_blocking(|| thread.join().unwrap()).await.unwrap(),
        }
    }
}

/// A client in the hands of an actor.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) client: Client,
    pub(crate) host: Host,
    /// What it reads may be older than what it wrote.
    pub(crate) reads_replicas: bool,
}

impl Caller {
    pub(crate) async fn execute(&self, command: &Cmd) -> Result<Value, Error> {
        self.host.wait(self.client.execute(command)).await
    }

    /// `None`: it was given up, and may have run.
    pub(crate) async fn execute_within(
        &self,
        patience: Duration,
        command: &Cmd,
    ) -> Option<Result<Value, Error>> {
        self.host.wait_at_most(patience, self.client.execute(command)).await
    }

    /// What stands under the key, when all is well.
    pub(crate) async fn at_its_primary(&self, command: &str, key: &str) -> Value {
        let (command, routing) = (cmd(command).arg(key).clone(), Routing::Key(key.into()));
        self.host.wait(self.client.execute_on(&command, &routing)).await.unwrap()
    }
}
