//! What all actors share: what is broken at the moment, what they have to complain about, how far they got.

use std::fmt;
use std::sync::atomic::Ordering::SeqCst;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keyrotor::{Code, Error};

use crate::plan::Stage;

/// Complaints that are kept: a few say enough.
const MOST_COMPLAINTS: usize = 20;

#[derive(Default)]
pub(crate) struct World {
    pub(crate) is_cluster: bool,
    is_over: AtomicBool,
    /// A fault is in force, or not everybody has got over it.
    is_broken: AtomicBool,
    /// … and hits logins.
    logins_fail: AtomicBool,
    /// … and loses writes.
    loses_writes: AtomicBool,
    complaints: Mutex<Vec<String>>,
    actors: Mutex<Vec<(String, Progress)>>,
    pub(crate) failures: AtomicU64,
    /// Commands that failed, and may have run.
    pub(crate) in_doubt: AtomicU64,
    /// Commands that nobody wanted to wait for any more.
    pub(crate) given_up: AtomicU64,
    /// Acknowledged writes that were gone after a fault that may lose some.
    pub(crate) lost: AtomicU64,
}

/// Counts what an actor gets done, and remembers why it does not.
#[derive(Clone, Default)]
pub(crate) struct Progress {
    done: Arc<AtomicU64>,
    /// How often it failed since, and the last time how.
    failures: Arc<Mutex<(u64, String)>>,
}

impl Progress {
    pub(crate) fn note(&self) {
        self.done.fetch_add(1, SeqCst);
        *self.failures.lock().unwrap() = Default::default();
    }

    pub(crate) fn note_failure(&self, error: &Error) {
        let mut failures = self.failures.lock().unwrap();
        *failures = (failures.0 + 1, format!("{} {error}", error.name()));
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failures = self.failures.lock().unwrap();
        let done = self.done.load(SeqCst);
        write!(formatter, "{done} done, then {} failures, at last {:?}", failures.0, failures.1)
    }
}

impl World {
    pub(crate) fn of(stage: Stage) -> Self {
        Self { is_cluster: stage == Stage::Cluster, ..Self::default() }
    }

    pub(crate) fn enlist(&self, name: impl Into<String>) -> Progress {
        let progress = Progress::default();
        self.actors.lock().unwrap().push((name.into(), progress.clone()));
        progress
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(SeqCst)
    }

    pub(crate) fn end(&self) {
        self.is_over.store(true, SeqCst);
    }

    pub(crate) fn break_it(&self, logins_fail: bool, loses_writes: bool) {
        self.logins_fail.store(logins_fail, SeqCst);
        self.loses_writes.store(loses_writes, SeqCst);
        self.is_broken.store(true, SeqCst);
    }

    pub(crate) fn is_healed(&self) {
        self.break_it(false, false);
        self.is_broken.store(false, SeqCst);
    }

    pub(crate) fn is_broken(&self) -> bool {
        self.is_broken.load(SeqCst)
    }

    pub(crate) fn loses_writes(&self) -> bool {
        self.loses_writes.load(SeqCst)
    }

    pub(crate) fn complain(&self, what: impl Into<String>) {
        let mut complaints = self.complaints.lock().unwrap();
        if complaints.len() < MOST_COMPLAINTS {
            complaints.push(what.into());
        }
    }

    /// Judges an error that an actor got. `true` where it is not known whether the command ran.
    pub(crate) fn is_in_doubt(&self, who: &str, error: &Error) -> bool {
        self.failures.fetch_add(1, SeqCst);
        let is_about_login = error.name().starts_with("auth-") || error.name().starts_with("credentials-");
        let is_fine = match error.code() {
            _ if !self.is_broken() => false,
            // Nobody said no; a server under such a load says nothing for a while.
            Code::RequestTimeout | Code::AuthTimeout => true,
            _ if is_about_login => self.logins_fail.load(SeqCst),
            // A cluster that is a node short says so.
            Code::ServerError => self.loses_writes(),
            _ => error.name().starts_with("network-"),
        };
        if !is_fine {
            self.complain(format!("{who}: {} {error}", error.name()));
        }
        let is_in_doubt = matches!(error.code(), Code::NetworkDisconnected | Code::RequestTimeout);
        self.in_doubt.fetch_add(is_in_doubt.into(), SeqCst);
        is_in_doubt
    }

    /// Waits until each actor has got something done that it began after this. Returns how long that took.
    pub(crate) async fn all_go_on(&self, within: Duration) -> Duration {
        let actors = self.actors.lock().unwrap().clone();
        let counts = || -> Vec<_> { actors.iter().map(|(_, progress)| progress.done.load(SeqCst)).collect() };
        let (before, start) = (counts(), Instant::now());
        loop {
            // The one that was on its way may have begun before.
            let pairs = counts().into_iter().zip(&before).zip(&actors);
            let behind: Vec<_> =
                pairs.filter(|((now, before), _)| *now < *before + 2).map(|it| it.1).collect();
            if behind.is_empty() {
                return start.elapsed();
            }
            if start.elapsed() > within {
                self.complain(format!("after {within:?} these do not go on: {behind:?}"));
                return start.elapsed();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) fn has_complaints(&self) -> bool {
        !self.complaints.lock().unwrap().is_empty()
    }

    pub(crate) fn check(&self) {
        let complaints = self.complaints.lock().unwrap().clone();
        if !complaints.is_empty() {
            self.end();
            panic!("{complaints:#?}");
        }
    }
}
