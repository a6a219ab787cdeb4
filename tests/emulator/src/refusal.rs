//! Refused logins, told to whoever listens, with what to do about them: clients are told `WRONGPASS` and no more.

use std::fmt;
use tokio::sync::broadcast::{self, error::RecvError, error::TryRecvError};

/// A listener that falls further behind than this misses the oldest.
const KEPT: usize = 1024;

/// `Refusal` is a login that was turned away. It holds no part of a token that could be used again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The section of the configuration that plays the service: `cache`.
    pub front: &'static str,
    /// The user of the login.
    pub user: String,
    /// The name that the client gave itself.
    pub client_name: Option<String>,
    /// Why, as in the record: `wrong-cluster`.
    pub reason: &'static str,
    /// The check behind the reason: `E09`.
    pub check: Option<&'static str>,
    /// What the token says where the check failed.
    pub found: Option<String>,
    /// What to do about it.
    pub advice: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused {}: login of `{}`", self.front, self.user)?;
        if let Some(name) = &self.client_name {
            write!(f, " by `{name}`")?;
        }
        write!(f, ": {}", self.reason)?;
        if let Some(check) = self.check {
            write!(f, " ({check})")?;
        }
        if let Some(found) = &self.found {
            write!(f, ", the token says `{found}`")?;
        }
        write!(f, ": {}", self.advice)
    }
}

/// `Announcer` is what the fronts tell refusals to. A clone tells the same listeners.
#[derive(Clone)]
pub(crate) struct Announcer(broadcast::Sender<Refusal>);

impl Announcer {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(KEPT).0)
    }

    pub(crate) fn tell(&self, refusal: Refusal) {
        // Nobody listening is the ordinary case.
        let _ = self.0.send(refusal);
    }

    pub(crate) fn listen(&self) -> Refusals {
        Refusals(self.0.subscribe())
    }
}

/// `Refusals` hears of each refused login from the moment on that it was made.
#[derive(Debug)]
pub struct Refusals(broadcast::Receiver<Refusal>);

impl Refusals {
    /// Waits for the next one; `None` once there can be no more. May be cancelled without losing any.
    pub async fn next(&mut self) -> Option<Refusal> {
        loop {
            match self.0.recv().await {
                Ok(refusal) => return Some(refusal),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    }

    /// The next one that is there already.
    pub fn ready(&mut self) -> Option<Refusal> {
        loop {
            match self.0.try_recv() {
                Ok(refusal) => return Some(refusal),
                Err(TryRecvError::Lagged(_)) => {}
                Err(TryRecvError::Empty | TryRecvError::Closed) => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(user: &str) -> Refusal {
        Refusal {
            front: "cache",
            user: user.into(),
            client_name: Some("worker-1".into()),
            reason: "wrong-cluster",
            check: Some("E09"),
            found: Some("other".into()),
            advice: "sign for `my-cluster`".into(),
        }
    }

    #[test]
    fn one_line_says_all() {
        assert_eq!(
            refusal("app").to_string(),
            "refused cache: login of `app` by `worker-1`: wrong-cluster (E09), the token says `other`: \
             sign for `my-cluster`"
        );
    }

    #[tokio::test]
    async fn a_slow_listener_misses_the_oldest_only() {
        let announcer = Announcer::new();
        announcer.tell(refusal("before anybody listened"));
        let mut refusals = announcer.listen();
        assert_eq!(refusals.ready(), None);
        for number in 0..=KEPT {
            announcer.tell(refusal(&number.to_string()));
        }
        assert_eq!(refusals.next().await, Some(refusal("1")));
        drop(announcer);
        let mut left = 0;
        while refusals.next().await.is_some() {
            left += 1;
        }
        assert_eq!(left, KEPT - 1);
    }
}
