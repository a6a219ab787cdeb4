//! How a manager stands.

use keyrotor_proto::{IdentityState, State as StateName, Status};

use super::audience::Audience;
use super::feed::Feed;
use super::held::Standing;
use super::state::State;
use crate::error::Error;
use crate::time::timestamp;

impl Feed {
    pub(super) fn status(&self, audience: &Audience) -> Status {
        let warnings = self.source.warnings();
        let state = self.look();
        let held = self.current.load();
        let credential = held.as_ref().map(|held| &held.credential);
        let mut counts = state.counts;
        counts.subscribers = audience.subscribers();
        let standing = held.as_ref().map(|held| held.standing(std::time::Duration::ZERO));
        Status {
            state: state_name(&state, standing).into(),
            source: self.name.to_string(),
            username: credential.map(|credential| credential.user.to_string()).unwrap_or_default(),
            generation: self.generation(),
            issued_at: credential.map(|credential| timestamp(credential.issued_at)),
            expires_at: credential.and_then(|credential| credential.expires_at).map(timestamp),
            next_refresh_at: state.next_refresh_at.map(timestamp),
            last_error: state.last_error.as_ref().map(Error::detail),
            counts: Some(counts),
            warnings,
            fallback: false,
            identity: IdentityState::Unchecked.into(),
        }
    }
}

fn state_name(state: &State, standing: Option<Standing>) -> StateName {
    let is_valid = standing.is_some_and(|standing| standing < Standing::Over);
    if state.failures > 0 || state.refusals.is_open() {
        if is_valid { StateName::Degraded } else { StateName::Expired }
    } else if state.is_flying() {
        StateName::Refreshing
    } else {
        match standing {
            None => StateName::Idle,
            Some(Standing::Over) => StateName::Expired,
            Some(_) => StateName::Fresh,
        }
    }
}
