//! The managers that share a feed: who they are, what they wish, and how they come and go.

use std::sync::{Arc, Weak};
use std::time::Duration;

use super::audience::Audience;
use super::feed::Feed;
use super::held::Held;
use super::pace::Jitter;
use super::policy::{RetryConfig, TokenRefreshConfig};
use super::schedule;
use super::state::{Flights, State};
use crate::error::Result;
use crate::timer::Due;

/// How one manager refreshes.
#[derive(Debug)]
pub(crate) struct Policy {
    pub(super) refresh: TokenRefreshConfig,
    pub(super) is_lazy: bool,
}

/// One manager, as its feed knows it.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) audience: Arc<Audience>,
    pub(super) policy: Arc<Policy>,
    /// Whether it was used, which is when its wishes begin to count.
    pub(super) is_active: bool,
}

/// All of them, eldest first. Copied as a whole, so that they can be told of things under no lock.
#[derive(Clone, Default)]
pub(super) struct Members(Arc<Vec<Member>>);

/// How one fetch is made for all who wait for it.
pub(super) struct Pace {
    pub(super) retry: RetryConfig,
    pub(super) source_timeout: Duration,
}

impl Members {
    pub(super) fn iter(&self) -> std::slice::Iter<'_, Member> {
        self.0.iter()
    }

    /// The eldest sets the pauses; the most patient says how long it may take in all, and the others stop waiting
    /// when their own time is up.
    pub(super) fn pace(&self) -> Pace {
        let fallback = TokenRefreshConfig::default();
        let eldest = self.in_use().next().unwrap_or(&fallback);
        let longest = self.in_use().map(|refresh| refresh.source_timeout).max();
        Pace { retry: eldest.retry.clone(), source_timeout: longest.unwrap_or(fallback.source_timeout) }
    }

    fn in_use(&self) -> impl Iterator<Item = &TokenRefreshConfig> {
        self.iter().filter(|member| member.is_active).map(|member| &member.policy.refresh)
    }

    fn find(&mut self, audience: &Arc<Audience>) -> Option<&mut Member> {
        Arc::make_mut(&mut self.0).iter_mut().find(|member| Arc::ptr_eq(&member.audience, audience))
    }

    pub(super) fn is_in_use(&self) -> bool {
        self.iter().any(|member| member.is_active)
    }
}

impl Feed {
    /// What all pauses vary by: the eldest's word, as for the pauses themselves.
    pub(super) fn jitter(&self, state: &State) -> Jitter {
        let percentage = state.members.in_use().next().and_then(|refresh| refresh.retry.jitter_percentage);
        Jitter { percentage, dice: self.dice }
    }

    /// A manager is made. It hears what happens, and wishes for nothing yet.
    pub(super) fn join(self: &Arc<Self>, audience: &Arc<Audience>, policy: &Arc<Policy>) {
        self.change(|state| {
            let member =
                Member { audience: Arc::clone(audience), policy: Arc::clone(policy), is_active: false };
            Arc::make_mut(&mut state.members.0).push(member);
        });
        if let Some(held) = &*self.current.load() {
            audience.publish(held);
        }
    }

    /// A manager is used for the first time: from now on its wishes count.
    pub(super) fn activate(self: &Arc<Self>, audience: &Arc<Audience>) -> Result<()> {
        self.change(|state| {
            let Some(member) = state.members.find(audience).filter(|member| !member.is_active) else {
                return Ok(());
            };
            member.is_active = true;
            if !state.is_driven() {
                return Ok(());
            }
            state.engine()?;
            if let Some(held) = self.current.load_full()
                && state.failures == 0
                && !state.is_flying()
            {
                self.schedule(state, &held);
            }
            Ok(())
        })
    }

    /// A manager is closed: nothing of it stays, and nobody else notices.
    pub(super) fn leave(self: &Arc<Self>, audience: &Arc<Audience>) {
        let resting = self.change(|state| {
            Arc::make_mut(&mut state.members.0).retain(|member| !Arc::ptr_eq(&member.audience, audience));
            if !state.members.is_in_use() {
                self.current.store(None);
                state.forget_troubles();
                return Some(self.rest(state, Flights::End));
            }
            (!state.is_driven()).then(|| self.rest(state, Flights::GoOn))
        });
        drop(resting);
    }

    /// The earliest wish of all who are in use, and of the source, says when the successor is fetched.
    pub(super) fn schedule(self: &Arc<Self>, state: &mut State, held: &Held) {
        self.clear_alarm(state);
        let Some(life) = held.life() else { return };
        let wishes =
            state.members.iter().filter(|member| member.is_active).map(|member| {
                schedule::refresh_delay(&member.policy.refresh, life, self.fixed_life, held.throw)
            });
        let Some(age) = wishes.min() else { return };
        let age = held.ask_again_after().map_or(age, |wish| wish.min(age));
        held.refresh_after(age);
        if state.is_driven() {
            let already = self.clock.monotonic().saturating_sub(held.born());
            self.set_alarm(state, age.saturating_sub(already));
        }
    }

    pub(super) fn set_alarm(self: &Arc<Self>, state: &mut State, after: Duration) {
        self.clear_alarm(state);
        let weak: Weak<dyn Due> = Arc::<Self>::downgrade(self);
        let Some(engine) = state.running_engine() else { return };
        state.alarm = Some(engine.timer.set(self.clock.monotonic() + after, weak));
        state.next_refresh_at = self.clock.wall().checked_add(after);
    }

    pub(super) fn clear_alarm(&self, state: &mut State) {
        state.next_refresh_at = None;
        if let Some((alarm, engine)) = state.alarm.take().zip(state.running_engine()) {
            engine.timer.cancel(alarm);
        }
    }
}
