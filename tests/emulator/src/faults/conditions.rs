//! The faults that are in force.

use super::Certificate;
use crate::clock;
use crate::resp;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// `Outage` is an error of the service's own, and its name in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outage {
    pub(crate) reason: &'static str,
    pub(crate) text: &'static str,
}

impl Outage {
    /// More logins than the service takes.
    pub(crate) fn throttled(relogin: bool) -> Self {
        Self { reason: "throttled", text: resp::THROTTLED }.heard(relogin)
    }

    /// A first login hears one text for all of them.
    fn heard(self, relogin: bool) -> Self {
        Self { text: if relogin { self.text } else { resp::UNAVAILABLE }, ..self }
    }
}

/// `Conditions` is asked at every login and every reply.
pub(crate) struct Conditions {
    inner: Mutex<Inner>,
    stalled: watch::Sender<Option<Instant>>,
    closed: AtomicBool,
    /// How many replies are still to be cut, and after how many bytes.
    cuts: AtomicU64,
    cut_after: AtomicU64,
}

#[derive(Default)]
struct Inner {
    refuse: Option<(Option<u64>, Option<String>)>,
    unavailable: Until,
    throttled: Until,
    iam_outage: Until,
    certificate: Certificate,
}

#[derive(Clone, Copy, Default)]
enum Until {
    #[default]
    Off,
    Time(Instant),
    Cleared,
}

impl Until {
    fn of(time: Option<Duration>) -> Self {
        time.map_or(Self::Cleared, |time| Self::Time(clock::after(time)))
    }

    fn on(self) -> bool {
        match self {
            Self::Off => false,
            Self::Time(end) => clock::instant() < end,
            Self::Cleared => true,
        }
    }
}

impl Conditions {
    pub(crate) fn new() -> Self {
        Self {
            inner: Mutex::default(),
            stalled: watch::Sender::new(None),
            closed: AtomicBool::new(false),
            cuts: AtomicU64::new(0),
            cut_after: AtomicU64::new(0),
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn refuse(&self, count: Option<u64>, token: Option<String>) {
        self.inner().refuse = Some((count, token));
    }

    /// Whether this login is to be refused; counts it.
    pub(crate) fn refuses(&self, token_sha256: &str) -> bool {
        let mut inner = self.inner();
        let Some((count, token)) = &mut inner.refuse else {
            return false;
        };
        if token.as_ref().is_some_and(|token| token != token_sha256) {
            return false;
        }
        match count {
            None => true,
            Some(0) => false,
            Some(count) => {
                *count -= 1;
                true
            }
        }
    }

    pub(crate) fn unavailable(&self, time: Option<Duration>) {
        self.inner().unavailable = Until::of(time);
    }

    pub(crate) fn throttle(&self, time: Option<Duration>) {
        self.inner().throttled = Until::of(time);
    }

    pub(crate) fn iam_outage(&self, time: Option<Duration>) {
        self.inner().iam_outage = Until::of(time);
    }

    pub(crate) fn present(&self, certificate: Certificate) {
        self.inner().certificate = certificate;
    }

    /// The certificate for the next handshake.
    pub(crate) fn certificate(&self) -> Certificate {
        self.inner().certificate
    }

    /// The error that a login meets, if any.
    pub(crate) fn outage(&self, relogin: bool) -> Option<Outage> {
        let inner = self.inner();
        if inner.unavailable.on() && !relogin {
            Some(Outage { reason: "unavailable", text: resp::UNAVAILABLE })
        } else if inner.throttled.on() {
            Some(Outage::throttled(relogin))
        } else if inner.iam_outage.on() {
            Some(Outage { reason: "iam-outage", text: resp::IAM_OUTAGE }.heard(relogin))
        } else {
            None
        }
    }

    pub(crate) fn stall(&self, until: Instant) {
        self.stalled.send_replace(Some(until));
    }

    /// Waits while replies are held back.
    pub(crate) async fn held_back(&self) {
        // Asked for every piece of a reply, and nearly always for nothing.
        if self.stalled.borrow().is_none() {
            return;
        }
        let mut stalled = self.stalled.subscribe();
        loop {
            let until = *stalled.borrow_and_update();
            let Some(until) = until.filter(|until| *until > clock::instant()) else {
                return;
            };
            // The sender lives as long as `self`, so `changed` cannot fail.
            tokio::select! {
                () = clock::wait_until(until) => {}
                _ = stalled.changed() => {}
            }
        }
    }

    pub(crate) fn cut_replies(&self, after: u64, count: u64) {
        self.cut_after.store(after, Relaxed);
        self.cuts.store(count, Relaxed);
    }

    /// After how many bytes the next reply is to be cut.
    pub(crate) fn cut(&self) -> Option<u64> {
        (self.cuts.load(Relaxed) > 0).then(|| self.cut_after.load(Relaxed))
    }

    /// Counts a cut; `false` if none is left.
    pub(crate) fn claim_cut(&self) -> bool {
        self.cuts.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(crate) fn listen(&self, open: bool) {
        self.closed.store(!open, Relaxed);
    }

    pub(crate) fn takes_connections(&self) -> bool {
        !self.closed.load(Relaxed)
    }

    pub(crate) fn clear(&self) {
        *self.inner() = Inner::default();
        self.stalled.send_replace(None);
        self.cut_replies(0, 0);
        self.listen(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_counted_and_aimed() {
        let conditions = Conditions::new();
        assert!(!conditions.refuses("a"));
        conditions.refuse(Some(1), Some("a".into()));
        assert_eq!(["b", "a", "a"].map(|token| conditions.refuses(token)), [false, true, false]);
        conditions.refuse(None, None);
        assert!(conditions.refuses("b") && conditions.refuses("b"));
        conditions.clear();
        assert!(!conditions.refuses("b"));
    }

    #[test]
    fn first_logins_and_later_ones_meet_different_texts() {
        let conditions = Conditions::new();
        conditions.unavailable(None);
        assert_eq!(conditions.outage(true), None);
        assert_eq!(conditions.outage(false).map(|outage| outage.reason), Some("unavailable"));
        conditions.unavailable(Some(Duration::ZERO));
        conditions.throttle(None);
        let texts = [true, false].map(|relogin| conditions.outage(relogin).map(|outage| outage.text));
        assert_eq!(texts, [Some(resp::THROTTLED), Some(resp::UNAVAILABLE)]);
        conditions.throttle(Some(Duration::ZERO));
        conditions.iam_outage(Some(Duration::from_secs(60)));
        assert_eq!(conditions.outage(true).map(|outage| outage.text), Some(resp::IAM_OUTAGE));
    }
}
