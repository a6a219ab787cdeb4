//! One identity's token: the credential that is current, and the one fetch for all managers that use it.

use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::held::{Held, Standing};
use super::round::{self, Made};
use super::schedule::{Dice, Throw};
use super::state::{Flight, Flights, Resting, State};
use crate::clock::Clock;
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::identity::Identity;
use crate::registry::Registry;
use crate::source::{Fetch, Fetched, Source};
use crate::sync::{ArcSwapOption, AtomicU64, Handle, Mutex, MutexGuard};
use crate::timer::{Alarm, Due};

static FEEDS: Registry<Identity, Feed> = Registry::new();

pub(super) type Outcome = Result<Arc<Credential>>;

/// Whoever wants a token gets one, or something to wait for.
pub(super) enum Demand {
    Ready(Arc<Credential>),
    Wait(Waiting),
}

/// A fetch that is under way.
#[derive(Clone)]
pub(super) struct Waiting {
    pub(super) outcome: watch::Receiver<Option<Outcome>>,
    pub(super) runtime: Handle,
    /// How long the whole fetch may take.
    pub(super) budget: Duration,
}

/// How badly a token is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) margin: Duration,
    pub(super) is_lazy: bool,
    pub(super) may_wait: bool,
}

pub(crate) struct Feed {
    pub(super) source: Arc<dyn Source>,
    /// The source's, which is asked for it once: it is somebody else's code.
    pub(super) name: Box<str>,
    pub(super) fixed_life: Option<Duration>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) current: ArcSwapOption<Held>,
    generation: AtomicU64,
    pub(super) dice: Dice,
    identity: Option<Identity>,
    state: Mutex<State>,
}

impl Feed {
    /// The feed of this source: that of its identity, if it has one.
    pub(super) fn of(source: Arc<dyn Source>, clock: Arc<dyn Clock>, dice: Dice) -> Arc<Self> {
        Self::unless_shared(Self {
            name: source.name().into(),
            fixed_life: source.token_life(),
            identity: source.identity(),
            source,
            clock,
            current: ArcSwapOption::empty(),
            generation: AtomicU64::new(0),
            dice,
            state: Mutex::default(),
        })
    }

    /// In a forked child: the same from here on, with what can be read without a lock. Its siblings have this token,
    /// too: each renews it at a moment of its own.
    pub(super) fn inherit(&self) -> Arc<Self> {
        let current = self.current.load_full();
        let current = current.map(|held| Arc::new(held.inherited(Throw::new(false, self.dice))));
        Self::unless_shared(Self {
            name: self.name.clone(),
            fixed_life: self.fixed_life,
            identity: self.identity.clone(),
            source: Arc::clone(&self.source),
            clock: Arc::clone(&self.clock),
            current: ArcSwapOption::new(current),
            generation: AtomicU64::new(self.generation()),
            dice: self.dice,
            state: Mutex::default(),
        })
    }

    /// The one that others use already, else this.
    fn unless_shared(made: Self) -> Arc<Self> {
        let made = Arc::new(made);
        match &made.identity {
            Some(identity) => FEEDS.get_or_make(identity, || Arc::clone(&made)),
            None => made,
        }
    }

    /// The state as it is, for looking only.
    pub(super) fn look(&self) -> MutexGuard<'_, State> {
        // A panic under this lock would be a bug; what it guards is valid between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The one way to change the state. Others learn of it afterwards.
    pub(super) fn change<T>(self: &Arc<Self>, work: impl FnOnce(&mut State) -> T) -> T {
        let result = self.change_silently(work);
        self.spread_news();
        result
    }

    /// Like [`change`](Self::change); the caller spreads the news.
    pub(super) fn change_silently<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.look())
    }

    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Relaxed)
    }

    /// The current credential unless it is over.
    pub(super) fn valid(&self) -> Option<Arc<Credential>> {
        let current = self.current.load();
        current.as_ref().filter(|held| held.is_valid()).map(|held| Arc::clone(&held.credential))
    }

    /// A usable token; else one made on the spot; else the one fetch.
    pub(super) fn demand(self: &Arc<Self>, wish: Wish) -> Result<Demand> {
        let question = match self.change(|state| self.answer(state, wish)) {
            Answer::Settled(demand) => return demand,
            Answer::Ask(question) => question,
        };
        let made = round::fetch_now(self, &question);
        self.change(|state| {
            if let Some(made) = made
                && self.may_be_used(state, &made, &question)
            {
                return self.settle(state, made, &question, wish.margin).map(Demand::Ready);
            }
            match self.answer(state, wish) {
                Answer::Settled(demand) => demand,
                Answer::Ask(_) => match self.valid().filter(|_| wish.is_lazy && !wish.may_wait) {
                    Some(credential) => Ok(Demand::Ready(credential)),
                    None => self.take_off(state).map(Demand::Wait),
                },
            }
        })
    }

    /// Whether nothing happened while it was made that speaks against it: the end, refusals, one of the very same.
    fn may_be_used(&self, state: &State, made: &Made, question: &Fetch) -> bool {
        let is_known = |refused: &Credential| {
            question.differs_from.iter().any(|known| known.generation == refused.generation)
        };
        let refused_meanwhile = state.refusals.remembered().filter(|refused| !is_known(refused));
        state.members.is_in_use()
            && state.refusals.pause_error(self.clock.monotonic()).is_none()
            && !made.is_one_of(refused_meanwhile)
    }

    /// What there is to say without asking the source.
    fn answer(&self, state: &mut State, wish: Wish) -> Answer {
        let current = self.current.load();
        let good_enough = if wish.is_lazy { Standing::Good } else { Standing::Due };
        if let Some(held) = current.as_ref().filter(|held| held.standing(wish.margin) <= good_enough) {
            return Answer::Settled(Ok(Demand::Ready(Arc::clone(&held.credential))));
        }
        if let Some(flight) = &state.flight {
            return Answer::Settled(Ok(Demand::Wait(flight.waiting.clone())));
        }
        let now = self.clock.monotonic();
        if let Some(error) = state.refusals.pause_error(now).or_else(|| state.recent_error(now)) {
            return Answer::Settled(self.valid().map(Demand::Ready).ok_or(error));
        }
        Answer::Ask(self.question(state))
    }

    /// What was made on the spot becomes the current credential, unless somebody was first.
    fn settle(
        self: &Arc<Self>,
        state: &mut State,
        made: Made,
        question: &Fetch,
        margin: Duration,
    ) -> Outcome {
        let current = self.current.load();
        let is_newer = |held: &Held| {
            !question.differs_from.iter().any(|old| old.generation == held.credential.generation)
                && held.standing(margin) <= Standing::Due
        };
        if let Some(held) = current.as_ref().filter(|held| is_newer(held)) {
            return Ok(Arc::clone(&held.credential));
        }
        state.counts.attempts += 1;
        match made.answer {
            Ok(fetched) => Ok(self.install(state, fetched, made.took)),
            Err(error) => {
                let error = self.note_failure(state, error.into_error());
                self.end_of_round(state, &error, made.took);
                self.valid().ok_or(error)
            }
        }
    }

    /// Past the refresh point: starts the fetch unless one is under way, or a failed one set the pace.
    pub(super) fn refresh_beside(self: &Arc<Self>) {
        self.change(|state| {
            if state.flight.is_none() && state.failures == 0 {
                // No thread can be had: the alarm, or whoever asks next, tries again.
                let _ = self.take_off(state);
            }
        });
    }

    /// A new token, whatever the current one is like: one made on the spot; else the one fetch.
    pub(super) fn force(self: &Arc<Self>, margin: Duration) -> Result<Demand> {
        let question = match self.change(|state| self.answer_forced(state)) {
            Answer::Settled(demand) => return demand,
            Answer::Ask(question) => question,
        };
        // What fails here, or brings nothing new, is for a fetch to try again, with its attempts and pauses.
        let made = round::fetch_now(self, &question).filter(|made| made.is_none_of(&question.differs_from));
        self.change(|state| match (self.answer_forced(state), made) {
            (Answer::Settled(demand), _) => demand,
            // Somebody else may have had the same made, and have it refused by now.
            (Answer::Ask(_), Some(made)) if made.is_none_of(state.refusals.remembered()) => {
                self.settle(state, made, &question, margin).map(Demand::Ready)
            }
            (Answer::Ask(_), _) => self.take_off(state).map(Demand::Wait),
        })
    }

    /// What there is to say to whoever insists on a new one, without asking the source.
    fn answer_forced(&self, state: &State) -> Answer {
        if !state.members.is_in_use() {
            return Answer::Settled(Err(super::closed_error()));
        }
        if let Some(flight) = &state.flight {
            return Answer::Settled(Ok(Demand::Wait(flight.waiting.clone())));
        }
        match state.refusals.pause_error(self.clock.monotonic()) {
            Some(error) => Answer::Settled(Err(error)),
            None => Answer::Ask(Fetch { is_forced: true, ..self.question(state) }),
        }
    }

    pub(super) fn take_off(self: &Arc<Self>, state: &mut State) -> Result<Waiting> {
        // Whoever asks may have found its manager a moment before that was closed.
        if !state.members.is_in_use() {
            return Err(super::closed_error());
        }
        let engine = state.engine()?;
        self.clear_alarm(state);
        state.flights += 1;
        let number = state.flights;
        let pace = state.members.pace();
        let (sender, outcome) = watch::channel(None);
        let waiting = Waiting { outcome, runtime: engine.handle().clone(), budget: pace.source_timeout };
        let task = waiting.runtime.spawn(round::fly(Arc::clone(self), engine, pace, number, sender));
        state.flight = Some(Flight { number, waiting: waiting.clone(), task: task.abort_handle() });
        Ok(waiting)
    }

    /// What the source is asked: differ from what is current, and from what a server refused.
    pub(super) fn question(&self, state: &State) -> Fetch {
        let current = self.current.load();
        let mut fetch = Fetch::at(self.clock.wall());
        fetch.differs_from.extend(current.as_ref().map(|held| Arc::clone(&held.credential)));
        fetch.differs_from.extend(state.refusals.remembered().map(Arc::clone));
        fetch
    }

    /// Makes an answer the current credential, and sets the alarm for its successor.
    pub(super) fn install(
        self: &Arc<Self>,
        state: &mut State,
        fetched: Fetched,
        took: Duration,
    ) -> Arc<Credential> {
        let (is_first, ask_again_at) = (self.generation() == 0, fetched.ask_again_at);
        let credential = self.credential_of(fetched);
        let jitter = self.jitter(state);
        state.refusals.note_repeat(&credential.secret, self.clock.monotonic(), jitter);
        let throw = Throw::new(is_first, self.dice);
        let clock = Arc::clone(&self.clock);
        let held = Arc::new(Held::new(Arc::clone(&credential), ask_again_at, clock, throw));
        let before = self.current.swap(Some(Arc::clone(&held)));
        let was_failing = std::mem::take(&mut state.failures) > 0;
        state.last_error = None;
        state.announced = None;
        state.not_before = None;
        state.counts.fetched += 1;
        self.schedule(state, &held);
        state.news.fetched(held, before, was_failing, took);
        credential
    }

    /// The next generation; the current one where the source gave again what it gave before.
    fn credential_of(&self, fetched: Fetched) -> Arc<Credential> {
        let current = self.current.load();
        if let Some(held) = current.as_ref().filter(|held| held.credential.is_same_as(&fetched)) {
            return Arc::clone(&held.credential);
        }
        let generation = self.generation() + 1;
        self.generation.store(generation, Relaxed);
        Arc::new(Credential {
            user: fetched.user,
            secret: fetched.secret,
            issued_at: fetched.issued_at,
            expires_at: fetched.expires_at,
            generation,
        })
    }

    pub(super) fn note_failure(&self, state: &mut State, error: Error) -> Error {
        state.failures = state.failures.saturating_add(1);
        state.counts.failed += 1;
        state.last_try = Some(self.clock.monotonic());
        state.last_error = Some(error.clone());
        error
    }

    /// For whoever may not wait: why the last fetch failed, else that one is under way.
    pub(super) fn pending(&self) -> Error {
        let last = self.look().last_error.clone();
        last.unwrap_or_else(|| super::pending_error(&self.name))
    }

    /// Nobody wants work in the background any more: what ran for it ends.
    pub(super) fn rest(&self, state: &mut State, flights: Flights) -> Resting {
        self.clear_alarm(state);
        let flight = match flights {
            Flights::End => state.flight.take(),
            Flights::GoOn => None,
        };
        if let Some(flight) = &flight {
            flight.task.abort();
        }
        Resting { _flight: flight, _engine: state.engine.take() }
    }
}

/// What there is to say at once.
enum Answer {
    Settled(Result<Demand>),
    Ask(Fetch),
}

impl Due for Feed {
    fn due(self: Arc<Self>, alarm: Option<Alarm>) {
        self.change(|state| {
            let is_mine = alarm.is_some() && alarm == state.alarm;
            let is_wanted = is_mine || (alarm.is_none() && self.is_shaken(state));
            if is_wanted && state.is_driven() && state.flight.is_none() {
                // No thread can be had: whoever asks next tries again.
                let _ = self.take_off(state);
            }
        });
    }
}

impl Feed {
    /// Whether, after a jump of the clocks, somebody would want another token.
    fn is_shaken(&self, state: &State) -> bool {
        let current = self.current.load();
        let held = current.as_ref();
        held.is_some_and(|held| {
            state.members.iter().any(|member| held.standing(member.policy.refresh.margin) > Standing::Good)
        })
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(identity) = &self.identity {
            FEEDS.forget(identity);
        }
    }
}

#[cfg(test)]
pub(super) fn is_registered(identity: &Identity) -> bool {
    FEEDS.has(identity)
}
