//! Contenders take turns within one run: a busy machine slows all of them alike, so that ratios stand where
//! absolute figures do not.

use std::time::Duration;

use super::{Outcome, now};

/// One way to do what is measured.
pub(crate) struct Contender<'a> {
    pub(crate) name: &'static str,
    run: Box<dyn FnMut(u64) -> Outcome<f64> + 'a>,
}

impl<'a> Contender<'a> {
    /// `run` does it that many times, and says how long one took, in nanoseconds.
    pub(crate) fn new(name: &'static str, run: impl FnMut(u64) -> Outcome<f64> + 'a) -> Self {
        let run = Box::new(run);
        Self { name, run }
    }

    /// A contender of calls that are too short to be timed one by one.
    pub(crate) fn looped(name: &'static str, mut once: impl FnMut() -> Outcome<()> + 'a) -> Self {
        Self::new(name, move |calls| {
            let start = now();
            for _ in 0..calls {
                once()?;
            }
            Ok(nanoseconds(start.elapsed()) / calls as f64)
        })
    }
}

/// How long to measure: rounds of turns. A round's figure is the median of its turns.
#[derive(Clone, Copy)]
pub(crate) struct Pace {
    pub(crate) rounds: usize,
    turns: usize,
    turn: Duration,
}

const FULL: Pace = Pace { rounds: 9, turns: 15, turn: Duration::from_millis(40) };
const QUICK: Pace = Pace { rounds: 5, turns: 8, turn: Duration::from_millis(25) };

impl Pace {
    /// What the command line asks for. Nothing where this is not `cargo bench`: tests of all targets run the
    /// benchmarks too, and have no use for figures.
    pub(crate) fn asked() -> Option<Self> {
        let pace = if has_argument("quick") { QUICK } else { FULL };
        has_argument("--bench").then_some(pace)
    }

    /// As many rounds, of turns that take longer.
    pub(crate) fn in_long_turns(self, turns: usize, turn: Duration) -> Self {
        Self { turns, turn, ..self }
    }
}

/// Whether a word stands on the command line.
pub(crate) fn has_argument(word: &str) -> bool {
    std::env::args().skip(1).any(|argument| argument == word)
}

/// What a contender needed for one call, in nanoseconds, round by round.
pub(crate) struct Figures {
    pub(crate) name: &'static str,
    pub(crate) rounds: Vec<f64>,
}

/// Lets all of them take turns.
pub(crate) fn interleave(pace: Pace, contenders: &mut [Contender<'_>]) -> Outcome<Vec<Figures>> {
    let mut calls = Vec::new();
    let mut figures = Vec::new();
    for contender in contenders.iter_mut() {
        calls.push(calibrate(contender, pace.turn)?);
        figures.push(Figures { name: contender.name, rounds: Vec::new() });
    }
    for _ in 0..pace.rounds {
        let mut turns = vec![Vec::new(); contenders.len()];
        for turn in 0..pace.turns {
            let mut seats: Vec<_> = contenders.iter_mut().zip(&calls).zip(&mut turns).collect();
            // Nobody always comes first, or always after the same neighbour.
            if turn % 2 == 1 {
                seats.reverse();
            }
            for ((contender, calls), turns) in seats {
                turns.push((contender.run)(*calls)?);
            }
        }
        for (figures, turns) in figures.iter_mut().zip(turns) {
            figures.rounds.push(median(&turns));
        }
    }
    Ok(figures)
}

/// How many calls fill a turn. The calls made to find out are the warm-up.
fn calibrate(contender: &mut Contender<'_>, turn: Duration) -> Outcome<u64> {
    let mut calls = 1;
    loop {
        let start = now();
        (contender.run)(calls)?;
        let elapsed = start.elapsed();
        if elapsed >= turn {
            let share = turn.as_secs_f64() / elapsed.as_secs_f64();
            return Ok(((calls as f64 * share) as u64).max(1));
        }
        calls *= 2;
    }
}

/// The middle one, of an even number the lower.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len().saturating_sub(1) / 2;
    sorted.get(middle).copied().unwrap_or(f64::NAN)
}

/// What 99 of 100 do not exceed.
pub(crate) fn p99(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() * 99 / 100).copied().unwrap_or(f64::NAN)
}

pub(crate) fn nanoseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e9
}
