//! Prints what was measured, and writes it as JSON beside the build.

use std::path::Path;

use serde_json::{Value, json};

use super::Outcome;
use super::interleave::{Contender, Figures, Pace, interleave, median};

/// The figures of one benchmark.
pub(crate) struct Report {
    name: String,
    pace: Pace,
    results: Vec<Value>,
}

impl Report {
    pub(crate) fn new(name: &str, pace: Pace) -> Self {
        let results = Vec::new();
        Self { name: name.to_owned(), pace, results }
    }

    /// Measures, and compares the first contender with each of the others: 1.00 is as fast, 2.00 twice as fast.
    #[expect(clippy::print_stdout, reason = "a report")]
    pub(crate) fn compare(&mut self, title: &str, contenders: &mut [Contender<'_>]) -> Outcome<()> {
        let figures = interleave(self.pace, contenders)?;
        println!("\n{title}");
        for contender in &figures {
            println!("  {:<44} {:>14}", contender.name, shown(median(&contender.rounds)));
        }
        let Some((first, others)) = figures.split_first() else {
            return Ok(());
        };
        let mut ratios = Vec::new();
        for other in others {
            let within: Vec<f64> =
                first.rounds.iter().zip(&other.rounds).map(|(first, other)| other / first).collect();
            let more: Vec<f64> =
                first.rounds.iter().zip(&other.rounds).map(|(first, other)| first - other).collect();
            let lowest = within.iter().copied().fold(f64::INFINITY, f64::min);
            let highest = within.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let (ratio, more) = (median(&within), median(&more));
            println!(
                "  {} : {} — {ratio:.3} × as fast ({lowest:.3} to {highest:.3}), {}{}",
                first.name,
                other.name,
                if more < 0.0 { "−" } else { "+" },
                shown(more.abs()),
            );
            ratios.push(json!({
                "of": first.name, "to": other.name, "speed": ratio, "min": lowest, "max": highest, "more_ns": more,
            }));
        }
        let contenders: Vec<Value> = figures.iter().map(as_json).collect();
        self.results.push(json!({"title": title, "contenders": contenders, "ratios": ratios}));
        Ok(())
    }

    /// Figures that stand for themselves: name, value, unit.
    #[expect(clippy::print_stdout, reason = "a report")]
    pub(crate) fn figures(&mut self, title: &str, figures: &[(&str, f64, &str)]) {
        println!("\n{title}");
        let mut all = serde_json::Map::new();
        for (name, value, unit) in figures {
            println!("  {name:<56} {value:>12.3} {unit}");
            all.insert((*name).to_owned(), json!({"value": value, "unit": unit}));
        }
        self.results.push(json!({"title": title, "figures": all}));
    }

    /// Says why something was not measured.
    #[expect(clippy::print_stdout, reason = "a report")]
    pub(crate) fn skip(&mut self, what: &str, why: &str) {
        println!("\n  {what}: skipped, {why}");
        self.results.push(json!({"title": what, "skipped": why}));
    }

    /// Writes `bench/NAME.json` into the build folder.
    pub(crate) fn write(self) -> Outcome<()> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no build folder")?;
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder)?;
        let all = json!({"bench": self.name, "rounds": self.pace.rounds, "results": self.results});
        std::fs::write(folder.join(format!("{}.json", self.name)), format!("{all:#}\n"))?;
        Ok(())
    }
}

fn as_json(figures: &Figures) -> Value {
    json!({"name": figures.name, "median_ns": median(&figures.rounds), "rounds_ns": figures.rounds})
}

fn shown(nanoseconds: f64) -> String {
    if nanoseconds < 1e4 { format!("{nanoseconds:.1} ns") } else { format!("{:.2} µs", nanoseconds / 1e3) }
}
