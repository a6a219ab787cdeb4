//! A platform that gives the same token again: said aloud, and asked more slowly.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use keyrotor_proto::Code;

use super::answer::failed;
use crate::source::{Fetch, Fetched, SourceError};

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// No pause takes more of what the token has left, so that a newer one is found before it ends …
const SHARE_OF_LIFE: u32 = 4;
/// … but none becomes shorter than this.
const SHORTEST_PAUSE: Duration = Duration::from_millis(250);

/// How often the same token came in a row. Managed identities are cached by the platform, which renews a token when
/// it likes; nothing that a caller can send changes that.
#[derive(Debug, Default)]
pub(super) struct Repeats(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    in_a_row: u32,
    ask_again_at: Option<SystemTime>,
}

impl Repeats {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// # Errors
    /// [`SourceError::Throttled`] until the pause after a repeated token is over.
    pub(super) fn hold_off(&self, now: SystemTime, source: &str) -> Result<(), SourceError> {
        let left = self.state().ask_again_at.and_then(|at| at.duration_since(now).ok());
        // A pause longer than the longest was measured by a clock that has been set back since.
        let Some(left) = left.filter(|left| !left.is_zero() && *left <= LONGEST_PAUSE) else {
            return Ok(());
        };
        let text = format!("{SAME_AGAIN}; it is asked again in {:.1} s", left.as_secs_f64());
        Err(SourceError::Throttled(failed(Code::CredentialsThrottled, source, text), Some(left)))
    }

    /// Compares an answer with the tokens that it should differ from.
    pub(super) fn note(&self, fetch: &Fetch, fetched: &Fetched, ends_at: SystemTime) {
        let is_same = fetch.differs_from.iter().any(|other| other.secret == fetched.secret);
        let mut state = self.state();
        if !is_same {
            *state = State::default();
            return;
        }
        state.in_a_row = state.in_a_row.saturating_add(1);
        let doubled = FIRST_PAUSE.saturating_mul(1 << (state.in_a_row - 1).min(6));
        let life_left = ends_at.duration_since(fetch.now).unwrap_or_default();
        let in_time = (life_left / SHARE_OF_LIFE).max(SHORTEST_PAUSE);
        state.ask_again_at = fetch.now.checked_add(doubled.min(LONGEST_PAUSE).min(in_time));
    }

    pub(super) fn warning(&self) -> Option<String> {
        let times = self.state().in_a_row;
        (times > 0).then(|| format!("{SAME_AGAIN} ({times} in a row); a refresh cannot hasten it"))
    }
}

const SAME_AGAIN: &str = "the platform gave the same token again, as it does until it renews it by itself";

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::UNIX_EPOCH;

    use super::*;
    use crate::credential::Credential;
    use crate::secret::Secret;

    const LIFE: Duration = Duration::from_secs(3600);

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_749_990_896 + seconds)
    }

    fn answer(repeats: &Repeats, before: &str, now: &str, when: SystemTime, life: Duration) {
        let mut fetch = Fetch::at(when);
        fetch.differs_from.push(Arc::new(Credential {
            user: "user".into(),
            secret: Secret::new(before),
            issued_at: when,
            expires_at: None,
            generation: 1,
        }));
        repeats.note(&fetch, &Fetched::new("user", now, when), when + life);
    }

    /// In milliseconds.
    fn pause(repeats: &Repeats, now: SystemTime) -> Option<u128> {
        match repeats.hold_off(now, "entra-managed-identity") {
            Ok(()) => None,
            Err(SourceError::Throttled(error, pause)) => {
                assert!(error.message().contains("same token again"), "{error}");
                Some(pause.unwrap().as_millis())
            }
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn s03_the_same_token_again_is_said_and_asked_for_more_slowly() {
        let repeats = Repeats::default();
        assert_eq!(pause(&repeats, at(0)), None);
        let mut pauses = Vec::new();
        for _ in 0..9 {
            answer(&repeats, "same", "same", at(0), LIFE);
            pauses.push(pause(&repeats, at(0)).unwrap());
        }
        assert_eq!(pauses, [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
        assert!(repeats.warning().unwrap().contains("9 in a row"));
        assert_eq!(pause(&repeats, at(60)), None, "the pause ends");
        answer(&repeats, "same", "another", at(60), LIFE);
        assert_eq!((pause(&repeats, at(60)), repeats.warning()), (None, None));
    }

    #[test]
    fn s03_the_pause_leaves_time_for_a_newer_token_and_ends_with_a_clock_that_is_set_back() {
        for (left, expected) in [(40_000, 10_000), (3000, 750), (100, 250)] {
            let repeats = Repeats::default();
            for _ in 0..9 {
                answer(&repeats, "same", "same", at(0), Duration::from_millis(left));
            }
            assert_eq!(pause(&repeats, at(0)), Some(expected));
            assert_eq!(pause(&repeats, at(0) - LIFE), None);
        }
    }
}
