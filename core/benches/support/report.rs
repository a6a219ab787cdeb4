//! Prints what was measured, and writes it as JSON beside the build.

use std::path::Path;

use serde_json::{Value, json};

use super::Outcome;
use super::interleave::{Contender, Figures, Pace, interleave, median};

/// What is wanted of a contender beside the next one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Wanted {
    /// So many times as fast, or more.
    AsFast(f64),
    /// So many times its time, or less.
    TimeAtMost(f64),
}

impl Wanted {
    fn ratio(self, own: f64, other: f64) -> f64 {
        match self {
            Self::AsFast(_) => other / own,
            Self::TimeAtMost(_) => own / other,
        }
    }

    fn is_met(self, ratio: f64) -> bool {
        match self {
            Self::AsFast(least) => ratio >= least,
            Self::TimeAtMost(most) => ratio <= most,
        }
    }

    fn shown(self) -> String {
        match self {
            Self::AsFast(least) => format!("{least:.2} × as fast or more"),
            Self::TimeAtMost(most) => format!("{most:.2} × the time or less"),
        }
    }
}

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
    pub(crate) fn compare(&mut self, title: &str, contenders: &mut [Contender<'_>]) -> Outcome<()> {
        let figures = interleave(self.pace, contenders)?;
        self.compared(title, &figures);
        Ok(())
    }

    #[expect(clippy::print_stdout, reason = "a report")]
    fn compared(&mut self, title: &str, figures: &[Figures]) {
        println!("\n{title}");
        for contender in figures {
            println!("  {:<44} {:>14}", contender.name, shown(median(&contender.rounds)));
        }
        let Some((first, others)) = figures.split_first() else {
            return;
        };
        let mut ratios = Vec::new();
        for other in others {
            let within: Vec<f64> =
                first.rounds.iter().zip(&other.rounds).map(|(first, other)| other / first).collect();
            let more: Vec<f64> =
                first.rounds.iter().zip(&other.rounds).map(|(first, other)| first - other).collect();
            let (lowest, highest) = spread(&within);
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
    }

    /// [`compare`](Self::compare), and what is wanted of the first contender beside the second.
    pub(crate) fn compare_wanted(
        &mut self,
        title: &str,
        contenders: &mut [Contender<'_>],
        wanted: Wanted,
    ) -> Outcome<()> {
        let figures = interleave(self.pace, contenders)?;
        self.compared(title, &figures);
        if let [own, other, ..] = figures.as_slice() {
            let within: Vec<f64> =
                own.rounds.iter().zip(&other.rounds).map(|(own, other)| wanted.ratio(*own, *other)).collect();
            self.want(title, &within, wanted.is_met(median(&within)), &wanted.shown());
        }
        Ok(())
    }

    /// A figure that is to stay below a bound, measured several times.
    pub(crate) fn bounded(&mut self, title: &str, values: &[f64], unit: &str, most: f64) {
        self.figures(title, &[("median", median(values), unit)]);
        self.want(title, values, median(values) <= most, &format!("{most} {unit} or less"));
    }

    #[expect(clippy::print_stdout, reason = "a report")]
    fn want(&mut self, title: &str, values: &[f64], is_met: bool, bound: &str) {
        let (lowest, highest) = spread(values);
        let outcome = if is_met { "met" } else { "missed" };
        let middle = median(values);
        println!("  wanted: {bound}; it is {middle:.3} ({lowest:.3} to {highest:.3}): {outcome}");
        self.results.push(json!({
            "title": title, "wanted": bound, "value": middle, "min": lowest, "max": highest, "met": is_met,
        }));
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

fn spread(values: &[f64]) -> (f64, f64) {
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    (lowest, values.iter().copied().fold(f64::NEG_INFINITY, f64::max))
}

fn as_json(figures: &Figures) -> Value {
    json!({"name": figures.name, "median_ns": median(&figures.rounds), "rounds_ns": figures.rounds})
}

fn shown(nanoseconds: f64) -> String {
    if nanoseconds < 1e4 { format!("{nanoseconds:.1} ns") } else { format!("{:.2} µs", nanoseconds / 1e3) }
}
