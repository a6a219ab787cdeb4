//! A fleet of processes whose keys come from one STS, in simulated time: how evenly do they ask it?
//!
//! What decides is the core's own: each process has a cache of keys, and refreshes its token by the manager's schedule.
//! The plot of it is `core/docs/fleet.svg`; `UPDATE=1` draws it anew.

mod plot;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::future;
use futures_util::FutureExt;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::*;
use crate::TokenRefreshConfig;
use crate::manager::schedule::{self, Throw};

const PROCESSES: usize = 10_000;
const HOURS: u64 = 6;
const MINUTES: usize = HOURS as usize * 60;
const TOKEN_LIFE: Duration = Duration::from_secs(900);
/// What STS gives unless it is asked for more or less.
const KEYS_LIFE: Duration = Duration::from_secs(3600);
const SEED: u64 = 20_250_615;

thread_local! {
    static DICE: RefCell<StdRng> = RefCell::new(StdRng::seed_from_u64(SEED));
}

fn dice() -> f64 {
    DICE.with_borrow_mut(|dice| dice.random())
}

/// Since the beginning of the simulation.
fn at(moment: Duration) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_749_990_000) + moment
}

/// What happens to the fleet, in seconds since its beginning.
#[derive(Clone, Copy)]
struct Scenario {
    name: &'static str,
    /// Over which its processes start, evenly.
    start: f64,
    outage: (u64, u64),
}

/// The one that all ask.
#[derive(Debug, Default)]
struct Sts {
    now: Duration,
    outage: (u64, u64),
    /// Of the processes, which had their first keys, and in which minute each asked afterwards.
    served: Vec<bool>,
    asked: Vec<u32>,
    /// Whose question this is.
    process: usize,
}

#[derive(Debug, Clone)]
struct Asked(Arc<Mutex<Sts>>);

impl ProvideCredentials for Asked {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let mut sts = self.0.lock().unwrap();
        let (seconds, process) = (sts.now.as_secs(), sts.process);
        if sts.served[process] {
            sts.asked[usize::try_from(seconds / 60).unwrap()] += 1;
        }
        if (sts.outage.0..sts.outage.1).contains(&seconds) {
            return future::ProvideCredentials::ready(Err(CredentialsError::provider_error("an outage")));
        }
        sts.served[process] = true;
        let end = at(sts.now) + KEYS_LIFE;
        let keys = AwsKeys::new("ASIAEXAMPLE", "secret", Some("session".into()), Some(end), "sts");
        future::ProvideCredentials::ready(Ok(keys))
    }
}

struct Run {
    /// Questions to STS in each minute, but for each process's first.
    asked: Vec<u32>,
    /// How often a process had no keys.
    without: u32,
    /// The shortest life of a token.
    shortest: Duration,
}

impl Run {
    fn peak(&self) -> f64 {
        f64::from(self.asked.iter().copied().max().unwrap())
    }

    fn mean(&self) -> f64 {
        f64::from(self.asked.iter().sum::<u32>()) / self.asked.len() as f64
    }

    fn peak_to_mean(&self) -> f64 {
        self.peak() / self.mean()
    }
}

fn simulated(scenario: Scenario) -> Run {
    DICE.set(StdRng::seed_from_u64(SEED));
    let sts = Sts {
        outage: scenario.outage,
        served: vec![false; PROCESSES],
        asked: vec![0; MINUTES],
        ..Sts::default()
    };
    let sts = Asked(Arc::new(Mutex::new(sts)));
    let caches: Vec<KeyCache> = (0..PROCESSES)
        .map(|number| {
            let identity = Identity::of("process").and("number", number);
            KeyCache::new(identity, Some(SharedCredentialsProvider::new(sts.clone())), None, dice)
        })
        .collect();
    let started = |number: usize| Duration::from_secs_f64(scenario.start * number as f64 / PROCESSES as f64);
    let mut refreshes: BinaryHeap<_> =
        (0..PROCESSES).map(|process| Reverse((started(process), process, true))).collect();
    let (mut without, mut shortest) = (0, TOKEN_LIFE);
    while let Some(Reverse((now, process, is_first))) = refreshes.pop() {
        if now >= Duration::from_secs(HOURS * 3600) {
            break;
        }
        {
            let mut sts = sts.0.lock().unwrap();
            (sts.now, sts.process) = (now, process);
        }
        let life = token_life(&caches[process], at(now));
        without += u32::from(life.is_zero());
        shortest = shortest.min(life);
        let delay = until_refresh(&caches[process], at(now), life, is_first);
        refreshes.push(Reverse((now + delay, process, false)));
    }
    let asked = std::mem::take(&mut sts.0.lock().unwrap().asked);
    Run { asked, without, shortest }
}

/// Of one that is made now. Nobody here is slow, so nobody waits.
fn token_life(cache: &KeyCache, now: SystemTime) -> Duration {
    let keys = cache.resolve(now, TOKEN_LIFE, "fleet").now_or_never().unwrap();
    keys.map_or(Duration::ZERO, |keys| {
        token_end(now, TOKEN_LIFE, &keys).duration_since(now).unwrap_or_default()
    })
}

/// As the manager has it: its own schedule, or the source's wish where that is earlier.
fn until_refresh(cache: &KeyCache, now: SystemTime, life: Duration, is_first: bool) -> Duration {
    let config = TokenRefreshConfig::default();
    if life.is_zero() {
        return config.retry.max_delay;
    }
    let delay = schedule::refresh_delay(&config, life, Some(TOKEN_LIFE), Throw::new(is_first, dice));
    let wish = cache.renewal_by(1, now).and_then(|at| at.duration_since(now).ok());
    wish.map_or(delay, |wish| wish.min(delay))
}

const NEVER: (u64, u64) = (0, 0);
const SCENARIOS: [Scenario; 3] = [
    Scenario { name: "all started at once", start: 0.0, outage: NEVER },
    Scenario { name: "started over 30 minutes", start: 1800.0, outage: NEVER },
    Scenario {
        name: "all started at once, STS away for 5 minutes",
        start: 0.0,
        outage: (3 * 3600, 3 * 3600 + 300),
    },
];

#[test]
#[expect(clippy::print_stdout, reason = "what it measures")]
fn t06_s02_a_fleet_asks_sts_evenly() {
    let runs = SCENARIOS.map(|scenario| (scenario, simulated(scenario)));
    for (scenario, run) in &runs {
        let (name, peak, mean) = (scenario.name, run.peak(), run.mean());
        let ratio = run.peak_to_mean();
        println!("{name}: {mean:.0} a minute, at most {peak:.0}, {ratio:.2} times the mean");
        assert_eq!(run.without, 0, "{name}: everybody has keys all the time");
        assert!(run.shortest >= TOKEN_LIFE / 2, "{name}: a token of {:?}", run.shortest);
        // After an outage its questions come beside those of the day.
        let limit = if scenario.outage == NEVER { 1.5 } else { 2.5 };
        assert!(ratio <= limit, "{name}: {ratio}");
    }
    plot::is_current(&runs.each_ref().map(|(scenario, run)| (scenario.name, run)));
}
