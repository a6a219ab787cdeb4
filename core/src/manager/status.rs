//! How a manager stands.

use keyrotor_proto::{State as StateName, Status};

use super::held::Standing;
use super::state::{Shared, State};
use crate::error::Error;
use crate::time::timestamp;

impl Shared {
    pub(super) fn status(&self) -> Status {
        let state = self.state();
        let held = self.current.load();
        let credential = held.as_ref().map(|held| &held.credential);
        let mut counts = state.counts;
        counts.subscribers = u64::try_from(self.latest.receiver_count()).unwrap_or(u64::MAX);
        Status {
            state: self.state_name(&state, held.as_ref().map(|held| held.standing())).into(),
            source: self.source.name().to_owned(),
            username: credential.map(|credential| credential.user.to_string()).unwrap_or_default(),
            generation: state.generation,
            issued_at: credential.map(|credential| timestamp(credential.issued_at)),
            expires_at: credential.and_then(|credential| credential.expires_at).map(timestamp),
            next_refresh_at: state.next_refresh_at.map(timestamp),
            last_error: state.last_error.as_ref().map(Error::detail),
            counts: Some(counts),
            warnings: self.source.warnings(),
        }
    }

    fn state_name(&self, state: &State, standing: Option<Standing>) -> StateName {
        let is_valid = standing.is_some_and(|standing| standing < Standing::Over);
        if state.closed {
            StateName::Closed
        } else if state.failures > 0 || state.refusals.is_open() {
            if is_valid { StateName::Degraded } else { StateName::Expired }
        } else if Self::is_flying(state) {
            StateName::Refreshing
        } else {
            match standing {
                None => StateName::Idle,
                Some(Standing::Over) => StateName::Expired,
                Some(_) => StateName::Fresh,
            }
        }
    }
}
