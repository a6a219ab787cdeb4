//! Draws the runs, one below the other.

use std::fmt::Write;
use std::path::Path;

use super::{MINUTES, Run};

const WIDTH: usize = 760;
const HEIGHT: usize = 120;
const LEFT: usize = 50;
const PITCH: usize = HEIGHT + 60;

fn svg(runs: &[(&str, &Run)]) -> String {
    let (width, height) = (WIDTH + LEFT + 20, PITCH * runs.len() + 30);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    let highest = runs.iter().map(|(_, run)| run.peak()).fold(0.0, f64::max);
    for (number, (name, run)) in runs.iter().enumerate() {
        panel(&mut svg, number * PITCH + 40, name, run, highest);
    }
    svg + "</svg>\n"
}

/// Questions a minute, with a line at their mean and one at 1.5 times that.
fn panel(svg: &mut String, top: usize, name: &str, run: &Run, highest: f64) {
    let bottom = top + HEIGHT;
    let y = |value: f64| bottom as f64 - value / highest * HEIGHT as f64;
    let (mean, ratio) = (run.mean(), run.peak_to_mean());
    let title = format!("{name}: {mean:.0} questions a minute, the most {ratio:.2} times that");
    let _ = writeln!(svg, "<text x=\"{LEFT}\" y=\"{}\">{title}</text>", top - 10);
    let step = WIDTH as f64 / MINUTES as f64;
    let mut path = String::new();
    for (minute, asked) in run.asked.iter().enumerate() {
        let (from, height) = (LEFT as f64 + minute as f64 * step, y(f64::from(*asked)));
        let _ = write!(path, "M{from:.1} {bottom}V{height:.1}h{step:.1}V{bottom}");
    }
    let _ = writeln!(svg, "<path d=\"{path}\" fill=\"steelblue\"/>");
    for (value, color) in [(mean, "black"), (mean * 1.5, "firebrick")] {
        let height = y(value);
        let _ = writeln!(
            svg,
            "<path d=\"M{LEFT} {height:.1}h{WIDTH}\" stroke=\"{color}\" stroke-dasharray=\"4\"/>\
             <text x=\"4\" y=\"{:.1}\" fill=\"{color}\">{value:.0}</text>",
            height + 4.0
        );
    }
    for hour in 0..=MINUTES / 60 {
        let x = LEFT as f64 + (hour * 60) as f64 * step;
        let _ = writeln!(svg, "<text x=\"{x:.1}\" y=\"{}\">{hour} h</text>", bottom + 16);
    }
}

/// Compares the drawing with the one that is kept, or keeps it.
pub(super) fn is_current(runs: &[(&str, &Run)]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/fleet.svg");
    let drawn = svg(runs);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &drawn).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap();
    assert!(kept == drawn, "docs/fleet.svg is out of date; UPDATE=1 draws it anew");
}
