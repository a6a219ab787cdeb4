//! The faults of HTTP endpoints that are in force, endpoint by endpoint.

use crate::clock;
use crate::control::Body;
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

impl Limit {
    /// Takes `count` or `milliseconds` out of a request to the control API.
    pub(crate) fn read(body: &mut Body) -> Result<Self, String> {
        match (body.number("count")?, body.milliseconds()?) {
            (None, None) => Ok(Self::Cleared),
            (Some(count), None) => Ok(Self::Count(count)),
            (None, Some(time)) => Ok(Self::Time(time)),
            (Some(_), Some(_)) => Err("count: not together with milliseconds".into()),
        }
    }
}

/// `Trouble` is what a request meets in place of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Failing(StatusCode),
    Throttled,
    Gone,
}

/// `Conditions` is asked at every request to one of a front's endpoints.
pub(crate) struct Conditions<Endpoint>(Mutex<BTreeMap<Endpoint, Weather>>);

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

impl<Endpoint> Default for Conditions<Endpoint> {
    fn default() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }
}

impl<Endpoint: Copy + Ord> Conditions<Endpoint> {
    fn all(&self) -> MutexGuard<'_, BTreeMap<Endpoint, Weather>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, endpoint: Endpoint, change: impl FnOnce(&mut Weather)) {
        change(self.all().entry(endpoint).or_default());
    }

    pub(crate) fn slow(&self, endpoint: Endpoint, time: Duration) {
        self.change(endpoint, |weather| weather.slow = Some(time));
    }

    pub(crate) fn failing(&self, endpoint: Endpoint, status: StatusCode, limit: Limit) {
        self.change(endpoint, |weather| weather.failing = Some((status, Left::of(limit))));
    }

    pub(crate) fn throttling(&self, endpoint: Endpoint, limit: Limit) {
        self.change(endpoint, |weather| weather.throttled = Some(Left::of(limit)));
    }

    pub(crate) fn gone(&self, endpoint: Endpoint, limit: Limit) {
        self.change(endpoint, |weather| weather.gone = Some(Left::of(limit)));
    }

    pub(crate) fn set_life(&self, endpoint: Endpoint, life: Option<Duration>) {
        self.change(endpoint, |weather| weather.life = life);
    }

    pub(crate) fn set_lie(&self, endpoint: Endpoint, lie: Duration) {
        self.change(endpoint, |weather| weather.lie = lie);
    }

    /// What a request waits for, and what it meets after that; counts it.
    pub(crate) fn meet(&self, endpoint: Endpoint) -> (Option<Duration>, Option<Trouble>) {
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

    /// The life that what is handed out next gets in place of its own.
    pub(crate) fn life(&self, endpoint: Endpoint) -> Option<Duration> {
        self.all().get(&endpoint).and_then(|weather| weather.life)
    }

    /// How much later than the truth an end is stated.
    pub(crate) fn lie(&self, endpoint: Endpoint) -> Duration {
        self.all().get(&endpoint).map_or(Duration::ZERO, |weather| weather.lie)
    }

    pub(crate) fn clear(&self) {
        self.all().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
    enum Endpoint {
        Imds,
        Sts,
    }

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
