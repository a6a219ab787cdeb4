//! What the handles of one manager share, and the rules of single flight.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use arc_swap::ArcSwapOption;
use keyrotor_proto::{Counts, EventKind};
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;

use super::held::{Held, Standing};
use super::policy::TokenRefreshConfig;
use super::refusal::Refusals;
use super::schedule::{self, Dice};
use super::subscribe::Latest;
use super::{pending_error, round};
use crate::credential::Credential;
use crate::error::{Error, Result};
use crate::runtime::Engine;
use crate::source::{Fetch, Fetched, Source};
use crate::timer::{Alarm, Due};

/// How long the last error answers for a source that was just asked.
const ERROR_STANDS_FOR: Duration = Duration::from_secs(1);
/// Events kept for a reader that is behind.
const EVENTS_KEPT: usize = 64;

pub(super) type Outcome = Result<Arc<Credential>>;
pub(super) type OutcomeReceiver = watch::Receiver<Option<Outcome>>;

/// Whoever wants a token gets one, or something to wait for.
pub(super) enum Demand {
    Ready(Arc<Credential>),
    Wait(OutcomeReceiver),
}

pub(crate) struct Shared {
    pub(super) source: Arc<dyn Source>,
    pub(super) config: TokenRefreshConfig,
    pub(super) current: ArcSwapOption<Held>,
    pub(super) latest: watch::Sender<Latest>,
    pub(super) events: broadcast::Sender<keyrotor_proto::Event>,
    pub(super) dice: Dice,
    state: Mutex<State>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) closed: bool,
    /// There from the first use to the close.
    pub(super) engine: Option<Arc<Engine>>,
    flight: Option<Flight>,
    pub(super) generation: u64,
    alarm: Option<Alarm>,
    pub(super) next_refresh_at: Option<SystemTime>,
    /// In a row.
    pub(super) failures: u32,
    pub(super) last_error: Option<Error>,
    last_try: Option<Duration>,
    /// When the source may be asked again, where it said so.
    pub(super) not_before: Option<Duration>,
    /// Degraded or expired, where subscribers were told so.
    announced: Option<EventKind>,
    pub(super) refusals: Refusals,
    pub(super) counts: Counts,
}

/// The one fetch that is under way.
struct Flight {
    outcome: OutcomeReceiver,
    task: AbortHandle,
}

impl Shared {
    pub(super) fn new(
        source: Arc<dyn Source>,
        config: TokenRefreshConfig,
        dice: Dice,
        engine: Option<Arc<Engine>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            source,
            config,
            current: ArcSwapOption::empty(),
            latest: watch::Sender::new(Latest::Waiting),
            events: broadcast::Sender::new(EVENTS_KEPT),
            dice,
            state: Mutex::new(State { engine, ..State::default() }),
        })
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        // A panic under this lock would be a bug; what it guards is valid between any two statements.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn engine(&self) -> Result<Arc<Engine>> {
        self.state().engine()
    }

    pub(super) fn start(self: &Arc<Self>) -> Result<()> {
        self.demand().map(|_| ()).or_else(|error| match error.code() {
            keyrotor_proto::Code::Closed | keyrotor_proto::Code::Internal => Err(error),
            // It goes on trying; whoever asks for a token is told.
            _ => Ok(()),
        })
    }

    /// The heart: a usable token at once and without a lock; else one made on the spot; else the one fetch.
    pub(super) fn demand(self: &Arc<Self>) -> Result<Demand> {
        match self.current.load().as_ref().map(|held| (held.standing(), held)) {
            Some((Standing::Good, held)) => return Ok(Demand::Ready(Arc::clone(&held.credential))),
            Some((Standing::Due, held)) => {
                if held.asks_for_successor() {
                    self.refresh_beside();
                }
                return Ok(Demand::Ready(Arc::clone(&held.credential)));
            }
            _ => {}
        }
        self.demand_new()
    }

    fn demand_new(self: &Arc<Self>) -> Result<Demand> {
        let mut state = self.state();
        let engine = state.engine()?;
        let current = self.current.load();
        if let Some(held) = current.as_ref().filter(|held| held.standing() <= Standing::Due) {
            return Ok(Demand::Ready(Arc::clone(&held.credential)));
        }
        if let Some(flight) = &state.flight {
            return Ok(Demand::Wait(flight.outcome.clone()));
        }
        let now = engine.clock.monotonic();
        if let Some(error) = state.refusals.pause_error(now).or_else(|| state.recent_error(now)) {
            return self.valid().map(Demand::Ready).ok_or(error);
        }
        if let Some(answer) = round::fetch_now(self, &self.question(&state, &engine), &engine) {
            state.counts.attempts += 1;
            return match answer {
                Ok(fetched) => Ok(Demand::Ready(self.install(&mut state, &engine, fetched))),
                Err(error) => {
                    let error = self.note_failure(&mut state, &engine, error.into_error());
                    self.end_of_round(&mut state, &engine, &error);
                    self.valid().map(Demand::Ready).ok_or(error)
                }
            };
        }
        Ok(Demand::Wait(self.take_off(&mut state, &engine)))
    }

    /// Past the refresh point: starts the fetch unless one is under way, or a failed one set the pace.
    fn refresh_beside(self: &Arc<Self>) {
        let mut state = self.state();
        let Ok(engine) = state.engine() else { return };
        if state.flight.is_none() && state.failures == 0 {
            self.take_off(&mut state, &engine);
        }
    }

    /// A fetch now, whatever the current token is like.
    pub(super) fn force(self: &Arc<Self>) -> Result<OutcomeReceiver> {
        let mut state = self.state();
        let engine = state.engine()?;
        if let Some(flight) = &state.flight {
            return Ok(flight.outcome.clone());
        }
        if let Some(error) = state.refusals.pause_error(engine.clock.monotonic()) {
            return Err(error);
        }
        Ok(self.take_off(&mut state, &engine))
    }

    pub(super) fn take_off(self: &Arc<Self>, state: &mut State, engine: &Arc<Engine>) -> OutcomeReceiver {
        let (sender, outcome) = watch::channel(None);
        self.clear_alarm(state, engine);
        let task = engine.handle().spawn(round::fly(Arc::clone(self), Arc::clone(engine), sender));
        state.flight = Some(Flight { outcome: outcome.clone(), task: task.abort_handle() });
        outcome
    }

    pub(super) fn land(state: &mut State) {
        state.flight = None;
    }

    pub(super) fn is_flying(state: &State) -> bool {
        state.flight.is_some()
    }

    /// What the source is asked: differ from what is current, and from what a server refused.
    pub(super) fn question(&self, state: &State, engine: &Engine) -> Fetch {
        let current = self.current.load();
        let mut fetch = Fetch::at(engine.clock.wall());
        fetch.differs_from.extend(current.as_ref().map(|held| Arc::clone(&held.credential)));
        fetch.differs_from.extend(state.refusals.refused());
        fetch
    }

    /// Makes an answer the current credential, tells everybody, and sets the alarm for its successor.
    pub(super) fn install(
        self: &Arc<Self>,
        state: &mut State,
        engine: &Arc<Engine>,
        fetched: Fetched,
    ) -> Arc<Credential> {
        state.generation += 1;
        let credential = Arc::new(Credential {
            user: fetched.user,
            secret: fetched.secret,
            issued_at: fetched.issued_at,
            expires_at: fetched.expires_at,
            generation: state.generation,
        });
        let now = engine.clock.wall();
        let life = credential.expires_at.map(|end| end.duration_since(now).unwrap_or_default());
        let (margin, refresh_after) = life.map_or((Duration::ZERO, Duration::MAX), |life| {
            let is_first = state.generation == 1;
            let delay =
                schedule::refresh_delay(&self.config, life, self.source.token_life(), is_first, self.dice);
            (self.config.margin_of(life), delay)
        });
        let held = Held::new(Arc::clone(&credential), Arc::clone(&engine.clock), margin, refresh_after);
        let held = Arc::new(held);
        self.current.store(Some(Arc::clone(&held)));
        let was_failing = std::mem::take(&mut state.failures) > 0;
        state.last_error = None;
        state.announced = None;
        state.not_before = None;
        state.counts.fetched += 1;
        self.clear_alarm(state, engine);
        if life.is_some() {
            self.set_alarm(state, engine, refresh_after);
        }
        self.latest.send_replace(Latest::Token(held));
        self.announce(state, engine, &credential, was_failing);
        credential
    }

    fn clear_alarm(&self, state: &mut State, engine: &Engine) {
        state.next_refresh_at = None;
        if let Some(alarm) = state.alarm.take() {
            engine.timer.cancel(alarm);
        }
    }

    pub(super) fn set_alarm(self: &Arc<Self>, state: &mut State, engine: &Engine, after: Duration) {
        self.clear_alarm(state, engine);
        let weak: Weak<dyn Due> = Arc::<Self>::downgrade(self);
        state.alarm = Some(engine.timer.set(engine.clock.monotonic() + after, weak));
        state.next_refresh_at = engine.clock.wall().checked_add(after);
    }

    pub(super) fn note_failure(&self, state: &mut State, engine: &Engine, error: Error) -> Error {
        state.failures = state.failures.saturating_add(1);
        state.counts.failed += 1;
        state.last_try = Some(engine.clock.monotonic());
        state.last_error = Some(error.clone());
        error
    }

    /// Whoever waited has been told; the alarm tries again, for ever.
    pub(super) fn end_of_round(self: &Arc<Self>, state: &mut State, engine: &Engine, error: &Error) {
        let asked = state.not_before.map_or(Duration::ZERO, |at| at.saturating_sub(engine.clock.monotonic()));
        let pause = schedule::backoff(&self.config.retry, state.failures, self.dice).max(asked);
        self.set_alarm(state, engine, pause);
        let kind = if self.valid().is_some() { EventKind::EventDegraded } else { EventKind::EventExpired };
        tracing::warn!(
            source = self.source.name(),
            failures = state.failures,
            retry_in_seconds = pause.as_secs_f64(),
            "Failed to refresh IAM token: {error}"
        );
        self.emit_at(Some(engine), state.generation, EventKind::EventFetchFailed, Some(error));
        if state.announced.replace(kind) != Some(kind) {
            self.emit_at(Some(engine), state.generation, kind, Some(error));
        }
    }

    /// The current credential unless it is over.
    pub(super) fn valid(&self) -> Option<Arc<Credential>> {
        let current = self.current.load();
        current
            .as_ref()
            .filter(|held| held.standing() < Standing::Over)
            .map(|held| Arc::clone(&held.credential))
    }

    /// For whoever may not wait: why the last fetch failed, else that one is under way.
    pub(super) fn pending(&self) -> Error {
        self.state().last_error.clone().unwrap_or_else(|| pending_error(self.source.name()))
    }

    /// Waits for a fetch; where it fails, a token that is still valid serves.
    pub(super) async fn waited(&self, outcome: OutcomeReceiver) -> Outcome {
        self.outcome(outcome).await.or_else(|error| self.valid().ok_or(error))
    }

    pub(super) async fn outcome(&self, mut outcome: OutcomeReceiver) -> Outcome {
        match outcome.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or_else(|| Err(self.pending())),
            // The flight was ended with the manager.
            Err(_) => Err(Error::closed("token manager")),
        }
    }

    pub(super) fn close(&self) {
        let (flight, engine, alarm, generation) = {
            let mut state = self.state();
            if std::mem::replace(&mut state.closed, true) {
                return;
            }
            state.next_refresh_at = None;
            (state.flight.take(), state.engine.take(), state.alarm.take(), state.generation)
        };
        let engine = engine.and_then(Engine::unless_inherited);
        match (flight, &engine) {
            (Some(flight), Some(_)) => flight.task.abort(),
            (flight, _) => std::mem::forget(flight),
        }
        if let (Some(alarm), Some(engine)) = (alarm, &engine) {
            engine.timer.cancel(alarm);
        }
        self.current.store(None);
        self.latest.send_replace(Latest::Closed);
        self.emit_at(engine.as_deref(), generation, EventKind::EventClosed, None);
    }
}

impl State {
    pub(super) fn engine(&mut self) -> Result<Arc<Engine>> {
        if self.closed {
            return Err(Error::closed("token manager"));
        }
        if let Some(engine) = self.engine.take().and_then(Engine::unless_inherited) {
            self.engine = Some(Arc::clone(&engine));
            return Ok(engine);
        }
        // In a forked child a flight of the parent's never lands here; aborting it would touch the parent's runtime.
        std::mem::forget(self.flight.take());
        self.alarm = None;
        let engine = Engine::shared()?;
        self.engine = Some(Arc::clone(&engine));
        Ok(engine)
    }

    /// The last error, while it is too fresh to ask again.
    fn recent_error(&self, now: Duration) -> Option<Error> {
        let tried = self.last_try?;
        let until = self.not_before.unwrap_or_default().max(tried + ERROR_STANDS_FOR);
        self.last_error.clone().filter(|_| self.failures > 0 && now < until)
    }
}

impl Due for Shared {
    fn due(self: Arc<Self>, alarm: Option<Alarm>) {
        let mut state = self.state();
        let is_mine = alarm.is_some() && alarm == state.alarm;
        let after_jump = alarm.is_none()
            && self.current.load().as_ref().is_some_and(|held| held.standing() > Standing::Good);
        if state.closed || state.flight.is_some() || !(is_mine || after_jump) {
            return;
        }
        if let Ok(engine) = state.engine() {
            self.take_off(&mut state, &engine);
        }
    }
}
