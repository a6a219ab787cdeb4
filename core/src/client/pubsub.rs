//! Subscriptions that outlive connections, tokens and logins.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use keyrotor_proto::Code;
use redis::cmd;

use super::connection::{Connection, Role};
use super::establish::Patience;
use super::heal::Renewal;
use super::link::Link;
use super::pace::{self, ShortLives};
use super::pushes::{PubSubEvent, Pushes};
use super::runner::{Runner, Task};
use super::session::{self, Ending, Session};
use super::topology::Topology;
use super::wire::Deadline;
use crate::config::Subscriptions;
use crate::error::{Error, Result};

/// A subscriber: its channels and patterns, on a connection of its own that is replaced when it is lost, and the
/// messages that came.
///
/// With RESP3 it logs in again on the live connection. With RESP2 a subscriber cannot log in, so before its lease ends
/// the connection is replaced; the [`Gap`](super::Gap) says from when to when nothing was seen.
///
/// It may be shared between threads; each event goes to one reader. Dropping it closes its connection.
pub struct Subscriber {
    listener: Arc<Listener>,
}

pub(super) struct Listener {
    session: Arc<Session>,
    /// In a cluster any node will do, since each has all messages.
    topology: Arc<Topology>,
    pushes: Arc<Pushes>,
    wanted: Mutex<Wanted>,
    link: Link,
    /// One change of what is subscribed at a time; with it the new connection takes the old one's place.
    changing: tokio::sync::Mutex<()>,
    supervisor: Mutex<Option<Task>>,
}

#[derive(Default)]
struct Wanted {
    channels: BTreeSet<Vec<u8>>,
    patterns: BTreeSet<Vec<u8>>,
}

/// A change of what is subscribed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Subscribe,
    PatternSubscribe,
    Unsubscribe,
    PatternUnsubscribe,
}

impl Change {
    fn command(self) -> &'static str {
        match self {
            Self::Subscribe => "SUBSCRIBE",
            Self::PatternSubscribe => "PSUBSCRIBE",
            Self::Unsubscribe => "UNSUBSCRIBE",
            Self::PatternUnsubscribe => "PUNSUBSCRIBE",
        }
    }

    fn note(self, wanted: &mut Wanted, names: &[Vec<u8>]) {
        let (set, is_wanted) = match self {
            Self::Subscribe => (&mut wanted.channels, true),
            Self::PatternSubscribe => (&mut wanted.patterns, true),
            Self::Unsubscribe => (&mut wanted.channels, false),
            Self::PatternUnsubscribe => (&mut wanted.patterns, false),
        };
        for name in names {
            if is_wanted {
                set.insert(name.clone());
            } else {
                set.remove(name);
            }
        }
    }
}

impl Subscriber {
    /// Connects and subscribes; a failure leaves nothing behind.
    pub(super) async fn connect(
        session: &Arc<Session>,
        topology: &Arc<Topology>,
        subscriptions: Subscriptions,
    ) -> Result<Self> {
        let runner = session.runner()?;
        let listener = Arc::new(Listener {
            session: Arc::clone(session),
            topology: Arc::clone(topology),
            pushes: Arc::new(Pushes::new(session.settings.resp3)),
            wanted: Mutex::new(Wanted {
                channels: subscriptions.channels.into_iter().collect(),
                patterns: subscriptions.patterns.into_iter().collect(),
            }),
            link: Link::new(),
            changing: tokio::sync::Mutex::default(),
            supervisor: Mutex::default(),
        });
        let connection = listener.establish(&runner, Patience::Fails, None).await?;
        // From here on, its drop ends what has begun.
        let subscriber = Self { listener: Arc::clone(&listener) };
        let supervising = supervise(Arc::clone(&listener), Arc::clone(&runner), connection);
        *listener.supervisor() = Some(runner.spawn(Box::pin(supervising)));
        session.note_listener(&listener)?;
        Ok(subscriber)
    }

    /// Subscribes to channels; ends when the server has confirmed it. While there is no connection it waits for the
    /// next one, for as long as the request's timeout allows.
    ///
    /// # Errors
    /// As [`Client::execute`](super::Client::execute); after one nothing of it is subscribed.
    pub async fn subscribe<N: AsRef<[u8]> + Sync>(&self, channels: &[N]) -> Result<()> {
        self.listener.change(Change::Subscribe, &owned(channels)).await
    }

    /// [`subscribe`](Self::subscribe) to all channels that match a pattern.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn psubscribe<N: AsRef<[u8]> + Sync>(&self, patterns: &[N]) -> Result<()> {
        self.listener.change(Change::PatternSubscribe, &owned(patterns)).await
    }

    /// Ends subscriptions to these channels. Messages that have come may still be taken.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn unsubscribe<N: AsRef<[u8]> + Sync>(&self, channels: &[N]) -> Result<()> {
        self.listener.change(Change::Unsubscribe, &owned(channels)).await
    }

    /// Ends subscriptions to these patterns.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    pub async fn punsubscribe<N: AsRef<[u8]> + Sync>(&self, patterns: &[N]) -> Result<()> {
        self.listener.change(Change::PatternUnsubscribe, &owned(patterns)).await
    }

    /// The next event, in the order in which they came. `None` after the close, of this or of the client, when
    /// everything that had come was taken. Cancelling it loses nothing.
    ///
    /// In a forked child of the process that it was made in it is closed.
    pub async fn next(&self) -> Option<PubSubEvent> {
        self.listener.pushes().ok()?.next().await
    }

    /// The next event, if one has come.
    pub fn try_next(&self) -> Option<PubSubEvent> {
        self.take().ok().flatten()
    }

    /// The next event, waited for this long at most; `None` where none came. Cancelling it loses nothing.
    ///
    /// # Errors
    /// [`Code::Closed`] after the close, when everything that had come was taken.
    pub async fn next_within(&self, within: Duration) -> Result<Option<PubSubEvent>> {
        let pushes = self.listener.pushes()?;
        // Without a runner the client is closed, and the end is there already.
        let Ok(runner) = self.listener.session.runner() else { return self.take() };
        tokio::select! {
            biased;
            event = pushes.next() => event.map(Some).ok_or_else(closed),
            () = runner.sleep(within) => Ok(None),
        }
    }

    /// The next event, if one has come. As [`try_next`](Self::try_next), but it tells of the end.
    ///
    /// # Errors
    /// As [`next_within`](Self::next_within).
    pub fn take(&self) -> Result<Option<PubSubEvent>> {
        self.listener.pushes()?.try_next().map_err(|_| closed())
    }

    /// Ends when there is something to [`take`](Self::take), its end included. It takes nothing itself, for hosts that
    /// may give up the waiting after it has ended.
    pub async fn ready(&self) {
        if let Ok(pushes) = self.listener.pushes() {
            pushes.ready().await;
        }
    }

    /// Closes the connection. Harmless when repeated.
    pub fn close(&self) {
        let is_inherited = self.listener.session.is_inherited();
        self.listener.close(if is_inherited { &Ending::Inherited } else { &Ending::Here });
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        self.close();
    }
}

impl std::fmt::Debug for Subscriber {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Subscriber").finish_non_exhaustive()
    }
}

fn closed() -> Error {
    Error::closed("subscriber")
}

fn owned<N: AsRef<[u8]>>(names: &[N]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_ref().to_vec()).collect()
}

impl Listener {
    /// What has come.
    ///
    /// # Errors
    /// [`Code::Closed`] in a forked child: nothing more comes there.
    fn pushes(&self) -> Result<&Pushes> {
        if self.session.is_inherited() {
            let message = "this subscriber belongs to the process that was forked; make one in the child";
            return Err(Error::new(Code::Closed, message));
        }
        Ok(&self.pushes)
    }

    async fn change(&self, change: Change, names: &[Vec<u8>]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let runner = self.session.runner()?;
        let deadline = self.session.deadline(&*runner);
        let late = || self.link.timed_out(deadline.within);
        let changed = async {
            loop {
                let connection = self.link.connection().await?;
                let _one_at_a_time = self.changing.lock().await;
                match self.send(&connection, change, names, deadline, &*runner).await {
                    Ok(()) => {
                        change.note(&mut self.wanted(), names);
                        return Ok(());
                    }
                    // Done twice it is the same, so the next connection may be asked.
                    Err(error) if error.code() == Code::NetworkDisconnected => {}
                    Err(error) => return Err(error),
                }
            }
        };
        session::by(deadline, &*runner, changed, late).await
    }

    /// Asks for a change, and once more after healing where the server forgot the login.
    async fn send(
        &self,
        connection: &Connection,
        change: Change,
        names: &[Vec<u8>],
        deadline: Deadline,
        runner: &dyn Runner,
    ) -> Result<()> {
        let mut command = cmd(change.command());
        command.arg(names);
        let login = connection.login();
        match connection.submit_confirmed(&command, names.len(), deadline).await {
            Err(error) if error.code() == Code::AuthRequired => {
                self.session.heal(connection, login, runner).await?;
                connection.submit_confirmed(&command, names.len(), deadline).await
            }
            other => other,
        }
    }

    /// A new connection with all that is wanted. `old` is closed just before, so that no message comes twice.
    async fn establish(
        &self,
        runner: &Arc<dyn Runner>,
        patience: Patience,
        old: Option<&Connection>,
    ) -> Result<Arc<Connection>> {
        let role = Role::Subscriber(Arc::clone(&self.pushes));
        let target = self.topology.any_target(self.session.deadline(&**runner), runner).await?;
        let connection = self.session.establish(&target, role, patience, runner).await?;
        if let Some(old) = old {
            old.close();
            old.end().await;
            self.pushes.expect_gap();
        }
        let _one_at_a_time = self.changing.lock().await;
        let (channels, patterns): (Vec<_>, Vec<_>) = {
            let wanted = self.wanted();
            (wanted.channels.iter().cloned().collect(), wanted.patterns.iter().cloned().collect())
        };
        let deadline = self.session.deadline(&**runner);
        for (change, names) in [(Change::Subscribe, channels), (Change::PatternSubscribe, patterns)] {
            if !names.is_empty() {
                self.send(&connection, change, &names, deadline, &**runner).await?;
            }
        }
        self.link.set_up(&connection);
        Ok(connection)
    }

    /// A connection in place of `old`.
    async fn reconnect(&self, runner: &Arc<dyn Runner>, old: &Connection) -> Arc<Connection> {
        let mut attempt = 0;
        let mut patience = Patience::Fails;
        loop {
            let error = match self.establish(runner, patience, Some(old)).await {
                Ok(connection) => return connection,
                Err(error) => error,
            };
            attempt += 1;
            tracing::warn!(attempt, "no subscription: {error}");
            let pause = pace::pause(&error, attempt, &self.session.settings.retry, rand::random());
            if old.has_ended() {
                if attempt == 1 {
                    self.pushes.put_interruption(error.clone());
                }
                self.link.set_down(Some(error));
            }
            runner.sleep(pause).await;
            patience = Patience::Waits;
        }
    }

    pub(super) fn close(&self, ending: &Ending) {
        match ending {
            Ending::Inherited => std::mem::forget(self.supervisor().take()),
            Ending::Here => {
                // First, or it would replace the connection that ends here.
                drop(self.supervisor().take());
                if let Some(connection) = self.link.connected() {
                    connection.close();
                }
                self.link.close();
                self.pushes.close();
            }
        }
    }

    fn wanted(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn supervisor(&self) -> MutexGuard<'_, Option<Task>> {
        self.supervisor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tends the connection, and replaces it when it ends or cannot be kept logged in.
async fn supervise(listener: Arc<Listener>, runner: Arc<dyn Runner>, mut connection: Arc<Connection>) {
    let renewal = if listener.session.settings.resp3 { Renewal::OnIt } else { Renewal::ByAnother };
    let mut lives = ShortLives::default();
    loop {
        let born = runner.now();
        listener.session.tend(&connection, renewal, &*runner).await;
        if connection.has_ended() {
            listener.link.set_down(None);
        }
        if let Some(pause) = lives.pause_after(runner.now() - born, &listener.session.settings.retry) {
            runner.sleep(pause).await;
        }
        connection = listener.reconnect(&runner, &connection).await;
        listener.session.count_reconnect();
        listener.pushes.put_gap();
    }
}
