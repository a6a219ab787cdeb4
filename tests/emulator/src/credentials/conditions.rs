//! The faults that are in force, endpoint by endpoint.

use super::endpoint::Endpoint;
use crate::clock;
use hyper::StatusCode;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// `Limit` says when a fault ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// When it is cleared.
    Cleared,
    /// After so many requests.
    Count(u64),
    /// After this time.
    Time(Duration),
}

/// `Trouble` is what a request meets in place of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    Failing(StatusCode),
    Throttled,
    Gone,
}

/// `Conditions` is asked at every request.
#[derive(Default)]
pub(super) struct Conditions(Mutex<BTreeMap<Endpoint, Weather>>);

#[derive(Default)]
struct Weather {
    slow: Option<Duration>,
    failing: Option<(StatusCode, Left)>,
    throttled: Option<Left>,
    gone: Option<Left>,
    life: Option<Duration>,
    lie: Duration,
}

/// What is left of a fault.
#[derive(Clone, Copy)]
enum Left {
    Cleared,
    Count(u64),
    Time(Instant),
}

impl Left {
    fn of(limit: Limit) -> Self {
        match limit {
            Limit::Cleared => Self::Cleared,
            Limit::Count(count) => Self::Count(count),
            Limit::Time(time) => Self::Time(clock::after(time)),
        }
    }

    /// Whether the fault strikes once more; counts it.
    fn strikes(&mut self) -> bool {
        match self {
            Self::Cleared => true,
            Self::Time(end) => clock::instant() < *end,
            Self::Count(0) => false,
            Self::Count(count) => {
                *count -= 1;
                true
            }
        }
    }
}

impl Conditions {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Endpoint, Weather>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, endpoint: Endpoint, change: impl FnOnce(&mut Weather)) {
        change(self.all().entry(endpoint).or_default());
    }

    pub(super) fn slow(&self, endpoint: Endpoint, time: Duration) {
        self.change(endpoint, |weather| weather.slow = Some(time));
    }

    pub(super) fn failing(&self, endpoint: Endpoint, status: StatusCode, limit: Limit) {
        self.change(endpoint, |weather| weather.failing = Some((status, Left::of(limit))));
    }

    pub(super) fn throttling(&self, endpoint: Endpoint, limit: Limit) {
        self.change(endpoint, |weather| weather.throttled = Some(Left::of(limit)));
    }

    pub(super) fn gone(&self, endpoint: Endpoint, limit: Limit) {
        self.change(endpoint, |weather| weather.gone = Some(Left::of(limit)));
    }

    pub(super) fn set_life(&self, endpoint: Endpoint, life: Option<Duration>) {
        self.change(endpoint, |weather| weather.life = life);
    }

    pub(super) fn set_lie(&self, endpoint: Endpoint, lie: Duration) {
        self.change(endpoint, |weather| weather.lie = lie);
    }

    /// What a request waits for, and what it meets after that; counts it.
    pub(super) fn meet(&self, endpoint: Endpoint) -> (Option<Duration>, Option<Trouble>) {
        let mut all = self.all();
        let Some(weather) = all.get_mut(&endpoint) else {
            return (None, None);
        };
        let trouble = if weather.gone.as_mut().is_some_and(Left::strikes) {
            Some(Trouble::Gone)
        } else if weather.throttled.as_mut().is_some_and(Left::strikes) {
            Some(Trouble::Throttled)
        } else {
            let failing = weather.failing.as_mut();
            failing.and_then(|(status, left)| left.strikes().then_some(Trouble::Failing(*status)))
        };
        (weather.slow, trouble)
    }

    /// The life that the next key gets in place of its own.
    pub(super) fn life(&self, endpoint: Endpoint) -> Option<Duration> {
        self.all().get(&endpoint).and_then(|weather| weather.life)
    }

    /// How much later than the truth `Expiration` is.
    pub(super) fn lie(&self, endpoint: Endpoint) -> Duration {
        self.all().get(&endpoint).map_or(Duration::ZERO, |weather| weather.lie)
    }

    pub(super) fn clear(&self) {
        self.all().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_strike_one_endpoint_and_end_by_themselves() {
        let conditions = Conditions::default();
        let trouble = |endpoint| conditions.meet(endpoint).1;
        conditions.failing(Endpoint::Imds, StatusCode::BAD_GATEWAY, Limit::Cleared);
        conditions.throttling(Endpoint::Imds, Limit::Count(1));
        conditions.gone(Endpoint::Imds, Limit::Count(1));
        let failing = Some(Trouble::Failing(StatusCode::BAD_GATEWAY));
        let met = [0; 4].map(|_| trouble(Endpoint::Imds));
        assert_eq!(met, [Some(Trouble::Gone), Some(Trouble::Throttled), failing, failing]);
        assert_eq!(trouble(Endpoint::Sts), None);
        conditions.throttling(Endpoint::Sts, Limit::Time(Duration::ZERO));
        assert_eq!(trouble(Endpoint::Sts), None, "over at once");
        conditions.clear();
        assert_eq!(trouble(Endpoint::Imds), None);
    }
}
