//! One client connection's standing: its login, its lease, its counts.

mod subscriptions;

use crate::clock;
use crate::record::{Closed, Connection};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use subscriptions::Subscriptions;
use tokio::sync::watch;
use tokio::time::Instant;

/// `Session` is shared by the connection's task, the record and the faults.
pub(crate) struct Session {
    pub(crate) id: u64,
    pub(crate) node: usize,
    pub(crate) peer_port: u16,
    opened: String,
    pub(crate) forwarded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) tls_resumed: AtomicBool,
    forgotten: AtomicBool,
    end: watch::Sender<Option<Closed>>,
    lease: watch::Sender<Option<Instant>>,
    standing: Mutex<Standing>,
}

#[derive(Default)]
struct Standing {
    name: Option<String>,
    logins: u64,
    in_force: Option<Grant>,
    /// The user of the last login that took effect, whether its token prolonged or not.
    user: Option<String>,
    in_multi: bool,
    queued: Vec<Grant>,
    resp3: bool,
    subscriptions: Subscriptions,
}

/// `Grant` is an accepted token, by its hash and its date.
#[derive(Clone)]
pub(crate) struct Grant {
    pub(crate) user: String,
    pub(crate) token_sha256: String,
    pub(crate) signed: SystemTime,
    /// How long the session may last from the moment the grant counts.
    pub(crate) lease: Duration,
    /// Whether the token that is in force may prolong.
    pub(crate) again: bool,
}

impl Session {
    pub(crate) fn new(id: u64, node: usize, peer_port: u16, opened: String) -> Self {
        Self {
            id,
            node,
            peer_port,
            opened,
            forwarded: AtomicU64::new(0),
            refused: AtomicU64::new(0),
            tls_resumed: AtomicBool::new(false),
            forgotten: AtomicBool::new(false),
            end: watch::Sender::new(None),
            lease: watch::Sender::new(None),
            standing: Mutex::default(),
        }
    }

    fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an accepted login; in MULTI it takes effect with EXEC.
    pub(crate) fn grant(&self, grant: Grant) {
        let mut standing = self.standing();
        standing.logins += 1;
        self.forgotten.store(false, Relaxed);
        if standing.in_multi {
            standing.queued.push(grant);
        } else {
            self.apply(&mut standing, grant);
        }
    }

    fn apply(&self, standing: &mut Standing, grant: Grant) {
        standing.user = Some(grant.user.clone());
        let prolongs = standing.in_force.as_ref().is_none_or(|old| {
            let same = old.token_sha256 == grant.token_sha256;
            if same { grant.again } else { grant.signed >= old.signed }
        });
        if prolongs {
            self.lease.send_replace(Some(clock::after(grant.lease)));
            standing.in_force = Some(grant);
        }
    }

    /// Whether this connection has logged in before.
    pub(crate) fn has_logged_in(&self) -> bool {
        self.standing().logins > 0
    }

    /// The user that it is logged in as.
    pub(crate) fn user(&self) -> Option<String> {
        self.standing().user.clone()
    }

    pub(crate) fn lease_left(&self) -> Option<f64> {
        let ends = *self.lease.borrow();
        ends.map(|ends| ends.saturating_duration_since(clock::instant()).as_secs_f64())
    }

    /// RESET: the login, the lease, the name and the transaction are gone.
    pub(crate) fn reset(&self) {
        let mut standing = self.standing();
        let logins = standing.logins;
        *standing = Standing { logins, ..Standing::default() };
        self.lease.send_replace(None);
        self.forgotten.store(false, Relaxed);
    }

    pub(crate) fn multi(&self) {
        self.standing().in_multi = true;
    }

    pub(crate) fn in_multi(&self) -> bool {
        self.standing().in_multi
    }

    /// EXEC (`run`) or DISCARD ends the transaction.
    pub(crate) fn leave_multi(&self, run: bool) {
        let mut standing = self.standing();
        standing.in_multi = false;
        let queued = std::mem::take(&mut standing.queued);
        if run {
            queued.into_iter().for_each(|grant| self.apply(&mut standing, grant));
        }
    }

    /// HELLO chose a protocol version.
    pub(crate) fn hello(&self, resp3: bool) {
        self.standing().resp3 = resp3;
    }

    /// Follows SUBSCRIBE and its kind; other commands are no matter.
    pub(crate) fn follow(&self, command: &str, names: &[Vec<u8>]) {
        self.standing().subscriptions.follow(command, names);
    }

    /// Whether the backend refuses a login, whatever its token: a subscriber in RESP2 may only subscribe.
    pub(crate) fn only_listens(&self) -> bool {
        let standing = self.standing();
        !standing.resp3 && standing.subscriptions.any()
    }

    /// The forget fault: NOAUTH until the next login.
    pub(crate) fn forget(&self) {
        self.standing().in_force = None;
        self.forgotten.store(true, Relaxed);
    }

    pub(crate) fn is_forgotten(&self) -> bool {
        self.forgotten.load(Relaxed)
    }

    pub(crate) fn set_name(&self, name: &[u8]) {
        self.standing().name = (!name.is_empty()).then(|| shown(name));
    }

    pub(crate) fn name(&self) -> Option<String> {
        self.standing().name.clone()
    }

    /// Ends the connection.
    pub(crate) fn end(&self, why: Closed) {
        self.end.send_replace(Some(why));
    }

    /// Waits until the connection is to end: by command, or at the session limit.
    pub(crate) async fn over(&self) -> Closed {
        let (mut end, mut lease) = (self.end.subscribe(), self.lease.subscribe());
        loop {
            if let Some(why) = *end.borrow_and_update() {
                return why;
            }
            let ends = *lease.borrow_and_update();
            let limit = async {
                match ends {
                    Some(ends) => clock::wait_until(ends).await,
                    None => std::future::pending().await,
                }
            };
            // The senders live as long as `self`, so `changed` cannot fail.
            tokio::select! {
                _ = end.changed() => {}
                _ = lease.changed() => {}
                () = limit => return Closed::SessionLimit,
            }
        }
    }

    /// The connection as the record shows it.
    pub(crate) fn describe(&self, closed: Option<(String, Closed)>) -> Connection {
        let standing = self.standing();
        let (closed, why) = closed.unzip();
        Connection {
            id: self.id,
            node: self.node,
            peer_port: self.peer_port,
            opened: self.opened.clone(),
            closed,
            why,
            client_name: standing.name.clone(),
            user: standing.user.clone(),
            lease_left_seconds: self.lease_left().filter(|_| why.is_none()),
            commands_forwarded: self.forwarded.load(Relaxed),
            commands_refused: self.refused.load(Relaxed),
            logins: standing.logins,
            relogins: standing.logins.saturating_sub(1),
            tls_resumed: self.tls_resumed.load(Relaxed),
        }
    }
}

/// A name that a client sent, for the record: clients that mix up arguments send tokens as names.
pub(crate) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let token = name.len() > 128 || text.to_ascii_lowercase().contains("x-amz-");
    if token { "(not shown: looks like a token)".to_owned() } else { text.into_owned() }
}
